/* exp2.
 *
 * 2^x = 2^k 2^r, k = x rounded, so that r is exact and |r| <= 1/2; 2^r - 1 = r (ln 2 + r Q(r)),
 * Q minimax (Remez exchange in 200-bit arithmetic, made for this file, weighted with r^2 / 2^r).
 * 2^k in two factors, as in exp.h. Exact where x is an integer.
 */
#ifndef GRADC_EXP2_H
#define GRADC_EXP2_H

#include "bits.h"

/* inf from 1024 on, denormal below -1022, 0 from -1075 on. Q leaves 2^-57.93. */
GC_INLINE double gc_exp2_f64(double x) {
    const double round = 0x1.8p52 + 2 * 1023.0;
    const double y = gc_clamp_f64(x, -1076.0, 1025.0);
    const double t = y + round;
    const double r = y - (t - round);
    const double z = r * r;
    double even = 0x1.e617fe35cffcap-28;
    double odd = 0x1.e7c758a0cfd5bp-32;
    odd = GC_FMA64(odd, z, 0x1.b52653101a772p-24);
    even = GC_FMA64(even, z, 0x1.62bfc9ce1fea0p-20);
    odd = GC_FMA64(odd, z, 0x1.ffcbfbc768d3dp-17);
    even = GC_FMA64(even, z, 0x1.4309130dd387ep-13);
    odd = GC_FMA64(odd, z, 0x1.5d87fe78c3960p-10);
    even = GC_FMA64(even, z, 0x1.3b2ab6fba0755p-7);
    odd = GC_FMA64(odd, z, 0x1.c6b08d704a045p-5);
    even = GC_FMA64(even, z, 0x1.ebfbdff82c5a1p-3);
    const double q = GC_FMA64(odd, r, even);
    const double p = 1.0 + r * GC_FMA64(q, r, 0x1.62e42fefa39efp-1);
    const uint64_t half = gc_bits_f64(t) >> 1;
    const double first = gc_from_bits_f64(half << 52);
    return p * first * gc_from_bits_f64((gc_bits_f64(t) - half) << 52);
}

/* inf from 128 on, denormal below -126, 0 from -150 on. Q leaves 2^-28.28. */
GC_INLINE float gc_exp2_f32(float x) {
    const float round = 0x1.8p23f + 2 * 127.0f;
    const float y = gc_clamp_f32(x, -151.0f, 129.0f);
    const float t = y + round;
    const float r = y - (t - round);
    float q = 0x1.414e8cp-13f;
    q = GC_FMA32(q, r, 0x1.5f0428p-10f);
    q = GC_FMA32(q, r, 0x1.3b2e0ep-7f);
    q = GC_FMA32(q, r, 0x1.c6af88p-5f);
    q = GC_FMA32(q, r, 0x1.ebfbdcp-3f);
    const float p = 1.0f + r * GC_FMA32(q, r, 0x1.62e43p-1f);
    const uint32_t half = gc_bits_f32(t) >> 1;
    const float first = gc_from_bits_f32(half << 23);
    return p * first * gc_from_bits_f32((gc_bits_f32(t) - half) << 23);
}

#endif

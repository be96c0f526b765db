/* tanh.
 *
 * Below 0.55: x + x^3 P(x^2), P minimax (Remez exchange in 200-bit arithmetic, made for this
 * file, weighted with x^3 / tanh(x)). Above: 1 - 2 / (1 + exp(2|x|)), the denominator added as in
 * logistic.h. Both are computed and one is selected; 0.55 is where the second has lost one bit.
 * Odd, in [-1, 1], and monotone because each step is.
 */
#ifndef GRADC_TANH_H
#define GRADC_TANH_H

#include "bits.h"
#include "exp.h"

/* P within 2^-55.4 of tanh. */
GC_INLINE double gc_tanh_f64(double x) {
    const double a = __builtin_fabs(x);
    const gc_reduced_f64 e = gc_reduce_ln2_f64(2.0 * (a > 22.0 ? 22.0 : a), 1023.0);
    const double scale = gc_from_bits_f64(e.field << 52);
    const double large = 1.0 - 2.0 / GC_FMA64(scale, gc_exp_tail_f64(e.r), 1.0 + scale);
    const double z = x * x;
    const double z2 = z * z;
    const double p01 = GC_FMA64(0x1.1111111102235p-3, z, -0x1.5555555555497p-2);
    const double p23 = GC_FMA64(0x1.664f45b22418bp-6, z, -0x1.ba1ba1ad18429p-5);
    const double p45 = GC_FMA64(0x1.d6c5e47291631p-9, z, -0x1.226ddb84c8dd0p-7);
    const double p67 = GC_FMA64(0x1.2f95303778e64p-11, z, -0x1.7cf182dc56011p-10);
    const double p89 = GC_FMA64(0x1.ab0b3702928d8p-15, z, -0x1.b8b1afa3bd7cdp-13);
    const double p49 = GC_FMA64(GC_FMA64(p89, z2, p67), z2, p45);
    const double p = GC_FMA64(GC_FMA64(p49, z2, p23), z2, p01);
    const double small = GC_FMA64(a * z, p, a);
    return __builtin_copysign(a < 0.55 ? small : large, x);
}

/* P within 2^-29.8 of tanh. */
GC_INLINE float gc_tanh_f32(float x) {
    const float a = __builtin_fabsf(x);
    const gc_reduced_f32 e = gc_reduce_ln2_f32(2.0f * (a > 10.0f ? 10.0f : a), 127.0f);
    const float scale = gc_from_bits_f32(e.field << 23);
    const float large = 1.0f - 2.0f / GC_FMA32(scale, gc_exp_tail_f32(e.r), 1.0f + scale);
    const float z = x * x;
    float p = -0x1.9ab1b6p-8f;
    p = GC_FMA32(p, z, 0x1.5927f4p-6f);
    p = GC_FMA32(p, z, -0x1.b926160p-5f);
    p = GC_FMA32(p, z, 0x1.110d18p-3f);
    p = GC_FMA32(p, z, -0x1.55554ap-2f);
    const float small = GC_FMA32(a * z, p, a);
    return __builtin_copysignf(a < 0.55f ? small : large, x);
}

#endif

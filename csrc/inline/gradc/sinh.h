/* sinh and cosh.
 *
 * With h = exp(|x|) / 4 = 2^k (1 + w): cosh = 2 (h + 1 / (16 h)), and sinh likewise with a minus
 * from |x| = 1 on. 2^k is exact and added last. The quarter keeps h finite up to the largest x
 * whose result is; 710.5 (89.5) already gives inf. Below 1, sinh(x) = x + x^3 P(x^2), P minimax
 * (Remez exchange in 200-bit arithmetic, made for this file, weighted with x^3 / sinh(x)).
 */
#ifndef GRADC_SINH_H
#define GRADC_SINH_H

#include "bits.h"
#include "exp.h"

/* P leaves 2^-63.21. */
GC_INLINE double gc_sinh_f64(double x) {
    const double a = __builtin_fabs(x);
    const gc_reduced_f64 e = gc_reduce_ln2_f64(a > 710.5 ? 710.5 : a, 1023.0 - 2.0);
    const double scale = gc_from_bits_f64(e.field << 52);
    const double w = gc_exp_tail_f64(e.r);
    const double large = 2.0 * (scale + GC_FMA64(scale, w, -0.0625 / GC_FMA64(scale, w, scale)));
    const double z = a * a;
    double p = 0x1.b4d7790f30228p-41;
    p = GC_FMA64(p, z, 0x1.611a227436c83p-33);
    p = GC_FMA64(p, z, 0x1.ae64679bae668p-26);
    p = GC_FMA64(p, z, 0x1.71de3a45befc4p-19);
    p = GC_FMA64(p, z, 0x1.a01a01a02957ap-13);
    p = GC_FMA64(p, z, 0x1.11111111110a0p-7);
    p = GC_FMA64(p, z, 0x1.5555555555556p-3);
    const double small = GC_FMA64(a * z, p, a);
    return __builtin_copysign(a < 1.0 ? small : large, x);
}

/* P leaves 2^-34.09. */
GC_INLINE float gc_sinh_f32(float x) {
    const float a = __builtin_fabsf(x);
    const gc_reduced_f32 e = gc_reduce_ln2_f32(a > 89.5f ? 89.5f : a, 127.0f - 2.0f);
    const float scale = gc_from_bits_f32(e.field << 23);
    const float w = gc_exp_tail_f32(e.r);
    const float large = 2.0f * (scale + GC_FMA32(scale, w, -0.0625f / GC_FMA32(scale, w, scale)));
    const float z = a * a;
    float p = 0x1.7a2acep-19f;
    p = GC_FMA32(p, z, 0x1.9ffe06p-13f);
    p = GC_FMA32(p, z, 0x1.111136p-7f);
    p = GC_FMA32(p, z, 0x1.555556p-3f);
    const float small = GC_FMA32(a * z, p, a);
    return __builtin_copysignf(a < 1.0f ? small : large, x);
}

GC_INLINE double gc_cosh_f64(double x) {
    const double a = __builtin_fabs(x);
    const gc_reduced_f64 e = gc_reduce_ln2_f64(a > 710.5 ? 710.5 : a, 1023.0 - 2.0);
    const double scale = gc_from_bits_f64(e.field << 52);
    const double w = gc_exp_tail_f64(e.r);
    return 2.0 * (scale + GC_FMA64(scale, w, 0.0625 / GC_FMA64(scale, w, scale)));
}

GC_INLINE float gc_cosh_f32(float x) {
    const float a = __builtin_fabsf(x);
    const gc_reduced_f32 e = gc_reduce_ln2_f32(a > 89.5f ? 89.5f : a, 127.0f - 2.0f);
    const float scale = gc_from_bits_f32(e.field << 23);
    const float w = gc_exp_tail_f32(e.r);
    return 2.0f * (scale + GC_FMA32(scale, w, 0.0625f / GC_FMA32(scale, w, scale)));
}

#endif

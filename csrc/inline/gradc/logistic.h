/* sigmoid and softplus, the logistic function and its integral.
 *
 * sigmoid(x) = 1 / (1 + e), e = exp(-x) = 2^k (1 + w): the denominator is added as
 * (1 + 2^k) + 2^k w, what the first sum loses is put back into the second, and so it rounds but
 * once. All of it carries a factor 2^-100 (2^-40), so that e may pass 2^1024 and a denormal result
 * rounds once, in the division. Every step is monotone in x, hence so is the result; it lies in
 * [0, 1].
 *
 * softplus(x) = max(x, 0) + log1p(e), e = exp(-|x|) <= 1. In float64, with s = e / (2 + e),
 *     log1p(e) = 2 atanh(s) = e - s (e - s^2 R(s^2)),
 * in float32 e + e^2 C(e). R and C are minimax (Remez exchange in 200-bit arithmetic, made for this
 * file, weighted to the relative error of the result; C has its constant term held at -1/2).
 */
#ifndef GRADC_LOGISTIC_H
#define GRADC_LOGISTIC_H

#include "bits.h"
#include "exp.h"
#include "log.h"

GC_INLINE double gc_sigmoid_f64(double x) {
    const double y = gc_clamp_f64(-x, -40.0, 746.0); /* 1 below, 0 above */
    const gc_reduced_f64 a = gc_reduce_ln2_f64(y, 1023.0 - 100.0);
    const double scale = gc_from_bits_f64(a.field << 52);
    const double head = 0x1p-100 + scale;
    const double lost = 0x1p-100 - (head - scale); /* 0 but for k > 52 */
    return 0x1p-100 / (head + GC_FMA64(scale, gc_exp_tail_f64(a.r), lost));
}

GC_INLINE float gc_sigmoid_f32(float x) {
    const float y = gc_clamp_f32(-x, -20.0f, 105.0f);
    const gc_reduced_f32 a = gc_reduce_ln2_f32(y, 127.0f - 40.0f);
    const float scale = gc_from_bits_f32(a.field << 23);
    const float head = 0x1p-40f + scale;
    const float lost = 0x1p-40f - (head - scale); /* 0 but for k > 23 */
    return 0x1p-40f / (head + GC_FMA32(scale, gc_exp_tail_f32(a.r), lost));
}

/* exp(-a) for a >= 0, and in *lo what it lacks. As k <= 0, one factor 2^-64 (2^-32) behind all
 * others is enough to make denormals. */
GC_INLINE double gc_exp_minus_f64(double a, double *lo) {
    const gc_reduced_f64 e = gc_reduce_ln2_f64(a > 746.0 ? -746.0 : -a, 1023.0 + 64.0);
    const double scale = gc_from_bits_f64(e.field << 52);
    const double tail = gc_exp_tail_f64(e.r);
    const double out = GC_FMA64(tail, scale, scale);
    *lo = GC_FMA64(tail, scale, scale - out) * 0x1p-64;
    return out * 0x1p-64;
}

GC_INLINE float gc_exp_minus_f32(float a, float *lo) {
    const gc_reduced_f32 e = gc_reduce_ln2_f32(a > 105.0f ? -105.0f : -a, 127.0f + 32.0f);
    const float scale = gc_from_bits_f32(e.field << 23);
    const float tail = gc_exp_tail_f32(e.r);
    const float out = GC_FMA32(tail, scale, scale);
    *lo = GC_FMA32(tail, scale, scale - out) * 0x1p-32f;
    return out * 0x1p-32f;
}

/* R leaves 2^-59.39. */
GC_INLINE double gc_softplus_f64(double x) {
    double e_lo; /* used without an fma only */
    const double e = gc_exp_minus_f64(__builtin_fabs(x), &e_lo);
    const double s = e / (2.0 + e);
    const double z = s * s;
    const double z2 = z * z;
    const double p01 = GC_FMA64(0x1.99999999a074fp-2, z, 0x1.5555555555535p-1);
    const double p23 = GC_FMA64(0x1.c71c741c6a079p-3, z, 0x1.249249208c68ap-2);
    const double p45 = GC_FMA64(0x1.3b1ddb500947ap-3, z, 0x1.745cb4018f612p-3);
    const double p67 = GC_FMA64(0x1.efd830adbe50dp-4, z, 0x1.1067c6e029d53p-3);
    const double p89 = GC_FMA64(0x1.5c7894271a17bp-3, z, 0x1.55b17802acebcp-4);
    const double p69 = GC_FMA64(p89, z2, p67);
    const double p49 = GC_FMA64(p69, z2, p45);
    const double p = GC_FMA64(GC_FMA64(p49, z2, p23), z2, p01);
    const double tail = GC_FMA64(-z, p, e);
    const double head = x > 0.0 ? x : 0.0;
#if GC_HAS_FMA
    return head + GC_FMA64(-s, tail, e);
#else /* the products round, and so e must not */
    return head + (e + (e_lo - s * tail));
#endif
}

/* C leaves 2^-28.18. With an fma the largest error is 1.77 ulp, at 0.3037087. Without one the
 * product rounds too and 2.29 were found: there, what max(x, 0) + e and e lose comes back (Knuth's
 * 2Sum). */
GC_INLINE float gc_softplus_f32(float x) {
    float e_lo; /* used without an fma only */
    const float e = gc_exp_minus_f32(__builtin_fabsf(x), &e_lo);
    const float z = e * e;
    const float z2 = z * z;
    const float c12 = GC_FMA32(-0x1.ffdcf0p-3f, e, 0x1.5554b4p-2f);
    const float c34 = GC_FMA32(-0x1.4c5b8ap-3f, e, 0x1.981764p-3f);
    const float c56 = GC_FMA32(-0x1.5feef0p-4f, e, 0x1.03ae20p-3f);
    const float c78 = GC_FMA32(-0x1.e110a4p-7f, e, 0x1.6ae7aep-5f);
    const float c59 = GC_FMA32(GC_FMA32(0x1.2a390cp-9f, z, c78), z, c56);
    const float c19 = GC_FMA32(c59, z2, GC_FMA32(c34, z, c12));
    const float c = GC_FMA32(c19, e, -0.5f);
    const float head = x > 0.0f ? x : 0.0f;
#if GC_HAS_FMA
    return head + GC_FMA32(z, c, e);
#else
    const float sum = head + e;
    const float part = sum - head;
    const float lost = (head - (sum - part)) + (e - part);
    const float y = sum + GC_FMA32(z, c, lost + e_lo);
    return head < GC_INF32 ? y : x;
#endif
}

#endif

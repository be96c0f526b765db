/* sigmoid and softplus, the logistic function and its integral.
 *
 * sigmoid(x) = 1 / (1 + e), e = exp(-x) = 2^k (1 + w): the denominator is added as
 * (1 + 2^k) + 2^k w, what the first sum loses is put back into the second, and so it rounds but
 * once. All of it carries a factor 2^-100 (2^-40), so that e may pass 2^1024 and a denormal result
 * rounds once, in the division. Every step is monotone in x, hence so is the result; it lies in
 * [0, 1].
 *
 * softplus(x) = max(x, 0) + log1p(e), e = exp(-|x|) <= 1, whose last bits are kept as e_lo.
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

/* e > sqrt(2) - 1 is folded: log1p(e) = ln 2 + log1p((e - 1) / 2). */
GC_INLINE double gc_softplus_f64(double x) {
    const double y = -__builtin_fabs(x);
    const gc_reduced_f64 a = gc_reduce_ln2_f64(y < -746.0 ? -746.0 : y, 2 * 1023.0);
    const uint64_t half = a.field >> 1;
    const double first = gc_from_bits_f64(half << 52);
    const double second = gc_from_bits_f64((a.field - half) << 52);
    const double w = gc_exp_tail_f64(a.r) + a.r_lo;
    const double p = 1.0 + w;
    const double e = p * first * second;
    const double e_lo = (w - (p - 1.0)) * first * second;
    const int fold = e > 0x1.a827999fcef32p-2;
    const double f = fold ? 0.5 * e - 0.5 : e;
    const double f_lo = fold ? 0.5 * e_lo : e_lo;
    const double k = fold ? 1.0 : 0.0;
    /* f_lo / (1 + f), near enough */
    /* f_lo / (1 + f), near enough */
    return (x > 0.0 ? x : 0.0) + gc_log_sum_f64(k, f, f_lo * (1.0 - f));
}

GC_INLINE float gc_softplus_f32(float x) {
    const float y = -__builtin_fabsf(x);
    const gc_reduced_f32 a = gc_reduce_ln2_f32(y < -105.0f ? -105.0f : y, 2 * 127.0f);
    const uint32_t half = a.field >> 1;
    const float first = gc_from_bits_f32(half << 23);
    const float second = gc_from_bits_f32((a.field - half) << 23);
    const float w = gc_exp_tail_f32(a.r) + a.r_lo;
    const float p = 1.0f + w;
    const float e = p * first * second;
    const float e_lo = (w - (p - 1.0f)) * first * second;
    const int fold = e > 0x1.a8279ap-2f;
    const float f = fold ? 0.5f * e - 0.5f : e;
    const float f_lo = fold ? 0.5f * e_lo : e_lo;
    const float k = fold ? 1.0f : 0.0f;
    return (x > 0.0f ? x : 0.0f) + gc_log_sum_f32(k, f, f_lo * (1.0f - f));
}

#endif

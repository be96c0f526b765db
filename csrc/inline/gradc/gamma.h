/* Gamma and log|Gamma|.
 *
 * From 3 on Stirling's formula, log Gamma(x) = (x - 1/2)(log x - 1) + log(2 pi)/2 - 1/2 + S(1/x^2)/x,
 * with the logarithm and the product in pairs of doubles, so that Gamma is exp of a pair.  Below:
 * log Gamma(x) = (x - 1)(x - 2) R(x), which keeps the digits beside both zeros, and
 * Gamma(1 + t) = 1 + t (t - 1) G(t).  Left of 0: Gamma(x) Gamma(-x) = -pi / (x sin(pi x))
 * (DLMF 5.5.3).  S, R, G are rational interpolants at Chebyshev nodes, computed in 200-bit arithmetic
 * for this file.  float32 is computed in float64 and rounded.
 */
#ifndef GRADC_GAMMA_H
#define GRADC_GAMMA_H

#include "bits.h"
#include "exp.h"
#include "log.h"
#include "pow.h"
#include "trig.h"

/* within 2^-57.8 */
GC_INLINE double gc_gammaln_low_f64(double t) {
    double p = 0x1.092ef3b0d3e3cp-14;
    p = GC_FMA64(p, t, 0x1.356e1262950cfp-6);
    p = GC_FMA64(p, t, 0x1.a8024be208a9bp-2);
    p = GC_FMA64(p, t, 0x1.753d694ab115bp+1);
    p = GC_FMA64(p, t, 0x1.22b7a2000ddf4p+3);
    p = GC_FMA64(p, t, 0x1.c7f242a73665ap+3);
    p = GC_FMA64(p, t, 0x1.75f60065a0c75p+3);
    p = GC_FMA64(p, t, 0x1.31546b9a2bf8p+2);
    p = GC_FMA64(p, t, 0x1.86bc06134d7a7p-1);
    double q = 0x1.5cf5563b67b41p-8;
    q = GC_FMA64(q, t, 0x1.92bc168f1c996p-3);
    q = GC_FMA64(q, t, 0x1.0dc22d32909bbp+1);
    q = GC_FMA64(q, t, 0x1.36a6e937bde7cp+3);
    q = GC_FMA64(q, t, 0x1.69714c23db8c5p+4);
    q = GC_FMA64(q, t, 0x1.c845e52968935p+4);
    q = GC_FMA64(q, t, 0x1.3bb2e3d174b11p+4);
    q = GC_FMA64(q, t, 0x1.c0f9f52902c0fp+2);
    q = GC_FMA64(q, t, 0x1p+0);
    return p / q;
}

/* within 2^-62.6 */
GC_INLINE double gc_gammaln_high_f64(double t) {
    double p = 0x1.1a272c5cf8c1bp-23;
    p = GC_FMA64(p, t, 0x1.423eacdfbb9bap-14);
    p = GC_FMA64(p, t, 0x1.9c908049236d7p-9);
    p = GC_FMA64(p, t, 0x1.55c6e529dc3d3p-5);
    p = GC_FMA64(p, t, 0x1.f22a626197b7cp-3);
    p = GC_FMA64(p, t, 0x1.617cce5a75292p-1);
    p = GC_FMA64(p, t, 0x1.debadef76c4b1p-1);
    p = GC_FMA64(p, t, 0x1.eeb95b094c191p-2);
    double q = 0x1.3bdb2ccb53662p-16;
    q = GC_FMA64(q, t, 0x1.41aeebf4affeep-10);
    q = GC_FMA64(q, t, 0x1.876bb5e8bf432p-6);
    q = GC_FMA64(q, t, 0x1.a0718183ff05cp-3);
    q = GC_FMA64(q, t, 0x1.bf4013ec188d6p-1);
    q = GC_FMA64(q, t, 0x1.f98b14952c722p+0);
    q = GC_FMA64(q, t, 0x1.1e64ee2a7d482p+1);
    q = GC_FMA64(q, t, 0x1p+0);
    return p / q;
}

/* within 2^-57.1 */
GC_INLINE double gc_stirling_f64(double z) {
    double p = 0x1.ba7cda9303ab8p-10;
    p = GC_FMA64(p, z, -0x1.ab0a3845b0647p-6);
    p = GC_FMA64(p, z, 0x1.8e7c7b5f61832p+0);
    p = GC_FMA64(p, z, 0x1.5d90b553d20bdp+2);
    p = GC_FMA64(p, z, 0x1.1e3af1c1ab79dp+2);
    p = GC_FMA64(p, z, 0x1.264e175e871e7p+0);
    p = GC_FMA64(p, z, 0x1.5555555555555p-4);
    double q = 0x1.47e391df5f4dap+4;
    q = GC_FMA64(q, z, 0x1.0ce44382c3ea1p+6);
    q = GC_FMA64(q, z, 0x1.b0f4f6a66b758p+5);
    q = GC_FMA64(q, z, 0x1.ba86341edbbe4p+3);
    q = GC_FMA64(q, z, 0x1p+0);
    return p / q;
}

/* within 2^-63.1 */
GC_INLINE double gc_gamma_bend_f64(double t) {
    double p = 0x1.0a3355b530b0cp-21;
    p = GC_FMA64(p, t, 0x1.72eb97eff67d3p-17);
    p = GC_FMA64(p, t, -0x1.8e0cbf5f4698dp-16);
    p = GC_FMA64(p, t, 0x1.7ffa715e9ffcp-9);
    p = GC_FMA64(p, t, -0x1.22ffff38aab41p-9);
    p = GC_FMA64(p, t, 0x1.009c4aed788b9p-7);
    p = GC_FMA64(p, t, 0x1.31f08f3765bb8p-2);
    p = GC_FMA64(p, t, 0x1.2788cfc6fb619p-1);
    double q = 0x1.11caaafd3787p-13;
    q = GC_FMA64(q, t, -0x1.182f8040f70a4p-9);
    q = GC_FMA64(q, t, 0x1.44cfb4eeee1f1p-7);
    q = GC_FMA64(q, t, 0x1.e8cc0ba5fe22fp-7);
    q = GC_FMA64(q, t, -0x1.8f8889c2699dp-3);
    q = GC_FMA64(q, t, 0x1.109ce9d8e6639p-5);
    q = GC_FMA64(q, t, 0x1.3b294bb45b739p+0);
    q = GC_FMA64(q, t, 0x1p+0);
    return p / q;
}

/* sin(pi f) of 0 <= f <= 1/2. */
GC_INLINE double gc_sine_of_turn_f64(double f) {
    const int near = f <= 0.25;
    return gc_sine_f64(0x1.921fb54442d18p+1 * (near ? f : 0.5 - f), near ? 0 : 1);
}

/* log Gamma(x) = out + *out_lo for 3 <= x < 2^60. */
GC_INLINE double gc_stirling_pair_f64(double x, double *out_lo) {
    double log_lo;
    const double log = gc_log_pair_f64(gc_split_pow2_f64(x), &log_lo);
    const double r = log - 1.0;
    const double r_lo = ((log - r) - 1.0) + log_lo;
    const double u = x - 0.5;
    const double p = u * r;
    const double p_lo = GC_FMA64(u, r_lo, gc_product_error_f64(u, r, p));
    const double w = 1.0 / x;
    const double rest = 0x1.acfe390c97d69p-2 + (p_lo + w * gc_stirling_f64(w * w));
    const double out = p + rest;
    const double taken = out - p;
    *out_lo = (p - (out - taken)) + (rest - taken);
    return out;
}

/* log Gamma(x) for x > 0. */
GC_CALLED double gc_gammaln_above_f64(double x) {
    if (x < 0.5) return x * (x - 1.0) * gc_gammaln_low_f64(x + 0.5) - gc_log_f64(x);
    if (x < 1.5) return (x - 1.0) * (x - 2.0) * gc_gammaln_low_f64(x - 0.5) + 0.0;
    if (x < 3.0) return (x - 1.0) * (x - 2.0) * gc_gammaln_high_f64(x - 1.5) + 0.0;
    if (x > 0x1p60) return x * (gc_log_f64(x) - 1.0);
    double lo;
    return gc_stirling_pair_f64(x, &lo);
}

/* log|Gamma(x)|: inf at the poles and at both infinities. */
GC_CALLED double gc_gammaln_f64(double x) {
    const double a = __builtin_fabs(x);
    if (!(a < GC_INF64)) return x != x ? x : GC_INF64;
    if (x > 0.0) return gc_gammaln_above_f64(x);
    if (a < 0.5) return x * (x - 1.0) * gc_gammaln_low_f64(x + 0.5) - gc_log_f64(a);
    const double f = __builtin_fabs(a - __builtin_rint(a));
    if (f == 0.0) return GC_INF64;
    const double s = a * gc_sine_of_turn_f64(f);
    return gc_log_f64(0x1.921fb54442d18p+1 / s) - gc_gammaln_above_f64(a);
}

/* exp(t + t_lo) scaled, for |t| < 1400; exp itself may be out of range. */
GC_INLINE double gc_exp_scaled_f64(double t, double t_lo, double scale) {
    const gc_reduced_f64 e = gc_reduce_ln2_f64(t, 2 * 1023.0);
    const double r = e.r + (e.r_lo + t_lo);
    const uint64_t half = e.field >> 1;
    const double first = gc_from_bits_f64(half << 52);
    const double second = gc_from_bits_f64((e.field - half) << 52);
    return GC_FMA64(gc_exp_tail_f64(r), first, first) * scale * second;
}

/* Gamma(x) for 0 < x < 3. */
GC_INLINE double gc_gamma_low_f64(double x) {
    const double t = x <= 1.0 ? x : x <= 2.0 ? x - 1.0 : x - 2.0;
    const double g = GC_FMA64(t * (t - 1.0), gc_gamma_bend_f64(t), 1.0);
    return x <= 1.0 ? g / x : x <= 2.0 ? g : g * (x - 1.0);
}

/* Gamma(x): inf with its sign at zeros, nan at the other poles and at -inf. */
GC_CALLED double gc_gamma_f64(double x) {
    const double a = __builtin_fabs(x);
    if (!(a < GC_INF64)) return x < 0.0 ? GC_NAN64 : x;
    if (a == 0.0) return 1.0 / x;
    double lo;
    if (x > 0.0) {
        if (x < 3.0) return gc_gamma_low_f64(x);
        const double t = gc_stirling_pair_f64(x > 180.0 ? 180.0 : x, &lo);
        return gc_exp_scaled_f64(t, lo, 1.0);
    }
    const double f = __builtin_fabs(a - __builtin_rint(a));
    if (f == 0.0) return GC_NAN64;
    const double half = 0.5 * __builtin_floor(a);
    const double size = 0x1.921fb54442d18p+1 / (a * gc_sine_of_turn_f64(f));
    const double scale = half == __builtin_floor(half) ? -size : size;
    if (a < 3.0) return scale / gc_gamma_low_f64(a);
    const double t = gc_stirling_pair_f64(a > 200.0 ? 200.0 : a, &lo);
    return gc_exp_scaled_f64(-t, -lo, scale);
}

GC_INLINE float gc_gammaln_f32(float x) {
    return (float)gc_gammaln_f64((double)x);
}

GC_INLINE float gc_gamma_f32(float x) {
    return (float)gc_gamma_f64((double)x);
}

#endif

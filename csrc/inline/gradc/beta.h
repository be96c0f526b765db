/* log B(a, b) = log(Gamma(a) Gamma(b) / Gamma(a + b)).
 *
 * From 3 on what the three Stirling's formulas have in common is left out beforehand: it would cancel.
 * With a <= b and S(x) = s(1/x^2)/x, s as in gamma.h (DLMF 5.11.1):
 *   a >= 3: log(2 pi)/2 + S(a) + S(b) - S(a + b) - log(b)/2 - (a - 1/2) log(1 + b/a) - b log(1 + a/b)
 *   a < 3 <= b: log Gamma(a) + a - a log b + S(b) - S(a + b) - (a + b - 1/2) log(1 + a/b)
 * float32 is computed in float64 and rounded.
 */
#ifndef GRADC_BETA_H
#define GRADC_BETA_H

#include "gamma.h"
#include "log.h"

/* What Stirling's formula adds; x >= 3. */
GC_INLINE double gc_stirling_rest_f64(double x) {
    const double w = 1.0 / x;
    return w * gc_stirling_f64(w * w);
}

/* nan below 0; inf where one is 0, -inf where one is inf. */
GC_CALLED double gc_betaln_f64(double x, double y) {
    const double a = x < y ? x : y;
    const double b = x < y ? y : x;
    if (!(a >= 0.0 && b >= 0.0)) return GC_NAN64;
    if (a == 0.0) return b == GC_INF64 ? GC_NAN64 : GC_INF64;
    if (b == GC_INF64) return -GC_INF64;
    if (b < 3.0) {
        return gc_gammaln_above_f64(a) + gc_gammaln_above_f64(b) - gc_gammaln_above_f64(a + b);
    }
    const double rest = gc_stirling_rest_f64(b) - gc_stirling_rest_f64(a + b);
    const double log_b = gc_log_f64(b);
    const double bend = gc_log1p_f64(a / b);
    if (a < 3.0) {
        const double small = a - (a + (b - 0.5)) * bend;
        return gc_gammaln_above_f64(a) - a * log_b + (small + rest);
    }
    const double near = 0x1.d67f1c864beb5p-1 - 0.5 * log_b + (gc_stirling_rest_f64(a) + rest);
    return near - b * bend - (a - 0.5) * gc_log1p_f64(b / a);
}

GC_INLINE float gc_betaln_f32(float x, float y) {
    return (float)gc_betaln_f64((double)x, (double)y);
}

#endif

/* The incomplete Gamma functions P(a, x) and Q(a, x) = 1 - P(a, x), and the slope of P in a.
 *
 * With D = x^a e^-x / Gamma(a + 1):
 *   x <= a + 1/2: P = D sum of x^n / ((a+1) .. (a+n)) (DLMF 8.11.4); a < 1, x < 0.8: Q by 8.7.1.
 *   above: Q = a D h, h Legendre's continued fraction (DLMF 8.9.2).
 *   a > 400, |x - a| < 0.15 a: Temme's uniform expansion (DLMF 8.12.3 - 8.12.10).
 * Slopes are those of the same series, fraction and expansion, term by term: terms of one sign.
 * Temme's coefficients are computed in rational arithmetic for this file.  float32 is computed in
 * float64 and rounded.
 */
#ifndef GRADC_GAMMAINC_H
#define GRADC_GAMMAINC_H

#include "digamma.h"
#include "erfinv.h"
#include "exp.h"
#include "gamma.h"
#include "log.h"
#include "pow.h"

/* P, Q and the derivative of P by a */
typedef struct {
    double low;
    double high;
    double slope;
} gc_incomplete_f64;

/* out + *out_lo = r - 1 - log(r), r = x / a; *out_log = log(r). */
GC_INLINE double gc_deviance_f64(double a, double x, double *out_lo, double *out_log) {
    const double gap = x - a;
    const double mu = gap / a;
    if (__builtin_fabs(mu) < 0.01) {
        double q = 0x1.c71c71c71c71cp-4;
        q = GC_FMA64(q, mu, -0.125);
        q = GC_FMA64(q, mu, 0x1.2492492492492p-3);
        q = GC_FMA64(q, mu, -0x1.5555555555555p-3);
        q = GC_FMA64(q, mu, 0x1.999999999999ap-3);
        q = GC_FMA64(q, mu, -0.25);
        q = GC_FMA64(q, mu, 0x1.5555555555555p-2);
        const double mu_lo = gc_remainder_f64(gap, mu, a) / a;
        const double square = mu * mu;
        const double half_lo = 0.5 * gc_product_error_f64(mu, mu, square);
        *out_lo = half_lo + (mu * mu_lo - square * mu * q);
        *out_log = mu - (0.5 * square + *out_lo);
        return 0.5 * square;
    }
    const double r = x / a;
    const double r_lo = gc_remainder_f64(x, r, a) / a;
    double log_lo;
    const double log = gc_log_pair_f64(gc_split_pow2_f64(r), &log_lo);
    const double d = r - 1.0;
    const double d_lo = gc_difference_error_f64(r, 1.0, d);
    const double out = d - log;
    const double rest = gc_difference_error_f64(d, log, out);
    *out_lo = rest + (d_lo - log_lo + (r_lo - r_lo / r));
    *out_log = log;
    return out;
}

/* exp(-a (t + t_lo) + more) scale */
GC_INLINE double gc_exp_deviance_f64(double a, double t, double t_lo, double more, double scale) {
    const double whole = -a * t;
    if (!(whole > -1300.0)) return 0.0;
    const double lo = GC_FMA64(-a, t_lo, gc_product_error_f64(-a, t, whole)) + more;
    return gc_exp_scaled_f64(whole, lo, scale);
}

/* x^a e^-x / Gamma(a + 1); *out_log = log(x / a) for a >= 3. */
GC_CALLED double gc_poisson_f64(double a, double x, double *out_log) {
    *out_log = 0.0;
    if (a < 3.0) {
        if (x > 1000.0) return 0.0;
        const double half = gc_exp_f64(-0.5 * x);
        return gc_pow_f64(x, a) * half / gc_gamma_f64(a + 1.0) * half;
    }
    if (x / a < 0x1p-1000) return 0.0;
    const double w = 1.0 / a;
    double lo;
    const double t = gc_deviance_f64(a, x, &lo, out_log);
    const double scale = 0x1.9884533d43651p-2 / __builtin_sqrt(a); /* 1 / sqrt(2 pi a) */
    return gc_exp_deviance_f64(a, t, lo, -w * gc_stirling_f64(w * w), scale);
}

/* P and its slope for x <= a + 1/2; Q as what is left. */
GC_CALLED gc_incomplete_f64 gc_incomplete_series_f64(double a, double x) {
    double log_ratio;
    const double first = gc_poisson_f64(a, x, &log_ratio);
    double term = 1.0, total = 1.0, steps = 0.0, weighted = 0.0;
    for (double n = 1.0; n < 20000.0; n += 1.0) {
        const double w = 1.0 / (a + n);
        term *= x * w;
        steps += w;
        total += term;
        weighted += term * steps;
        if (term < 0x1p-56 * total && term * steps <= 0x1p-56 * weighted) break;
    }
    const double w = 1.0 / a;
    const double off = a < 3.0 ? gc_log_f64(x) - gc_digamma_above_f64(a + 1.0)
                               : log_ratio - w * (0.5 - w * gc_digamma_far_f64(w * w));
    gc_incomplete_f64 out;
    out.low = first * total;
    out.slope = first == 0.0 ? 0.0 : first * (off * total - weighted);
    out.high = 1.0 - out.low;
    return out;
}

/* Q and the slope for a < 1, x < 0.8: G = x^a / Gamma(a + 1), P = G (1 + a S),
 * S = sum of (-x)^n / (n! (a + n)) (DLMF 8.7.1); Q keeps its digits where a is small. */
GC_CALLED gc_incomplete_f64 gc_incomplete_small_f64(double a, double x) {
    const double bend = a < 0.5 ? gc_gammaln_low_f64(a + 0.5) : gc_gammaln_high_f64(a - 0.5);
    const double log = gc_log_f64(x);
    const double less = gc_expm1_f64(a * (log - (a - 1.0) * bend));
    double term = 1.0, total = 0.0, slope = 0.0;
    for (double n = 1.0; n < 60.0; n += 1.0) {
        term *= -x / n;
        const double part = term / (a + n);
        total += part;
        slope -= part / (a + n);
        if (__builtin_fabs(term) < 0x1p-60 * __builtin_fabs(total)) break;
    }
    const double off = log - gc_digamma_f64(a + 1.0);
    gc_incomplete_f64 out;
    out.high = -less - (less + 1.0) * (a * total);
    out.slope = (less + 1.0) * (off * (1.0 + a * total) + (total + a * slope));
    out.low = 1.0 - out.high;
    return out;
}

/* h of the fraction for a < 3, x > 0.8, from behind; *rate is the slope of log h. */
GC_CALLED double gc_incomplete_levels_f64(double a, double x, double *rate) {
    const double n = __builtin_floor(20.0 + 110.0 / x);
    double f = x + 2.0 * n + 1.0 - a;
    double f_slope = -1.0;
    for (double i = n; i > 0.0; i -= 1.0) {
        const double top = i * (a - i) / f;
        f_slope = (i - top * f_slope) / f - 1.0;
        f = (x - a) + (2.0 * i - 1.0) + top;
    }
    *rate = -f_slope / f;
    return 1.0 / f;
}

/* The same for all a, by Lentz' method. */
GC_CALLED double gc_incomplete_lentz_f64(double a, double x, double *out_rate) {
    double b = x + 1.0 - a;
    double d = 1.0 / b, c = GC_INF64, h = d;
    double d_slope = d * d, c_slope = 0.0, rate = d;
    for (double i = 1.0; i < 20000.0; i += 1.0) {
        const double top = i * (a - i);
        b += 2.0;
        const double bottom = GC_FMA64(top, d, b);
        d_slope = (1.0 - i * d - top * d_slope) / (bottom * bottom);
        d = 1.0 / bottom;
        c_slope = i / c - 1.0 - top * c_slope / (c * c);
        c = b + top / c;
        const double ratio = c * d;
        const double more = c_slope / c + d_slope / d;
        h *= ratio;
        rate += more;
        if (__builtin_fabs(ratio - 1.0) < 0x1p-54 &&
            __builtin_fabs(more) <= 0x1p-54 * __builtin_fabs(rate)) {
            break;
        }
    }
    *out_rate = rate;
    return h;
}

/* Q and the slope for x > a + 1/2; P as what is left. */
GC_CALLED gc_incomplete_f64 gc_incomplete_fraction_f64(double a, double x) {
    double log_ratio;
    const double first = gc_poisson_f64(a, x, &log_ratio);
    double rate = 0.0, h = 0.0;
    if (first > 0.0) {
        h = a < 3.0 ? gc_incomplete_levels_f64(a, x, &rate) : gc_incomplete_lentz_f64(a, x, &rate);
    }
    const double w = 1.0 / a;
    const double off = a < 3.0 ? gc_log_f64(x) - gc_digamma_f64(a)
                               : log_ratio + w * GC_FMA64(w, gc_digamma_far_f64(w * w), 0.5);
    gc_incomplete_f64 out;
    out.high = first * a * h;
    out.slope = first == 0.0 ? 0.0 : -(first * h) * (a * (off + rate)); /* Q may be below 2^-1022 */
    out.low = 1.0 - out.high;
    return out;
}

static const double gc_temme_0_f64[14] = {
    -0x1.5555555555555p-2, 0x1.5555555555555p-4, -0x1.e573ac901e574p-7, 0x1.2f684bda12f68p-10,
    0x1.71de3a556c734p-12, -0x1.76e06fec7273bp-13, 0x1.48c5892f7cd83p-15, -0x1.255370652afc1p-19,
    -0x1.f1b22f594c6b5p-20, 0x1.bd6d21e4b4109p-21, -0x1.7b5f9a2d0465cp-23, 0x1.ccf5ceb7f0d9fp-28,
    0x1.6097d55c37c1cp-27, -0x1.2d2197c7a2faap-28};
static const double gc_temme_1_f64[10] = {
    -0x1.e573ac901e574p-10, -0x1.c71c71c71c71cp-9, 0x1.5ac056b015ac0p-9, -0x1.0394f6f09e723p-10,
    0x1.af83440e53dbcp-13, -0x1.af83440e53dbcp-22, -0x1.2fa4ae89e5af0p-16, 0x1.00a9cabd6b83ep-17,
    -0x1.b0bdfcc629cbap-20, 0x1.3f59230a8357cp-28};
static const double gc_temme_2_f64[7] = {
    0x1.0ee643b990ee6p-8, -0x1.5f7268edab4c8p-9, 0x1.948b0fcd6e9e0p-11, 0x1.0db20a88f4696p-19,
    -0x1.c253efaa1a932p-14, 0x1.bbf43daf4fe53p-15, -0x1.ac2d05890f2c3p-17};
static const double gc_temme_3_f64[4] = {
    0x1.547d93b34e2b6p-11, 0x1.e13ce465fa859p-13, -0x1.ebfb188b7ca00p-12, 0x1.18b9b5bf2d984p-12};
static const double gc_temme_4_f64[2] = {
    -0x1.c3e0b02da7bf9p-11, 0x1.9b0ff6874f2c4p-11};

/* The polynomial and, in *slope, its derivative. */
GC_INLINE double gc_temme_sum_f64(const double *terms, int count, double eta, double *slope) {
    double value = terms[count - 1];
    double change = 0.0;
    for (int k = count - 2; k >= 0; k--) {
        change = GC_FMA64(change, eta, value);
        value = GC_FMA64(value, eta, terms[k]);
    }
    *slope = change;
    return value;
}

/* All three for a > 400, |x - a| < 0.15 a. */
GC_CALLED gc_incomplete_f64 gc_incomplete_near_f64(double a, double x) {
    static const double *const rows[5] = {
        gc_temme_0_f64, gc_temme_1_f64, gc_temme_2_f64, gc_temme_3_f64, gc_temme_4_f64};
    static const int counts[5] = {14, 10, 7, 4, 2};
    double lo, log_ratio;
    const double t = gc_deviance_f64(a, x, &lo, &log_ratio);
    const double bell = gc_exp_deviance_f64(a, t, lo, 0.0, 1.0);
    const double mu = (x - a) / a;
    const double size = __builtin_sqrt(2.0 * (t + lo));
    const double eta = x < a ? -size : size;
    const double ratio = eta == 0.0 ? 1.0 : mu / eta;
    double total = 0.0, by_eta = 0.0, by_a = 0.0;
    for (int k = 4; k >= 0; k--) {
        double slope;
        const double value = gc_temme_sum_f64(rows[k], counts[k], eta, &slope);
        total = total / a + value;
        by_eta = by_eta / a + slope;
        by_a = by_a / a + (double)k * value;
    }
    const double width = 0x1.9884533d43651p-2 / __builtin_sqrt(a);
    const double tail = 0.5 * gc_erfcx_f64(size * __builtin_sqrt(0.5 * a));
    const double rest = (log_ratio - 0.5 / a) * total - (by_eta * ratio + by_a) / a;
    gc_incomplete_f64 out;
    out.slope = -(bell * width) * ((ratio - 0.5 * eta) + rest);
    if (x < a) {
        out.low = bell * (tail - width * total);
        out.high = 1.0 - out.low;
    } else {
        out.high = bell * (tail + width * total);
        out.low = 1.0 - out.high;
    }
    return out;
}

/* All three for 0 < a, x < inf. */
GC_CALLED gc_incomplete_f64 gc_incomplete_inside_f64(double a, double x) {
    if (a > 400.0 && __builtin_fabs(x - a) < 0.15 * a) return gc_incomplete_near_f64(a, x);
    if (x > a + 0.5 && a < 1.0 && x < 0.8) return gc_incomplete_small_f64(a, x);
    if (x > a + 0.5) return gc_incomplete_fraction_f64(a, x);
    gc_incomplete_f64 out = gc_incomplete_series_f64(a, x);
    if (a < 1.0) out.high = gc_incomplete_small_f64(a, x).high;
    return out;
}

/* nan below 0, and where both are 0 or both inf. */
GC_CALLED gc_incomplete_f64 gc_incomplete_parts_f64(double a, double x) {
    const int good = a >= 0.0 && x >= 0.0 && !(a == x && (a == 0.0 || a == GC_INF64));
    gc_incomplete_f64 out = {GC_NAN64, GC_NAN64, GC_NAN64};
    if (!good) return out;
    out.slope = 0.0;
    out.low = x == 0.0 || a == GC_INF64 ? 0.0 : 1.0;
    out.high = 1.0 - out.low;
    if (out.low == 0.0 || x == GC_INF64) return out;
    if (a > 0.0) out = gc_incomplete_inside_f64(a, x);
    if (a < 0x1p-60) out.slope = gc_incomplete_inside_f64(0x1p-60, x).slope; /* no more changes */
    return out;
}

GC_INLINE double gc_gammainc_f64(double a, double x) {
    return gc_incomplete_parts_f64(a, x).low;
}

GC_INLINE double gc_gammaincc_f64(double a, double x) {
    return gc_incomplete_parts_f64(a, x).high;
}

/* The derivative of P(a, x) by a. */
GC_INLINE double gc_gammainc_slope_f64(double a, double x) {
    return gc_incomplete_parts_f64(a, x).slope;
}

/* How x moves with a where P(a, x) stays: minus the slope over the density, which is
 * x^a e^-x / Gamma(a) / x.  NaN where that is too small for what is drawn to lie there. */
GC_CALLED double gc_gammainc_move_f64(double a, double x) {
    if (x == 0.0 && a >= 0.0) return 0.0;
    double log_ratio;
    const double density = a * gc_poisson_f64(a, x, &log_ratio);
    if (!(density > 1e-290)) return GC_NAN64;
    return -gc_gammainc_slope_f64(a, x) / density * x;
}

GC_INLINE float gc_gammainc_f32(float a, float x) {
    return (float)gc_gammainc_f64((double)a, (double)x);
}

GC_INLINE float gc_gammaincc_f32(float a, float x) {
    return (float)gc_gammaincc_f64((double)a, (double)x);
}

GC_INLINE float gc_gammainc_slope_f32(float a, float x) {
    return (float)gc_gammainc_slope_f64((double)a, (double)x);
}

#endif

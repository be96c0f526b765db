/* Draws that try until one fits: Gamma, Poisson and binomial numbers of 64 random bits.
 *
 * The bits of an element are its own key: attempt t reads block t of Philox under it, so that
 * elements know nothing of each other and threads change nothing.  Sources: Marsaglia and Tsang, A
 * simple method for generating gamma variables, 2000; Hoermann, The transformed rejection method for
 * generating Poisson random variables, 1993, and The generation of binomial random variates, 1993.
 */
#ifndef GRADC_REJECTION_H
#define GRADC_REJECTION_H

#include "exp.h"
#include "gamma.h"
#include "random.h"

#define GC_MOST_COUNT 0x1p62 /* larger counts are not told apart by a float64 */

/* Two numbers of one attempt: both halves of a block. */
GC_INLINE uint64_t gc_attempt(uint64_t key, uint64_t stream, uint64_t attempt, uint64_t half) {
    return gc_random_bits_u64(key, stream, 2 * attempt + half);
}

/* Of shape a > 0 and scale 1; 0 for a = 0, nan below. Above 1e15 every proposal is right to rounding,
 * and the test would compare rounding errors, without end. */
GC_CALLED double gc_drawn_gamma_u64(uint64_t bits, double a) {
    if (!(a > 0.0) || a == GC_INF64)
        return a == 0.0 || a == GC_INF64 ? a : GC_NAN64;
    const double d = (a < 1.0 ? a + 1.0 : a) - 1.0 / 3.0;
    const double c = 1.0 / __builtin_sqrt(9.0 * d);
    double value = 0.0;
    for (uint64_t t = 0; value == 0.0; t++) {
        const double x = gc_normal_u64(gc_attempt(bits, 0, t, 0));
        const double root = 1.0 + c * x;
        const double v = root * root * root;
        const double u = gc_open_unit_u64(gc_attempt(bits, 0, t, 1));
        if (d > 1e15 || (v > 0.0 && gc_log_f64(u) < 0.5 * x * x + d - d * v + d * gc_log_f64(v)))
            value = d * v;
    }
    if (a >= 1.0)
        return value;
    return value * gc_exp_f64(gc_log_f64(gc_open_unit_u64(gc_attempt(bits, 1, 0, 0))) / a);
}

/* By multiplying uniform numbers, for means below 10. */
GC_CALLED double gc_small_poisson_f64(uint64_t bits, double mean) {
    const double least = gc_exp_f64(-mean);
    double product = gc_open_unit_u64(gc_random_bits_u64(bits, 0, 0)), count = 0.0;
    for (uint64_t t = 1; product > least; t++, count += 1.0)
        product *= gc_open_unit_u64(gc_random_bits_u64(bits, 0, t));
    return count;
}

GC_CALLED double gc_large_poisson_f64(uint64_t bits, double mean) {
    const double root = __builtin_sqrt(mean), level = gc_log_f64(mean);
    const double b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
    const double scale = 1.1239 + 1.1328 / (b - 3.4), quick = 0.9277 - 3.6224 / (b - 2.0);
    for (uint64_t t = 0;; t++) {
        const double u = gc_open_unit_u64(gc_attempt(bits, 0, t, 0)) - 0.5;
        const double v = gc_open_unit_u64(gc_attempt(bits, 0, t, 1));
        const double us = 0.5 - __builtin_fabs(u);
        const double k = __builtin_floor((2.0 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= quick)
            return k;
        if (!(k >= 0.0) || (us < 0.013 && v > us))
            continue;
        const double bound = k * level - mean - gc_gammaln_f64(k + 1.0);
        if (gc_log_f64(v * scale / (a / (us * us) + b)) <= bound)
            return k;
    }
}

/* -1 for a mean that is nan or below 0, or so large that counts are not told apart. */
GC_CALLED int64_t gc_drawn_poisson_u64(uint64_t bits, double mean) {
    if (!(mean >= 0.0) || mean > GC_MOST_COUNT)
        return -1;
    return (int64_t)(mean < 10.0 ? gc_small_poisson_f64(bits, mean)
                                 : gc_large_poisson_f64(bits, mean));
}

/* By adding probabilities up, for n p below 10. */
GC_CALLED double gc_small_binomial_f64(uint64_t bits, double n, double p) {
    const double odds = p / (1.0 - p), none = gc_exp_f64(n * gc_log1p_f64(-p));
    for (uint64_t t = 0;; t++) {
        double u = gc_unit_u64(gc_random_bits_u64(bits, 0, t)), chance = none, k = 0.0;
        for (; u > chance && k < n && k < 110.0; k += 1.0) {
            u -= chance;
            chance *= (n - k) / (k + 1.0) * odds;
        }
        if (k < 110.0 || k == n) /* else what rounding left over: again */
            return k;
    }
}

GC_CALLED double gc_large_binomial_f64(uint64_t bits, double n, double p) {
    const double q = 1.0 - p, root = __builtin_sqrt(n * p * q);
    const double b = 1.15 + 2.53 * root, a = -0.0873 + 0.0248 * b + 0.01 * p;
    const double quick = 0.92 - 4.2 / b, scale = (2.83 + 5.1 / b) * root;
    const double level = gc_log_f64(p / q), mode = __builtin_floor((n + 1.0) * p);
    const double top = gc_gammaln_f64(mode + 1.0) + gc_gammaln_f64(n - mode + 1.0);
    for (uint64_t t = 0;; t++) {
        const double u = gc_open_unit_u64(gc_attempt(bits, 0, t, 0)) - 0.5;
        const double v = gc_open_unit_u64(gc_attempt(bits, 0, t, 1));
        const double us = 0.5 - __builtin_fabs(u);
        const double k = __builtin_floor((2.0 * a / us + b) * u + n * p + 0.5);
        if (us >= 0.07 && v <= quick)
            return k;
        if (!(k >= 0.0) || k > n)
            continue;
        const double bound =
            top - gc_gammaln_f64(k + 1.0) - gc_gammaln_f64(n - k + 1.0) + (k - mode) * level;
        if (gc_log_f64(v * scale / (a / (us * us) + b)) <= bound)
            return k;
    }
}

/* How many of n trials of chance p succeed; -1 for n below 0 or p outside [0, 1]. */
GC_CALLED int64_t gc_drawn_binomial_u64(uint64_t bits, double n, double p) {
    if (!(n >= 0.0) || n > GC_MOST_COUNT || !(p >= 0.0) || p > 1.0)
        return -1;
    const double low = p > 0.5 ? 1.0 - p : p;
    const double k = n * low < 10.0 ? gc_small_binomial_f64(bits, n, low)
                                    : gc_large_binomial_f64(bits, n, low);
    return (int64_t)(p > 0.5 ? n - k : k);
}

#endif

/* digamma, trigamma and the derivatives behind them.
 *
 * digamma below 3: (x - x0) D(x), x0 its zero, in two parts; from 3 on log x - 1/(2x) - E(1/x^2)/x^2,
 * the logarithm as a pair.  trigamma likewise.  D, E and kin are rational interpolants at Chebyshev
 * nodes, computed in 200-bit arithmetic for this file.  Left of 0 by reflection (DLMF 5.5.4).
 * polygamma(n, x) = (-1)^(n+1) n! zeta(n + 1, x), the sum by Euler and Maclaurin (DLMF 25.11.7), at
 * most 140 terms; left of 0 the sum over all whole steps less what lies behind.
 * float32 is computed in float64 and rounded.
 */
#ifndef GRADC_DIGAMMA_H
#define GRADC_DIGAMMA_H

#include "gamma.h"

/* within 2^-62.2 */
GC_INLINE double gc_digamma_near_f64(double t) {
    double p = 0x1.9d2d2bb0f5505p-27;
    p = GC_FMA64(p, t, 0x1.01e34a53c2763p-16);
    p = GC_FMA64(p, t, 0x1.2a99a7bc29a4cp-10);
    p = GC_FMA64(p, t, 0x1.b81859bf1be7bp-6);
    p = GC_FMA64(p, t, 0x1.1d23b396b2413p-2);
    p = GC_FMA64(p, t, 0x1.6e2ad01deebcp+0);
    p = GC_FMA64(p, t, 0x1.dcd3925ecb28bp+1);
    p = GC_FMA64(p, t, 0x1.259bfcffe4465p+2);
    p = GC_FMA64(p, t, 0x1.055b63b9ebebbp+1);
    double q = 0x1.73fe99655bc88p-19;
    q = GC_FMA64(q, t, 0x1.2c40bf35f0b5ep-12);
    q = GC_FMA64(q, t, 0x1.1d5eddcf696cep-7);
    q = GC_FMA64(q, t, 0x1.d3d4a5f16e29ep-4);
    q = GC_FMA64(q, t, 0x1.7ed80164a4011p-1);
    q = GC_FMA64(q, t, 0x1.4901508827394p+1);
    q = GC_FMA64(q, t, 0x1.23590a320144bp+2);
    q = GC_FMA64(q, t, 0x1.dc2e51657934ep+1);
    q = GC_FMA64(q, t, 0x1p+0);
    return p / q;
}

/* within 2^-59.9 */
GC_INLINE double gc_digamma_far_f64(double z) {
    double p = 0x1.14066b1b05488p+0;
    p = GC_FMA64(p, z, 0x1.5046e20a9bc89p+4);
    p = GC_FMA64(p, z, 0x1.cd408ab51857ep+5);
    p = GC_FMA64(p, z, 0x1.86c7290a2d4dep+5);
    p = GC_FMA64(p, z, 0x1.fb39f37d8b37fp+3);
    p = GC_FMA64(p, z, 0x1.03017052de35cp+1);
    p = GC_FMA64(p, z, 0x1.5555555555555p-4);
    double q = 0x1.9ed91636d08e2p+4;
    q = GC_FMA64(q, z, 0x1.3186230a73af1p+8);
    q = GC_FMA64(q, z, 0x1.74221cb3c9a03p+9);
    q = GC_FMA64(q, z, 0x1.2e287177b2011p+9);
    q = GC_FMA64(q, z, 0x1.81336deb8955p+7);
    q = GC_FMA64(q, z, 0x1.861bc215e6ea2p+4);
    q = GC_FMA64(q, z, 0x1p+0);
    return p / q;
}

/* within 2^-56.6 */
GC_INLINE double gc_trigamma_near_f64(double t) {
    double p = -0x1.8c9cb6311b434p-38;
    p = GC_FMA64(p, t, 0x1.d4a9731a1e2bep-33);
    p = GC_FMA64(p, t, 0x1.0eee5ff835278p-4);
    p = GC_FMA64(p, t, 0x1.aa62b9aaaefa3p-1);
    p = GC_FMA64(p, t, 0x1.2341ed73bea8ep+2);
    p = GC_FMA64(p, t, 0x1.bd3139f4e089p+3);
    p = GC_FMA64(p, t, 0x1.99de1fbebb859p+4);
    p = GC_FMA64(p, t, 0x1.c6f2fc0549a36p+4);
    p = GC_FMA64(p, t, 0x1.1c27fa4dde244p+4);
    p = GC_FMA64(p, t, 0x1.3bd3cc9be45dep+2);
    double q = 0x1.0eee6109566ap-4;
    q = GC_FMA64(q, t, 0x1.aa62b806c1cbdp-1);
    q = GC_FMA64(q, t, 0x1.239c3ec997557p+2);
    q = GC_FMA64(q, t, 0x1.bf69b6c42e6d9p+3);
    q = GC_FMA64(q, t, 0x1.9fe98e9820211p+4);
    q = GC_FMA64(q, t, 0x1.d9337d7a9a87ap+4);
    q = GC_FMA64(q, t, 0x1.3cb87d5524c1cp+4);
    q = GC_FMA64(q, t, 0x1.c09535b0179c2p+2);
    q = GC_FMA64(q, t, 0x1p+0);
    return p / q;
}

/* within 2^-56.9 */
GC_INLINE double gc_trigamma_far_f64(double z) {
    double p = 0x1.2129c83d4cdc4p+2;
    p = GC_FMA64(p, z, 0x1.36508000fabdap+6);
    p = GC_FMA64(p, z, 0x1.6f0be807a9fd3p+7);
    p = GC_FMA64(p, z, 0x1.0f801b1f4553ap+7);
    p = GC_FMA64(p, z, 0x1.3814a3bb0ad48p+5);
    p = GC_FMA64(p, z, 0x1.1dcfa6c48f1a2p+2);
    p = GC_FMA64(p, z, 0x1.5555555555555p-3);
    double q = 0x1.2088bb1378ecp+6;
    q = GC_FMA64(q, z, 0x1.3a51b04548309p+9);
    q = GC_FMA64(q, z, 0x1.36e8cca8b5f9p+10);
    q = GC_FMA64(q, z, 0x1.ad5aa4dce56b5p+9);
    q = GC_FMA64(q, z, 0x1.dea2155bbaa7bp+7);
    q = GC_FMA64(q, z, 0x1.afeaad5a09d9fp+4);
    q = GC_FMA64(q, z, 0x1p+0);
    return p / q;
}

/* x > 0 */
GC_CALLED double gc_digamma_above_f64(double x) {
    if (x < 3.0) {
        const double off = (x - 0x1.762d86356be3fp+0) - 0x1.b86a722197829p-54;
        return off * gc_digamma_near_f64(x - 0.5);
    }
    if (x == GC_INF64) return x;
    double log_lo;
    const double log = gc_log_pair_f64(gc_split_pow2_f64(x), &log_lo);
    const double w = 1.0 / x;
    return log + (log_lo - w * GC_FMA64(w, gc_digamma_far_f64(w * w), 0.5));
}

/* The slope of log Gamma: -inf at 0, inf at -0.0, nan at the other poles and at -inf. */
GC_CALLED double gc_digamma_f64(double x) {
    if (x >= 0.5) return gc_digamma_above_f64(x);
    if (x == 0.0) return -1.0 / x;
    if (x > -1.0) { /* digamma(x + 2) - 1/x - 1/(x + 1): the first zero left of 0 keeps its digits */
        const double off = (x + 0x1.13a4f39528382p-1) - 0x1.b86a722197829p-54;
        return off * gc_digamma_near_f64(x + 1.5) - (2.0 * x + 1.0) / (x * (x + 1.0));
    }
    const double a = -x;
    const double f = a - __builtin_rint(a);
    if (!(a < GC_INF64) || f == 0.0) return GC_NAN64;
    const double size = __builtin_fabs(f);
    const double ratio = gc_sine_of_turn_f64(0.5 - size) / gc_sine_of_turn_f64(size);
    const double turn = __builtin_copysign(0x1.921fb54442d18p+1 * ratio, f);
    return turn + (gc_digamma_above_f64(a) + 1.0 / a);
}

/* x > 0.5 */
GC_CALLED double gc_trigamma_above_f64(double x) {
    if (x < 3.0) return gc_trigamma_near_f64(x - 0.5);
    const double w = 1.0 / x;
    return w * GC_FMA64(w, GC_FMA64(w, gc_trigamma_far_f64(w * w), 0.5), 1.0);
}

/* The slope of digamma: inf at its poles, nan at -inf. */
GC_CALLED double gc_trigamma_f64(double x) {
    if (x >= 0.5) return gc_trigamma_above_f64(x);
    if (x > -0.5) {
        const double w = 1.0 / x;
        return GC_FMA64(w, w, gc_trigamma_near_f64(x + 0.5));
    }
    const double a = -x;
    if (!(a < GC_INF64)) return GC_NAN64;
    const double f = __builtin_fabs(a - __builtin_rint(a));
    const double turn = 0x1.921fb54442d18p+1 / gc_sine_of_turn_f64(f);
    return GC_FMA64(turn, turn, -gc_trigamma_above_f64(1.0 + a));
}

/* n! zeta(n + 1, x) for 2 <= n <= 170, 0 < x < inf; half of each power stands outside, so that
 * neither it nor n! leaves the range alone. */
GC_CALLED double gc_zeta_sum_f64(double n, double x) {
    static const double bernoulli[14] = { /* B_2j / (2j)! */
        0x1.5555555555555p-4,  -0x1.6c16c16c16c17p-10, 0x1.1566abc011567p-15,
        -0x1.bbd779334ef0bp-21, 0x1.66a8f2bf70ebep-26, -0x1.22805d644267fp-31,
        0x1.d6db2c4e09162p-37, -0x1.7da4e1f79955cp-42, 0x1.355871d652e9ep-47,
        -0x1.f57d968caacf1p-53, 0x1.967e1f09c376fp-58, -0x1.497d9033a2b5cp-63,
        0x1.0b132d7c6ad06p-68, -0x1.b0f72d59f1c16p-74};
    const double s = n + 1.0;
    const double least = 0.7 * (s + 24.0);
    const double steps = x < least ? __builtin_ceil(least - x) : 0.0;
    const double y = x + steps;
    const double w = 1.0 / y;
    /* relative to y^-s: y / n + 1/2 + s/12 y^-1 - .. */
    double term = s * w;
    double total = 0.0;
    for (int j = 0; j < 14; j++) {
        const double part = term * bernoulli[j];
        total += part;
        if (__builtin_fabs(part) < 0x1p-60) break;
        const double up = s + 2.0 * j + 1.0;
        term = term * (up * w) * ((up + 1.0) * w);
    }
    const double factorial = gc_gamma_f64(s);
    const double half = gc_pow_f64(y, -0.5 * s);
    double out = half * factorial * (total + 0.5 + y / n) * half;
    for (double k = steps - 1.0; k >= 0.0; k -= 1.0) {
        const double root = gc_pow_f64(x + k, -0.5 * s);
        out += root * factorial * root;
    }
    return out;
}

/* polygamma of order n, a whole number from 0 to 170; nan for others. */
GC_CALLED double gc_polygamma_f64(double n, double x) {
    n = __builtin_rint(n);
    if (!(n >= 0.0 && n <= 170.0) || x != x) return GC_NAN64;
    if (n == 0.0) return gc_digamma_f64(x);
    if (n == 1.0) return gc_trigamma_f64(x);
    const int odd = n != 2.0 * __builtin_floor(0.5 * n);
    const double sign = odd ? 1.0 : -1.0;
    if (x == 0.0) return odd ? GC_INF64 : -1.0 / x;
    if (!(__builtin_fabs(x) < GC_INF64)) return x > 0.0 ? sign * 0.0 : GC_NAN64;
    if (x > 0.0) return sign * gc_zeta_sum_f64(n, x);
    const double a = -x;
    const double behind = a - __builtin_floor(a); /* and ahead = 1 - behind */
    if (behind == 0.0) return odd ? GC_INF64 : GC_NAN64;
    const double beyond = gc_zeta_sum_f64(n, 1.0 + a);
    const double there = gc_zeta_sum_f64(n, behind);
    const double here = gc_zeta_sum_f64(n, 1.0 - behind);
    return odd ? (here + there) - beyond : (there - here) - beyond;
}

GC_INLINE float gc_digamma_f32(float x) {
    return (float)gc_digamma_f64((double)x);
}

GC_INLINE float gc_trigamma_f32(float x) {
    return (float)gc_trigamma_f64((double)x);
}

GC_INLINE float gc_polygamma_f32(float n, float x) {
    return (float)gc_polygamma_f64((double)n, (double)x);
}

#endif

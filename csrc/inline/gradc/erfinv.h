/* erfinv, erfcinv and erfcx.
 *
 * erfinv(a) = a P(w), w = -log(1 - a^2), up to 0.995 (after Giles 2010, whose variable it is); behind,
 * s + F(s) with s = sqrt(-log(1 - a)), which for erfcinv reaches sqrt(-log(2^-1074)) = 27.3.
 * erfcx is g(q) / (1 + 2 x) as in erf.h, q = (x - K) / (x + K); below 0, 2 exp(x^2) - erfcx(-x).
 * P and F are rational interpolants, g a polynomial one, at Chebyshev nodes in 200-bit arithmetic,
 * for this file.  float32 is computed in float64 and rounded.
 */
#ifndef GRADC_ERFINV_H
#define GRADC_ERFINV_H

#include "bits.h"
#include "exp.h"
#include "log.h"

/* within 2^-59.5 */
GC_INLINE double gc_erfinv_near_f64(double w) {
    double p = -0x1.876b7419eb8c6p-31;
    p = GC_FMA64(p, w, -0x1.ecd430fc8c07ep-29);
    p = GC_FMA64(p, w, 0x1.8ceed46b55ac8p-22);
    p = GC_FMA64(p, w, 0x1.67ae24444ce65p-17);
    p = GC_FMA64(p, w, 0x1.57b59685f79c3p-13);
    p = GC_FMA64(p, w, 0x1.c3b841acf0788p-10);
    p = GC_FMA64(p, w, 0x1.b6ef342019f0bp-7);
    p = GC_FMA64(p, w, 0x1.35e880e2e22acp-4);
    p = GC_FMA64(p, w, 0x1.346ed3c11fdfap-2);
    p = GC_FMA64(p, w, 0x1.c5bf891b4ef6bp-1);
    double q = -0x1.c0f6ed218f8adp-35;
    q = GC_FMA64(q, w, -0x1.c51f7e3b8ca15p-29);
    q = GC_FMA64(q, w, 0x1.73d95e6c471d1p-26);
    q = GC_FMA64(q, w, 0x1.8bc9e722815f4p-19);
    q = GC_FMA64(q, w, 0x1.063582295f632p-15);
    q = GC_FMA64(q, w, 0x1.a0d650366f8f6p-11);
    q = GC_FMA64(q, w, 0x1.9c1b9c2901b41p-9);
    q = GC_FMA64(q, w, 0x1.a93083edfbf8fp-5);
    q = GC_FMA64(q, w, 0x1.3fc96d7b9489fp-4);
    q = GC_FMA64(q, w, 0x1p+0);
    return p / q;
}

/* within 2^-63.5 */
GC_INLINE double gc_erfinv_far_f64(double s) {
    double p = -0x1.f8b5e9b0fce82p-24;
    p = GC_FMA64(p, s, -0x1.c569ad06ca134p-13);
    p = GC_FMA64(p, s, -0x1.13ebb3a237685p-6);
    p = GC_FMA64(p, s, -0x1.469f5097e93b5p-2);
    p = GC_FMA64(p, s, -0x1.e91db15931d46p+0);
    p = GC_FMA64(p, s, -0x1.0002ab2ba0ae3p+2);
    p = GC_FMA64(p, s, -0x1.0f93f0cc1ee4p+2);
    p = GC_FMA64(p, s, -0x1.63965ef6eb45cp+1);
    p = GC_FMA64(p, s, -0x1.0bc878dd71049p+0);
    p = GC_FMA64(p, s, 0x1.b1c24b7aa093ep-8);
    double q = 0x1.2140e17d80b1p-14;
    q = GC_FMA64(q, s, 0x1.ef6ee372fff65p-8);
    q = GC_FMA64(q, s, 0x1.91b53c42e104p-3);
    q = GC_FMA64(q, s, 0x1.b34b4817cd6d9p+0);
    q = GC_FMA64(q, s, 0x1.6c74fcce36279p+2);
    q = GC_FMA64(q, s, 0x1.296651e7db012p+3);
    q = GC_FMA64(q, s, 0x1.49daeb4c591bep+3);
    q = GC_FMA64(q, s, 0x1.d836526cc9a2cp+2);
    q = GC_FMA64(q, s, 0x1.e716524c642p+1);
    q = GC_FMA64(q, s, 0x1p+0);
    return p / q;
}

/* within 2^-56.6 */
GC_INLINE double gc_erfcinv_far_f64(double s) {
    double p = -0x1.54445941d647p-42;
    p = GC_FMA64(p, s, -0x1.bdc08e6fa447p-29);
    p = GC_FMA64(p, s, -0x1.6a8f41e9a8fdfp-20);
    p = GC_FMA64(p, s, -0x1.39e8bffb8a2bdp-13);
    p = GC_FMA64(p, s, -0x1.8cbe4826517e1p-8);
    p = GC_FMA64(p, s, -0x1.94ac31ec9202dp-4);
    p = GC_FMA64(p, s, -0x1.4a840a7e5f3d1p-1);
    p = GC_FMA64(p, s, -0x1.7e0ea02eca8cbp+0);
    p = GC_FMA64(p, s, -0x1.a9845dca4d34bp-1);
    p = GC_FMA64(p, s, -0x1.35e25116c25e6p-6);
    double q = 0x1.c74d33c3a08b8p-31;
    q = GC_FMA64(q, s, 0x1.dd7d97282e86ep-22);
    q = GC_FMA64(q, s, 0x1.fb7461c8f1a95p-15);
    q = GC_FMA64(q, s, 0x1.89f18bfa7f8a6p-9);
    q = GC_FMA64(q, s, 0x1.fca2fc0308e58p-5);
    q = GC_FMA64(q, s, 0x1.1a523d937436dp-1);
    q = GC_FMA64(q, s, 0x1.0591421a6cafep+1);
    q = GC_FMA64(q, s, 0x1.7b72a6c33ca5ap+1);
    q = GC_FMA64(q, s, 0x1.e4475fde7f032p+0);
    q = GC_FMA64(q, s, 0x1p+0);
    return p / q;
}

/* a P(w) for 0 <= a <= 0.995, rest = (1 - a) (1 + a). */
GC_INLINE double gc_erfinv_inner_f64(double a, double rest) {
    const double w_small = -gc_log1p_f64(-(a * a));
    const double w_large = -gc_log_f64(rest);
    const double w = a < 0.75 ? w_small : w_large;
    return a * gc_erfinv_near_f64(w);
}

/* nan outside [-1, 1] */
GC_INLINE double gc_erfinv_f64(double x) {
    const double a = __builtin_fabs(x);
    const double c = 1.0 - a;
    const double s = __builtin_sqrt(-gc_log_f64(c));
    const double s_in = s > 6.1 ? 6.1 : s;
    const int outer = a > 0.995;
    const int end = c == 0.0;
    const double near = gc_erfinv_inner_f64(a, c * (1.0 + a));
    const double far = s + gc_erfinv_far_f64(s_in);
    double y = outer ? far : near;
    y = end ? GC_INF64 : y;
    return __builtin_copysign(y, x);
}

/* nan outside [0, 2] */
GC_INLINE double gc_erfcinv_f64(double x) {
    const int above = x > 1.0;
    const double c = above ? 2.0 - x : x;
    const double s = __builtin_sqrt(-gc_log_f64(c));
    const double s_in = s > 27.3 ? 27.3 : s;
    const int outer = c < 0.005;
    const int tail = s > 6.05;
    const int end = c == 0.0;
    const double near = gc_erfinv_inner_f64(1.0 - c, c * (2.0 - c));
    const double bend = gc_erfinv_far_f64(s_in);
    const double bend_tail = gc_erfcinv_far_f64(s_in);
    const double far = s + (tail ? bend_tail : bend);
    double y = outer ? far : near;
    y = end ? GC_INF64 : y;
    return above ? -y : y;
}

/* exp(x^2) erfc(x) */
GC_INLINE double gc_erfcx_f64(double x) {
    const double a = __builtin_fabs(x);
    const double b = a > 0x1p900 ? 0x1p900 : a;
    const double q = (b - 3.75) / (b + 3.75);
    const double y = q * q;
    double even = 0x1.d28e6270e10c9p-32;
    double odd = -0x1.4e14d07a8416dp-35;
    odd = GC_FMA64(odd, y, 0x1.2d8bb3ae3b809p-31);
    even = GC_FMA64(even, y, -0x1.63376daa748f8p-28);
    odd = GC_FMA64(odd, y, -0x1.2e2777e7e9c1ap-28);
    even = GC_FMA64(even, y, 0x1.4c1b8fe94af13p-25);
    odd = GC_FMA64(odd, y, 0x1.a1809ecfcbfep-26);
    even = GC_FMA64(even, y, -0x1.15b8e4af3e51ap-22);
    odd = GC_FMA64(odd, y, -0x1.f4941f05a731dp-25);
    even = GC_FMA64(even, y, 0x1.d63256489b33bp-20);
    odd = GC_FMA64(odd, y, -0x1.052525efa669bp-20);
    even = GC_FMA64(even, y, -0x1.80005da99b005p-17);
    odd = GC_FMA64(odd, y, 0x1.778a276cd97c4p-16);
    even = GC_FMA64(even, y, 0x1.b14395a551aeep-15);
    odd = GC_FMA64(odd, y, -0x1.303f9d8ceda2dp-12);
    even = GC_FMA64(even, y, 0x1.33fb298161868p-12);
    odd = GC_FMA64(odd, y, 0x1.cc3a0e2212f44p-10);
    even = GC_FMA64(even, y, -0x1.3f603c39af06fp-7);
    odd = GC_FMA64(odd, y, 0x1.d0b0037dcc906p-6);
    even = GC_FMA64(even, y, -0x1.e0d0fa6ddf01ap-5);
    odd = GC_FMA64(odd, y, 0x1.7a14188a99b3p-4);
    even = GC_FMA64(even, y, -0x1.bda9309a294fdp-4);
    odd = GC_FMA64(odd, y, 0x1.510169d096803p-4);
    even = GC_FMA64(even, y, 0x1.d5f294815a448p-9);
    odd = GC_FMA64(odd, y, -0x1.1f367683f89a7p-3);
    even = GC_FMA64(even, y, 0x1.3ccda0b5d5dc2p+0);
    const double right = (0.5 * GC_FMA64(odd, q, even)) / (0.5 + a);
    const double m = a > 26.63 ? 26.63 : a; /* 2 exp(m^2) is inf from 26.6288 on */
    const double square = m * m;
    const double grown = gc_exp_f64(square);
    const double whole = GC_FMA64(grown, gc_product_error_f64(m, m, square), grown);
    const double left = 2.0 * whole - right;
    return x < 0.0 ? left : right;
}

GC_INLINE float gc_erfinv_f32(float x) {
    return (float)gc_erfinv_f64((double)x);
}

GC_INLINE float gc_erfcinv_f32(float x) {
    return (float)gc_erfcinv_f64((double)x);
}

GC_INLINE float gc_erfcx_f32(float x) {
    return (float)gc_erfcx_f64((double)x);
}

#endif

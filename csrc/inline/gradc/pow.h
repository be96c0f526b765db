/* pow.
 *
 * float64: |x| = 2^k (1 + f), s = f / (2 + f), log|x| = k ln 2 + 2 s + s^3 (2/3 + s^2 R(s^2)), all
 * but R in pairs of doubles (Dekker 1971): y log|x| reaches 745 and must be right to 2^-54, so the
 * logarithm must be to 2^-64. R is minimax (Remez exchange in 200-bit arithmetic, made for this
 * file) and leaves 2^-66.3 of the logarithm.
 * float32: log2|x| and 2^(y log2|x|) in float64, each to 2^-30 and better.
 * Corners as in C11 annex F.9.4.4.
 */
#ifndef GRADC_POW_H
#define GRADC_POW_H

#include "bits.h"
#include "exp.h"
#include "log.h"

/* Whether y >= 0 is an integer. SSE2 has no instruction that rounds. */
GC_INLINE int gc_is_whole_f64(double y) {
#if defined(__x86_64__) && !defined(__SSE4_1__)
    return (y >= 0x1p52) | ((y + 0x1p52) - 0x1p52 == y);
#else
    return __builtin_rint(y) == y;
#endif
}

GC_INLINE int gc_is_whole_f32(float y) {
#if defined(__x86_64__) && !defined(__SSE4_1__)
    return (y >= 0x1p23f) | ((y + 0x1p23f) - 0x1p23f == y);
#else
    return __builtin_rintf(y) == y;
#endif
}

/* What pow gives beside |x|^y >= 0, which is nan where it is unknown: sign, nan for a root of a
 * negative number, and the three cases in which the result is 1 in spite of a nan. */
GC_INLINE double gc_pow_corners_f64(double x, double y, double power) {
    const double size = __builtin_fabs(y);
    const int whole = gc_is_whole_f64(size);
    const int even = gc_is_whole_f64(0.5 * size);
    const int root = (x < 0.0) & (x > -GC_INF64) & !whole;
    const int turns = (x == -1.0) & (size == GC_INF64);
    const int one = (x == 1.0) | (y == 0.0) | turns;
    const double sign = (whole & !even) ? x : 1.0;
    power = __builtin_copysign(power, sign);
    power = root ? GC_NAN64 : power;
    return one ? 1.0 : power;
}

GC_INLINE float gc_pow_corners_f32(float x, float y, float power) {
    const float size = __builtin_fabsf(y);
    const int whole = gc_is_whole_f32(size);
    const int even = gc_is_whole_f32(0.5f * size);
    const int root = (x < 0.0f) & (x > -GC_INF32) & !whole;
    const int turns = (x == -1.0f) & (size == GC_INF32);
    const int one = (x == 1.0f) | (y == 0.0f) | turns;
    const float sign = (whole & !even) ? x : 1.0f;
    power = __builtin_copysignf(power, sign);
    power = root ? GC_NAN32 : power;
    return one ? 1.0f : power;
}

/* log(2^k (1 + f)) = out + *out_lo. */
GC_INLINE double gc_log_pair_f64(gc_split_f64 a, double *out_lo) {
    const double d = 2.0 + a.f;
    const double d_lo = a.f - (d - 2.0);
    const double inverse = 1.0 / d;
    const double s = a.f * inverse;
    const double s_lo = (gc_remainder_f64(a.f, s, d) - s * d_lo) * inverse;
    const double z = s * s;
    const double z_lo = GC_FMA64(2.0 * s, s_lo, gc_product_error_f64(s, s, z));
    const double z2 = z * z;
    const double p01 = GC_FMA64(0x1.2492492457c75p-2, z, 0x1.9999999999b30p-2);
    const double p23 = GC_FMA64(0x1.745ce9d91baaep-3, z, 0x1.c71c722d7f925p-3);
    const double p45 = GC_FMA64(0x1.0f7fb21901da8p-3, z, 0x1.3b1eee2a4eb2fp-3);
    const double p46 = GC_FMA64(0x1.0e44e4909c9cep-3, z2, p45);
    const double p = GC_FMA64(GC_FMA64(p46, z2, p23), z2, p01);
    const double u = z * p;
    const double c = 0x1.5555555555555p-1 + u;
    const double c_lo = (0x1.5555555555555p-1 - c) + (u + 0x1.5555555555555p-55);
    const double cube = s * z;
    const double cube_lo = GC_FMA64(s, z_lo, GC_FMA64(s_lo, z, gc_product_error_f64(s, z, cube)));
    const double q = cube * c;
    const double q_err = gc_product_error_f64(cube, c, q);
    const double q_lo = GC_FMA64(cube, c_lo, GC_FMA64(cube_lo, c, q_err));
    const double whole = a.k * GC_LN2_HI_F64;
    const double first = whole + 2.0 * s;
    const double first_lo = (whole - first) + 2.0 * s;
    const double second = first + q;
    const double second_lo = (first - second) + q;
    const double low = GC_FMA64(a.k, GC_LN2_LO_F64, GC_FMA64(2.0, s_lo, q_lo));
    const double rest = (first_lo + second_lo) + low;
    const double out = second + rest;
    *out_lo = (second - out) + rest;
    return out;
}

GC_INLINE double gc_pow_f64(double x, double y) {
    const double a = __builtin_fabs(x);
    double log_lo;
    const double log_fine = gc_log_pair_f64(gc_split_pow2_f64(a), &log_lo);
    const int inside = a < GC_INF64;
    const int zero = a == 0.0;
    const double log_up = inside ? log_fine : a; /* inf, nan */
    const double log_a = zero ? -GC_INF64 : log_up;
    const double t = y * log_a;
    const double t_lo = GC_FMA64(y, log_lo, gc_product_error_f64(y, log_a, t));
    const double limited = gc_clamp_f64(t, -746.0, 710.0);
    const gc_reduced_f64 e = gc_reduce_ln2_f64(limited, 2 * 1023.0);
    const double r = e.r + (e.r_lo + (t == limited ? t_lo : 0.0));
    const uint64_t half = e.field >> 1;
    const double first = gc_from_bits_f64(half << 52);
    const double second = gc_from_bits_f64((e.field - half) << 52);
    const double power = GC_FMA64(gc_exp_tail_f64(r), first, first) * second;
    return gc_pow_corners_f64(x, y, power);
}

/* float32 denormals are normal here. 0 * inf is left to the corners. */
GC_INLINE float gc_pow_f32(float x, float y) {
    const double a = __builtin_fabsf(x);
    const uint64_t u = gc_split_bits_f64(a);
    const double k = gc_small_uint_f64(u >> 52, 1023.0);
    const double m = gc_from_bits_f64((u & UINT64_C(0x000fffffffffffff)) + GC_SQRT_HALF_BITS_F64);
    const double f = m - 1.0;
    const double s = f / (m + 1.0);
    const double z = s * s;
    double p = 0x1.5cec2f392885bp-2;
    p = GC_FMA64(p, z, 0x1.a58d51dd9feb6p-2);
    p = GC_FMA64(p, z, 0x1.277780663abe8p-1);
    p = GC_FMA64(p, z, 0x1.ec709d1206020p-1);
    p = GC_FMA64(p, z, 0x1.71547652bef2fp+1);
    const double fine = GC_FMA64(s, p, k);
    const int inside = a < GC_INF64;
    const int zero = a == 0.0;
    const double log_up = inside ? fine : a; /* inf, nan */
    const double log_a = zero ? -GC_INF64 : log_up;
    const double t = gc_clamp_f64((double)y * log_a, -160.0, 130.0);
    const double n = t + 0x1.8p52;
    const double r = t - (n - 0x1.8p52);
    double q = 0x1.41d3284084f31p-13;
    q = GC_FMA64(q, r, 0x1.5f4598ae6c8abp-10);
    q = GC_FMA64(q, r, 0x1.3b2dbc399be1cp-7);
    q = GC_FMA64(q, r, 0x1.c6aed45de5e02p-5);
    q = GC_FMA64(q, r, 0x1.ebfbdadb6be5ap-3);
    q = GC_FMA64(q, r, 0x1.62e430c82c83ep-1);
    q = GC_FMA64(q, r, 0x1.00000002620dap+0);
    const double power = q * gc_from_bits_f64((gc_bits_f64(n) << 52) + GC_ONE_BITS_F64);
    return gc_pow_corners_f32(x, y, (float)power);
}

#endif

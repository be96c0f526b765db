/* log and log1p.
 *
 * x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), split off in the integer bits. Then, in
 * float64, with s = f / (2 + f), so that 2 s = f - s f,
 *     log(1 + f) = 2 atanh(s) = f - s (f - s^2 R(s^2))
 * and, in float32, where the division costs more than it saves, f + f^2 C(f). R and C are minimax
 * polynomials (Remez exchange in 200-bit arithmetic, made for this file, weighted to the relative
 * error of the logarithm; C has its constant term held at -1/2).
 *
 * log1p scales before it adds: f = 2^-k x + (2^-k - 1) is exact by Sterbenz's lemma for
 * |k| <= 53, so that no digit of x is lost and no correction term is needed.
 */
#ifndef GRADC_LOG_H
#define GRADC_LOG_H

#include "bits.h"
#include "exp.h"

/* log(1 + f) - f + low, `low` a small term. R leaves 2^-59.5 of log(1 + f). */
GC_INLINE double gc_log_tail_f64(double f, double low) {
    const double s = f / (2.0 + f);
    const double z = s * s;
    const double z2 = z * z;
    const double p01 = GC_FMA64(0x1.999999997fd66p-2, z, 0x1.5555555555592p-1);
    const double p23 = GC_FMA64(0x1.c71c5202452ffp-3, z, 0x1.24924941f7d3ap-2);
    const double p45 = GC_FMA64(0x1.39a184fa14f60p-3, z, 0x1.746640af66112p-3);
    const double p46 = GC_FMA64(z2, 0x1.2f07ccb7571a1p-3, p45);
    const double p = GC_FMA64(GC_FMA64(p46, z2, p23), z2, p01);
    return GC_FMA64(-s, GC_FMA64(-z, p, f), low);
}

/* C leaves 2^-27.3. */
GC_INLINE float gc_log_tail_f32(float f, float low) {
    const float z = f * f;
    float odd = -0x1.38b668p-4f;
    float even = 0x1.0565ccp-3f;
    odd = GC_FMA32(odd, z, -0x1.0d89dep-3f);
    even = GC_FMA32(even, z, 0x1.22d90ap-3f);
    odd = GC_FMA32(odd, z, -0x1.5471b8p-3f);
    even = GC_FMA32(even, z, 0x1.99a010p-3f);
    odd = GC_FMA32(odd, z, -0x1.000228p-2f);
    even = GC_FMA32(even, z, 0x1.555554p-2f);
    return GC_FMA32(z, GC_FMA32(GC_FMA32(odd, f, even), f, -0.5f), low);
}

/* k ln 2 + log(1 + f) + low. */
GC_INLINE double gc_log_sum_f64(double k, double f, double low) {
    const double tail = gc_log_tail_f64(f, GC_FMA64(k, GC_LN2_LO_F64, low));
    return GC_FMA64(k, GC_LN2_HI_F64, f + tail);
}

GC_INLINE float gc_log_sum_f32(float k, float f, float low) {
    const float tail = gc_log_tail_f32(f, GC_FMA32(k, GC_LN2_LO_F32, low));
    return GC_FMA32(k, GC_LN2_HI_F32, f + tail);
}

/* What log gives outside 0 < x < inf, where `y` is of no meaning. */
GC_INLINE double gc_log_special_f64(double x, double y) {
    const int inside = x < GC_INF64;
    const int zero = x == 0.0;
    const int below = x < 0.0;
    y = inside ? y : x; /* inf, nan */
    y = zero ? -GC_INF64 : y;
    return below ? GC_NAN64 : y;
}

GC_INLINE float gc_log_special_f32(float x, float y) {
    const int inside = x < GC_INF32;
    const int zero = x == 0.0f;
    const int below = x < 0.0f;
    y = inside ? y : x; /* inf, nan */
    y = zero ? -GC_INF32 : y;
    return below ? GC_NAN32 : y;
}

/* x = 2^k (1 + f); denormals are scaled by 2^54 (2^25) first. */
typedef struct gc_split_f64 {
    double k;
    double f;
} gc_split_f64;

typedef struct gc_split_f32 {
    float k;
    float f;
} gc_split_f32;

#define GC_SQRT_HALF_BITS_F64 UINT64_C(0x3fe6a09e667f3bcd)
#define GC_SQRT_HALF_BITS_F32 UINT32_C(0x3f3504f3)

/* k + 1023 of x = 2^k m with sqrt(1/2) <= m < sqrt(2), and below it m's distance from there. */
GC_INLINE uint64_t gc_split_bits_f64(double x) {
    return gc_bits_f64(x) + (GC_ONE_BITS_F64 - GC_SQRT_HALF_BITS_F64);
}

GC_INLINE uint32_t gc_split_bits_f32(float x) {
    return gc_bits_f32(x) + (GC_ONE_BITS_F32 - GC_SQRT_HALF_BITS_F32);
}

/* A non-negative integer below 2^52 (2^23) as a float, less `bias`. */
GC_INLINE double gc_small_uint_f64(uint64_t u, double bias) {
    return gc_from_bits_f64(u | UINT64_C(0x4330000000000000)) - (0x1p52 + bias);
}

GC_INLINE float gc_small_uint_f32(uint32_t u, float bias) {
    return gc_from_bits_f32(u | UINT32_C(0x4b000000)) - (0x1p23f + bias);
}

GC_INLINE gc_split_f64 gc_split_pow2_f64(double x) {
    const int tiny = x < 0x1p-1022;
    const uint64_t u = gc_split_bits_f64(x * (tiny ? 0x1p54 : 1.0));
    const uint64_t m = (u & UINT64_C(0x000fffffffffffff)) + GC_SQRT_HALF_BITS_F64;
    gc_split_f64 out;
    out.k = gc_small_uint_f64(u >> 52, tiny ? 1023.0 + 54.0 : 1023.0);
    out.f = gc_from_bits_f64(m) - 1.0;
    return out;
}

GC_INLINE gc_split_f32 gc_split_pow2_f32(float x) {
    const int tiny = x < 0x1p-126f;
    const uint32_t u = gc_split_bits_f32(x * (tiny ? 0x1p25f : 1.0f));
    const uint32_t m = (u & UINT32_C(0x007fffff)) + GC_SQRT_HALF_BITS_F32;
    gc_split_f32 out;
    out.k = gc_small_uint_f32(u >> 23, tiny ? 127.0f + 25.0f : 127.0f);
    out.f = gc_from_bits_f32(m) - 1.0f;
    return out;
}

/* log(x): log(1) = 0, log(+-0) = -inf, nan below 0. */
GC_INLINE double gc_log_f64(double x) {
    const gc_split_f64 a = gc_split_pow2_f64(x);
    return gc_log_special_f64(x, gc_log_sum_f64(a.k, a.f, 0.0));
}

GC_INLINE float gc_log_f32(float x) {
    const gc_split_f32 a = gc_split_pow2_f32(x);
    return gc_log_special_f32(x, gc_log_sum_f32(a.k, a.f, 0.0f));
}

/* log(1 + x) + low + more * ln 2 for x > -1, -0.0 and infinities apart. */
GC_INLINE double gc_log1p_sum_f64(double x, double low, double more) {
    const uint64_t biased = gc_split_bits_f64(1.0 + x) >> 52;
    const uint64_t shift = (biased << 52) - GC_ONE_BITS_F64; /* k in the exponent field */
    const double unit = gc_from_bits_f64(GC_ONE_BITS_F64 - shift);
    const double scaled = gc_from_bits_f64(gc_bits_f64(x) - shift);
    /* 2^-k does not exist as a normal number for k = 1023, 1024, and no longer counts there */
    const double f = scaled + ((x > 0x1p1000 ? 0.0 : unit) - 1.0);
    return gc_log_sum_f64(gc_small_uint_f64(biased, 1023.0) + more, f, low);
}

GC_INLINE float gc_log1p_sum_f32(float x, float low, float more) {
    const uint32_t biased = gc_split_bits_f32(1.0f + x) >> 23;
    const uint32_t shift = (biased << 23) - GC_ONE_BITS_F32;
    const float unit = gc_from_bits_f32(GC_ONE_BITS_F32 - shift);
    const float scaled = gc_from_bits_f32(gc_bits_f32(x) - shift);
    const float f = scaled + ((x > 0x1p120f ? 0.0f : unit) - 1.0f);
    return gc_log_sum_f32(gc_small_uint_f32(biased, 127.0f) + more, f, low);
}

/* log(1 + x): log1p(-1) = -inf, nan below, log1p(-0.0) = -0.0. */
GC_INLINE double gc_log1p_f64(double x) {
    const double y = gc_log1p_sum_f64(x, 0.0, 0.0);
    return __builtin_copysign(gc_log_special_f64(1.0 + x, y), x);
}

GC_INLINE float gc_log1p_f32(float x) {
    const float y = gc_log1p_sum_f32(x, 0.0f, 0.0f);
    return __builtin_copysignf(gc_log_special_f32(1.0f + x, y), x);
}

#endif

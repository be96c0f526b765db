/* sin, cos and tan over the whole range.
 *
 * a = |x| = k pi/2 + r, |r| <= pi/4 (Cody and Waite 1980, pi/2 in three parts with a fused
 * multiply-add, in four without), then minimax polynomials in r^2 (Remez exchange in 200-bit
 * arithmetic, made for this file, weighted with the function), chosen by the low bits of k.
 * Up to GC_TRIG_LIMIT nothing is lost; what lies above, and inf and nan, is put right by
 * gc_trig_fix, which trig_huge.h makes cheap to call where no lane needs it.
 */
#ifndef GRADC_TRIG_H
#define GRADC_TRIG_H

#include "bits.h"
#include "trig_huge.h"

/* a = k pi/2 + r + r_lo; `field` is k in its low bits. */
typedef struct gc_quarter_f64 {
    double r;
    double r_lo;
    uint64_t field;
} gc_quarter_f64;

typedef struct gc_quarter_f32 {
    float r;
    float r_lo;
    uint32_t field;
} gc_quarter_f32;

/* s + e = a - b exactly (Knuth's 2Sum). */
GC_INLINE double gc_difference_error_f64(double a, double b, double s) {
    const double t = s - a;
    return (a - (s - t)) - (b + t);
}

GC_INLINE float gc_difference_error_f32(float a, float b, float s) {
    const float t = s - a;
    return (a - (s - t)) - (b + t);
}

/* The first difference is exact: all its bits lie between those of a and 2^0. What the others lose
 * counts beside a pole of tan, where r is small: 2.25 ulp were found at 53895.59375f without it. */
GC_INLINE gc_quarter_f64 gc_reduce_quarter_f64(double a) {
    const double t = GC_FMA64(a, 0x1.45f306dc9c883p-1, 0x1.8p52);
    const double k = t - 0x1.8p52;
    gc_quarter_f64 out;
    out.field = gc_bits_f64(t);
#if GC_HAS_FMA
    const double d = GC_FMA64(k, -0x1.921fb54442d18p+0, a);
    const double p = k * 0x1.1a62633145c07p-54;
    const double s = d - p;
    const double lost = gc_difference_error_f64(d, p, s) - GC_FMA64(k, 0x1.1a62633145c07p-54, -p);
    const double low = GC_FMA64(k, 0x1.f1976b7ed8fbcp-110, lost);
    out.r = s + low;
    out.r_lo = (s - out.r) + low;
#else
    const double d = a - k * 0x1.921fb54400000p+0;
    const double p = k * 0x1.0b4611a600000p-34;
    const double q = k * 0x1.3198a2e000000p-69;
    const double e = d - p;
    const double s = e - q;
    const double lost = gc_difference_error_f64(d, p, e) + gc_difference_error_f64(e, q, s);
    const double low = lost - k * 0x1.b839a252049c1p-104;
    out.r = s + low;
    out.r_lo = (s - out.r) + low;
#endif
    return out;
}

GC_INLINE gc_quarter_f32 gc_reduce_quarter_f32(float a) {
    const float t = GC_FMA32(a, 0x1.45f306p-1f, 0x1.8p23f);
    const float k = t - 0x1.8p23f;
    gc_quarter_f32 out;
    out.field = gc_bits_f32(t);
#if GC_HAS_FMA
    const float d = GC_FMA32(k, -0x1.921fb6p+0f, a);
    const float p = k * -0x1.777a5cp-25f;
    const float s = d - p;
    const float lost = gc_difference_error_f32(d, p, s) - GC_FMA32(k, -0x1.777a5cp-25f, -p);
    const float low = GC_FMA32(k, 0x1.ee59dap-50f, lost);
    out.r = s + low;
    out.r_lo = (s - out.r) + low;
#else
    const float d = a - k * 0x1.92p+0f;
    const float p = k * 0x1.fb4p-12f;
    const float q = k * 0x1.444p-24f;
    const float e = d - p;
    const float s = e - q;
    const float lost = gc_difference_error_f32(d, p, e) + gc_difference_error_f32(e, q, s);
    const float low = lost - k * 0x1.68c234p-39f;
    out.r = s + low;
    out.r_lo = (s - out.r) + low;
#endif
    return out;
}

/* The same without r_lo, in three operations where there is a fused multiply-add. */
GC_INLINE gc_quarter_f64 gc_reduce_quarter_short_f64(double a) {
#if GC_HAS_FMA
    const double t = GC_FMA64(a, 0x1.45f306dc9c883p-1, 0x1.8p52);
    const double k = t - 0x1.8p52;
    const double d = GC_FMA64(k, -0x1.921fb54442d18p+0, a);
    const double r = GC_FMA64(k, -0x1.1a62633145c07p-54, d);
    const gc_quarter_f64 out = {GC_FMA64(k, 0x1.f1976b7ed8fbcp-110, r), 0.0, gc_bits_f64(t)};
    return out;
#else
    return gc_reduce_quarter_f64(a);
#endif
}

GC_INLINE gc_quarter_f32 gc_reduce_quarter_short_f32(float a) {
#if GC_HAS_FMA
    const float t = GC_FMA32(a, 0x1.45f306p-1f, 0x1.8p23f);
    const float k = t - 0x1.8p23f;
    const float d = GC_FMA32(k, -0x1.921fb6p+0f, a);
    const float r = GC_FMA32(k, 0x1.777a5cp-25f, d);
    const gc_quarter_f32 out = {GC_FMA32(k, 0x1.ee59dap-50f, r), 0.0f, gc_bits_f32(t)};
    return out;
#else
    return gc_reduce_quarter_f32(a);
#endif
}

/* sin(r), for odd k cos(r), with the sign of bit 1 of k flipped onto it: sin(k pi/2 + r).
 * The polynomials leave 2^-57.78 and 2^-63.77. */
GC_INLINE double gc_sine_f64(double r, uint64_t k) {
    const double z = r * r;
    double s = 0x1.5d811bf71a791p-33;
    s = GC_FMA64(s, z, -0x1.ae5e28e6c077fp-26);
    s = GC_FMA64(s, z, 0x1.71de3529e57afp-19);
    s = GC_FMA64(s, z, -0x1.a01a019bb8715p-13);
    s = GC_FMA64(s, z, 0x1.111111110f5b6p-7);
    s = GC_FMA64(s, z, -0x1.5555555555547p-3);
    const double sine = GC_FMA64(r * z, s, r);
    double c = -0x1.8f944145bb418p-37;
    c = GC_FMA64(c, z, 0x1.1ee9b89c32003p-29);
    c = GC_FMA64(c, z, -0x1.27e4f7bdc4289p-22);
    c = GC_FMA64(c, z, 0x1.a01a019c471f3p-16);
    c = GC_FMA64(c, z, -0x1.6c16c16c14d2bp-10);
    c = GC_FMA64(c, z, 0x1.555555555554ap-5);
    const double h = 0.5 * z;
    const double w = 1.0 - h;
    const double cosine = w + GC_FMA64(z * z, c, (1.0 - w) - h);
    /* the low bit as a sign: integer compares do not vectorise everywhere */
    const double parity = gc_from_bits_f64(k << 63 | UINT64_C(0x3ff0000000000000));
    const double y = parity < 0.0 ? cosine : sine;
    return gc_from_bits_f64(gc_bits_f64(y) ^ (k >> 1) << 63);
}

/* 2^-27.88 and 2^-32.89. */
GC_INLINE float gc_sine_f32(float r, uint32_t k) {
    const float z = r * r;
    float s = -0x1.9927cep-13f;
    s = GC_FMA32(s, z, 0x1.1106eap-7f);
    s = GC_FMA32(s, z, -0x1.555544p-3f);
    const float sine = GC_FMA32(r * z, s, r);
    float c = 0x1.99d20ep-16f;
    c = GC_FMA32(c, z, -0x1.6c0bdcp-10f);
    c = GC_FMA32(c, z, 0x1.55554ap-5f);
    const float h = 0.5f * z;
    const float w = 1.0f - h;
    const float cosine = w + GC_FMA32(z * z, c, (1.0f - w) - h);
    const float parity = gc_from_bits_f32(k << 31 | UINT32_C(0x3f800000));
    const float y = parity < 0.0f ? cosine : sine;
    return gc_from_bits_f32(gc_bits_f32(y) ^ (k >> 1) << 31);
}

/* tan(r + r_lo), for odd k -1 / tan(r + r_lo), whose quotient takes one correction.
 * The polynomial leaves 2^-55.82. */
GC_INLINE double gc_tangent_f64(double r, double r_lo, uint64_t k) {
    const double z = r * r;
    const double y = z * z;
    double even = -0x1.93cc3e27ceb15p-15;
    double odd = 0x1.6b1efdb1c7eefp-16;
    odd = GC_FMA64(odd, y, 0x1.90a2bd12692c8p-14);
    even = GC_FMA64(even, y, -0x1.14fb36aaa3e6cp-15);
    odd = GC_FMA64(odd, y, 0x1.283b8a0fecbc5p-13);
    even = GC_FMA64(even, y, 0x1.cd8600c1d7023p-13);
    odd = GC_FMA64(odd, y, 0x1.3865f1d4e8824p-11);
    even = GC_FMA64(even, y, 0x1.7d4e8273a6827p-10);
    odd = GC_FMA64(odd, y, 0x1.d6da44847ce75p-9);
    even = GC_FMA64(even, y, 0x1.226e0abc4564dp-7);
    odd = GC_FMA64(odd, y, 0x1.664f49ee34374p-6);
    even = GC_FMA64(even, y, 0x1.ba1ba1b2f39f4p-5);
    odd = GC_FMA64(odd, y, 0x1.111111111a296p-3);
    even = GC_FMA64(even, y, 0x1.55555555554d4p-2);
    const double p = GC_FMA64(odd, z, even);
    const double rest = GC_FMA64(r * z, p, GC_FMA64(r_lo, z, r_lo));
    const double t = r + rest;
    const double t_lo = (r - t) + rest;
    const double inverse = -1.0 / t;
    const double miss = gc_remainder_f64(1.0, -inverse, t);
    const double flipped = GC_FMA64(inverse, GC_FMA64(inverse, t_lo, miss), inverse);
    const double parity = gc_from_bits_f64(k << 63 | UINT64_C(0x3ff0000000000000));
    return parity < 0.0 ? flipped : t;
}

/* 2^-25.57. */
GC_INLINE float gc_tangent_f32(float r, float r_lo, uint32_t k) {
    const float z = r * r;
    float p = 0x1.38e900p-7f;
    p = GC_FMA32(p, z, 0x1.750146p-9f);
    p = GC_FMA32(p, z, 0x1.93086ep-6f);
    p = GC_FMA32(p, z, 0x1.b52970p-5f);
    p = GC_FMA32(p, z, 0x1.1130a6p-3f);
    p = GC_FMA32(p, z, 0x1.5554d0p-2f);
    const float rest = GC_FMA32(r * z, p, GC_FMA32(r_lo, z, r_lo));
    const float t = r + rest;
    const float t_lo = (r - t) + rest;
    const float inverse = -1.0f / t;
    const float miss = gc_remainder_f32(1.0f, -inverse, t);
    const float flipped = GC_FMA32(inverse, GC_FMA32(inverse, t_lo, miss), inverse);
    const float parity = gc_from_bits_f32(k << 31 | UINT32_C(0x3f800000));
    return parity < 0.0f ? flipped : t;
}

/* y with the sign bit of x flipped onto it. */
GC_INLINE double gc_flip_sign_f64(double y, double x) {
    return gc_from_bits_f64(gc_bits_f64(y) ^ (gc_bits_f64(x) & UINT64_C(0x8000000000000000)));
}

GC_INLINE float gc_flip_sign_f32(float y, float x) {
    return gc_from_bits_f32(gc_bits_f32(y) ^ (gc_bits_f32(x) & UINT32_C(0x80000000)));
}

GC_INLINE double gc_sin_f64(double x) {
    const gc_quarter_f64 q = gc_reduce_quarter_short_f64(__builtin_fabs(x));
    return gc_trig_fix_f64(x, gc_flip_sign_f64(gc_sine_f64(q.r, q.field), x), GC_TRIG_SIN);
}

GC_INLINE float gc_sin_f32(float x) {
    const gc_quarter_f32 q = gc_reduce_quarter_short_f32(__builtin_fabsf(x));
    return gc_trig_fix_f32(x, gc_flip_sign_f32(gc_sine_f32(q.r, q.field), x), GC_TRIG_SIN);
}

GC_INLINE double gc_cos_f64(double x) {
    const gc_quarter_f64 q = gc_reduce_quarter_short_f64(__builtin_fabs(x));
    return gc_trig_fix_f64(x, gc_sine_f64(q.r, q.field + 1), GC_TRIG_COS);
}

GC_INLINE float gc_cos_f32(float x) {
    const gc_quarter_f32 q = gc_reduce_quarter_short_f32(__builtin_fabsf(x));
    return gc_trig_fix_f32(x, gc_sine_f32(q.r, q.field + 1), GC_TRIG_COS);
}

GC_INLINE double gc_tan_f64(double x) {
    const gc_quarter_f64 q = gc_reduce_quarter_f64(__builtin_fabs(x));
    const double y = gc_tangent_f64(q.r, q.r_lo, q.field);
    return gc_trig_fix_f64(x, gc_flip_sign_f64(y, x), GC_TRIG_TAN);
}

GC_INLINE float gc_tan_f32(float x) {
    const gc_quarter_f32 q = gc_reduce_quarter_f32(__builtin_fabsf(x));
    const float y = gc_tangent_f32(q.r, q.r_lo, q.field);
    return gc_trig_fix_f32(x, gc_flip_sign_f32(y, x), GC_TRIG_TAN);
}

/* The slow path's other half: the same polynomials behind the exact reduction. */
static double gc_trig_huge_f64(double x, int which) {
    if (!(__builtin_fabs(x) < GC_INF64)) return GC_NAN64;
    double r_lo;
    unsigned k;
    const double r = gc_reduce_huge_f64(__builtin_fabs(x), &r_lo, &k);
    if (which == GC_TRIG_COS) return gc_sine_f64(r, k + 1u);
    const double y = which == GC_TRIG_SIN ? gc_sine_f64(r, k) : gc_tangent_f64(r, r_lo, k);
    return gc_flip_sign_f64(y, x);
}

#endif

/* erf and erfc.
 *
 * erf below 1: x + x P(x^2). Above: 1 - exp(-G(x)), G a polynomial for -log(erfc(x)); it may err
 * the more the smaller erfc is.
 * erfc from 1/2 on: exp(-x^2) g(q) / (1 + 2 x), q = (x - K) / (x + K), where g, the bracket of
 * Shepherd and Laframboise (1981), hardly varies from 0 to infinity; x^2 is taken in two parts.
 * Below 1/2, 1 - erf; below 0, 2 - erfc(-x).
 * All polynomials are minimax, found by the Remez exchange in 220-bit arithmetic for this file.
 * erfc hands a nan through as it is, or its sign would depend on the compiler's choice of operands.
 */
#ifndef GRADC_ERF_H
#define GRADC_ERF_H

#include "bits.h"
#include "exp.h"

/* erf(a) - a for 0 <= a <= 1, within 2^-56.91 of erf. */
GC_INLINE double gc_erf_small_f64(double a) {
    const double z = a * a;
    const double y = z * z;
    double even = 0x1.d707048426f31p-27;
    double odd = -0x1.ab7290592c162p-31;
    odd = GC_FMA64(odd, y, -0x1.5c043e718969bp-23);
    even = GC_FMA64(even, y, 0x1.b97f597b887ccp-20);
    odd = GC_FMA64(odd, y, -0x1.f4ca40e72af5cp-17);
    even = GC_FMA64(even, y, 0x1.f9a2b9d4cd958p-14);
    odd = GC_FMA64(odd, y, -0x1.c02db034bf66cp-11);
    even = GC_FMA64(even, y, 0x1.565bccf8ec153p-8);
    odd = GC_FMA64(odd, y, -0x1.b82ce311f8874p-6);
    even = GC_FMA64(even, y, 0x1.ce2f21a040c83p-4);
    odd = GC_FMA64(odd, y, -0x1.812746b0379bcp-2);
    even = GC_FMA64(even, y, 0x1.06eba8214db68p-3);
    const double p = GC_FMA64(odd, z, even);
    return a * p;
}

/* Within 2^-29.61. */
GC_INLINE float gc_erf_small_f32(float a) {
    const float z = a * a;
    float p = 0x1.493f2ap-14f;
    p = GC_FMA32(p, z, -0x1.a3e794p-11f);
    p = GC_FMA32(p, z, 0x1.54039cp-8f);
    p = GC_FMA32(p, z, -0x1.b7f8cap-6f);
    p = GC_FMA32(p, z, 0x1.ce2cf4p-4f);
    p = GC_FMA32(p, z, -0x1.81273ep-2f);
    p = GC_FMA32(p, z, 0x1.06eba8p-3f);
    return a * p;
}

/* G leaves 2^-59.47. */
GC_INLINE double gc_erf_f64(double x) {
    const double a = __builtin_fabs(x);
    const double b = a > 6.0 ? 6.0 : a;
    const double y = b * b;
    double even = -0x1.284c29684abcfp-40;
    double odd = 0x1.a6fcf42a361d6p-35;
    even = GC_FMA64(even, y, -0x1.1aa1631a67b8fp-30);
    odd = GC_FMA64(odd, y, 0x1.d54070bb5fa69p-27);
    even = GC_FMA64(even, y, -0x1.0e7f092d5f087p-23);
    odd = GC_FMA64(odd, y, 0x1.c97e8a6cb1c83p-21);
    even = GC_FMA64(even, y, -0x1.22e1cae3055ccp-18);
    odd = GC_FMA64(odd, y, 0x1.158489f7836d0p-16);
    even = GC_FMA64(even, y, -0x1.7a789a172bd02p-15);
    odd = GC_FMA64(odd, y, 0x1.27eadf38e92f7p-14);
    even = GC_FMA64(even, y, 0x1.751c2b995a10dp-15);
    odd = GC_FMA64(odd, y, -0x1.4fe471358ac15p-11);
    even = GC_FMA64(even, y, 0x1.cf93b1e0fa8c4p-10);
    odd = GC_FMA64(odd, y, -0x1.258b56dbcab9cp-12);
    even = GC_FMA64(even, y, -0x1.38952bdbd4c34p-6);
    odd = GC_FMA64(odd, y, 0x1.a4da81abd6b09p-4);
    even = GC_FMA64(even, y, 0x1.45f42904bdb7ap-1);
    odd = GC_FMA64(odd, y, 0x1.20dd56703f30dp+0);
    even = GC_FMA64(even, y, 0x1.7e5dc693a61fap-23);
    const double g = GC_FMA64(odd, b, even);
    const gc_reduced_f64 e = gc_reduce_ln2_f64(-g, 1023.0);
    const double scale = gc_from_bits_f64(e.field << 52);
    const double large = GC_FMA64(-scale, gc_exp_tail_f64(e.r), 1.0 - scale);
    const double small = a + gc_erf_small_f64(a);
    return __builtin_copysign(a < 1.0 ? small : large, x);
}

/* G leaves 2^-29.79. */
GC_INLINE float gc_erf_f32(float x) {
    const float a = __builtin_fabsf(x);
    const float b = a > 4.0f ? 4.0f : a;
    float g = -0x1.871dfcp-13f;
    g = GC_FMA32(g, b, 0x1.828414p-9f);
    g = GC_FMA32(g, b, -0x1.65e0d4p-6f);
    g = GC_FMA32(g, b, 0x1.a65ed8p-4f);
    g = GC_FMA32(g, b, 0x1.46b930p-1f);
    g = GC_FMA32(g, b, 0x1.208974p+0f);
    g = GC_FMA32(g, b, 0x1.63e8d8p-12f);
    const gc_reduced_f32 e = gc_reduce_ln2_f32(-g, 127.0f);
    const float scale = gc_from_bits_f32(e.field << 23);
    const float large = GC_FMA32(-scale, gc_exp_tail_f32(e.r), 1.0f - scale);
    const float small = a + gc_erf_small_f32(a);
    return __builtin_copysignf(a < 1.0f ? small : large, x);
}

/* g with K = 3.75 leaves 2^-56.64. */
GC_INLINE double gc_erfc_f64(double x) {
    const double a = __builtin_fabs(x);
    const double b = a > 27.5 ? 27.5 : a;
    const double q = (b - 3.75) / (b + 3.75);
    const double y = q * q;
    double even = 0x1.d21f7b9984e63p-27;
    double odd = 0x1.a6e5f9894cd06p-26;
    odd = GC_FMA64(odd, y, -0x1.0217798f83c38p-22);
    even = GC_FMA64(even, y, -0x1.85bc8e24d7839p-25);
    odd = GC_FMA64(odd, y, 0x1.d279204b6a519p-20);
    even = GC_FMA64(even, y, -0x1.07910109776bbp-20);
    odd = GC_FMA64(odd, y, -0x1.7fc76a8cda826p-17);
    even = GC_FMA64(even, y, 0x1.779b0294ddb72p-16);
    odd = GC_FMA64(odd, y, 0x1.b13f2d1ba8b10p-15);
    even = GC_FMA64(even, y, -0x1.303fe82309aa1p-12);
    odd = GC_FMA64(odd, y, 0x1.33fb45b662430p-12);
    even = GC_FMA64(even, y, 0x1.cc3a115fa4837p-10);
    odd = GC_FMA64(odd, y, -0x1.3f603c55eba80p-7);
    even = GC_FMA64(even, y, 0x1.d0b0037861d04p-6);
    odd = GC_FMA64(odd, y, -0x1.e0d0fa6d5ac01p-5);
    even = GC_FMA64(even, y, 0x1.7a14188aad935p-4);
    odd = GC_FMA64(odd, y, -0x1.bda9309a2bcc3p-4);
    even = GC_FMA64(even, y, 0x1.510169d095faep-4);
    odd = GC_FMA64(odd, y, 0x1.d5f294815b6f4p-9);
    even = GC_FMA64(even, y, -0x1.1f367683f899fp-3);
    const double h = GC_FMA64(odd, q, even);
    const double u = GC_FMA64(h, q, 0x1.c427353840af0p-54);
    const double g = 0x1.3ccda0b5d5dc2p+0 + u;
    const double g_lo = (0x1.3ccda0b5d5dc2p+0 - g) + u;
    const double d = 1.0 + 2.0 * b;
    const double inverse = 1.0 / d;
    const double ratio = g * inverse;
    const double lost_one = 1.0 - (d - 2.0 * b);
    const double lost_more = 2.0 * b - (d - 1.0);
    const double lost = 2.0 * b > 1.0 ? lost_one : lost_more;
    const double miss = gc_remainder_f64(g, ratio, d) + (g_lo - ratio * lost);
    const double square = b * b;
    const double square_lo = gc_product_error_f64(b, b, square);
    const gc_reduced_f64 e = gc_reduce_ln2_f64(-square, 2 * 1023.0);
    const uint64_t half = e.field >> 1;
    const double first = gc_from_bits_f64(half << 52);
    const double second = gc_from_bits_f64((e.field - half) << 52);
    const double r_more = e.r_lo - square_lo;
    const double r = e.r + r_more;
    const double r_lo = (e.r - r) + r_more;
    const double w = gc_exp_tail_f64(r);
    const double low = GC_FMA64(miss, inverse, ratio * r_lo) * (1.0 + w);
    const double large = (ratio + GC_FMA64(ratio, w, low)) * first * second;
    const double small = 1.0 - __builtin_copysign(a + gc_erf_small_f64(a), x);
    const int inside = a < 0.5;
    const int strange = x != x;
    const double far = x < 0.0 ? 2.0 - large : large;
    const double out = inside ? small : far;
    return strange ? x : out;
}

/* g with K = 2 leaves 2^-27.57. */
GC_INLINE float gc_erfc_f32(float x) {
    const float a = __builtin_fabsf(x);
    const float b = a > 10.5f ? 10.5f : a;
    const float q = (b - 2.0f) / (b + 2.0f);
    float h = -0x1.07e640p-12f;
    h = GC_FMA32(h, q, -0x1.46c538p-10f);
    h = GC_FMA32(h, q, 0x1.312874p-10f);
    h = GC_FMA32(h, q, 0x1.1b525ap-7f);
    h = GC_FMA32(h, q, -0x1.067366p-7f);
    h = GC_FMA32(h, q, -0x1.bc13a4p-5f);
    h = GC_FMA32(h, q, 0x1.4ff8ecp-3f);
    h = GC_FMA32(h, q, -0x1.540810p-3f);
    h = GC_FMA32(h, q, -0x1.7bf5dcp-4f);
    const float u = GC_FMA32(h, q, 0x1.c1fc84p-27f);
    const float g = 0x1.46e80ep+0f + u;
    const float g_lo = (0x1.46e80ep+0f - g) + u;
    const float d = 1.0f + 2.0f * b;
    const float inverse = 1.0f / d;
    const float ratio = g * inverse;
    const float lost_one = 1.0f - (d - 2.0f * b);
    const float lost_more = 2.0f * b - (d - 1.0f);
    const float lost = 2.0f * b > 1.0f ? lost_one : lost_more;
    const float miss = gc_remainder_f32(g, ratio, d) + (g_lo - ratio * lost);
    const float square = b * b;
    const float square_lo = gc_product_error_f32(b, b, square);
    const gc_reduced_f32 e = gc_reduce_ln2_f32(-square, 2 * 127.0f);
    const uint32_t half = e.field >> 1;
    const float first = gc_from_bits_f32(half << 23);
    const float second = gc_from_bits_f32((e.field - half) << 23);
    const float r_more = e.r_lo - square_lo;
    const float r = e.r + r_more;
    const float r_lo = (e.r - r) + r_more;
    const float w = gc_exp_tail_f32(r);
    const float low = GC_FMA32(miss, inverse, ratio * r_lo) * (1.0f + w);
    const float large = (ratio + GC_FMA32(ratio, w, low)) * first * second;
    const float small = 1.0f - __builtin_copysignf(a + gc_erf_small_f32(a), x);
    const int inside = a < 0.5f;
    const int strange = x != x;
    const float far = x < 0.0f ? 2.0f - large : large;
    const float out = inside ? small : far;
    return strange ? x : out;
}

#endif

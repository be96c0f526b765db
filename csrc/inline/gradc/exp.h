/* exp and expm1.
 *
 * x = k ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite 1980: ln 2 in two parts, the first with so
 * many zero bits at its end that k times it is exact). exp(r) - 1 = r + r^2 Q(r), Q a minimax
 * polynomial found by the Remez exchange in 200-bit arithmetic for this file, weighted with
 * r^2 / exp(r) (exp) or r^2 / expm1(r) (expm1); the error it leaves stands beside it.
 * 2^k is put together in the exponent field, for exp in two factors, because the result may be
 * denormal or 2^1024 may be wanted: the last product rounds once.
 *
 * Within one k every step is monotone in x, since the last addition of r rounds more coarsely
 * than r^2 Q(r) wavers; sigmoid and tanh rely on it.
 */
#ifndef GRADC_EXP_H
#define GRADC_EXP_H

#include "bits.h"

#define GC_LOG2E_F64 0x1.71547652b82fep+0
#define GC_LN2_HI_F64 0x1.62e42fefa3800p-1  /* 42 bits: k < 2^11 times it is exact */
#define GC_LN2_LO_F64 0x1.ef35793c76730p-45 /* ln 2 - hi */
#define GC_LOG2E_F32 0x1.715476p+0f
#define GC_LN2_HI_F32 0x1.62e4p-1f /* 16 bits: k < 2^8 times it is exact */
#define GC_LN2_LO_F32 0x1.7f7d1cp-20f

/* x = k ln 2 + r + r_lo. `field` is k + bias in its low bits, the rest of it is of no meaning. */
typedef struct gc_reduced_f64 {
    double r;
    double r_lo;
    uint64_t field;
} gc_reduced_f64;

typedef struct gc_reduced_f32 {
    float r;
    float r_lo;
    uint32_t field;
} gc_reduced_f32;

/* `bias` is a constant below 2^12: it rides on the number that rounds. |x| < 1500. */
GC_INLINE gc_reduced_f64 gc_reduce_ln2_f64(double x, double bias) {
    const double round = 0x1.8p52 + bias;
    const double t = GC_FMA64(x, GC_LOG2E_F64, round);
    const double k = t - round;
    const double head = GC_FMA64(k, -GC_LN2_HI_F64, x);
    gc_reduced_f64 out;
    out.r = GC_FMA64(k, -GC_LN2_LO_F64, head);
    out.r_lo = GC_FMA64(k, -GC_LN2_LO_F64, head - out.r);
    out.field = gc_bits_f64(t);
    return out;
}

GC_INLINE gc_reduced_f32 gc_reduce_ln2_f32(float x, float bias) {
    const float round = 0x1.8p23f + bias;
    const float t = GC_FMA32(x, GC_LOG2E_F32, round);
    const float k = t - round;
    const float head = GC_FMA32(k, -GC_LN2_HI_F32, x);
    gc_reduced_f32 out;
    out.r = GC_FMA32(k, -GC_LN2_LO_F32, head);
    out.r_lo = GC_FMA32(k, -GC_LN2_LO_F32, head - out.r);
    out.field = gc_bits_f32(t);
    return out;
}

/* exp(r) - 1 for |r| <= ln 2 / 2, within 2^-57.9 of exp(r). */
GC_INLINE double gc_exp_tail_f64(double r) {
    const double z = r * r;
    const double z2 = z * z;
    const double q01 = GC_FMA64(0x1.55555555554f9p-3, r, 0x1.000000000000ap-1);
    const double q23 = GC_FMA64(0x1.1111111127d8fp-7, r, 0x1.555555555083cp-5);
    const double q45 = GC_FMA64(0x1.a01a012a08852p-13, r, 0x1.6c16c18439c9fp-10);
    const double q67 = GC_FMA64(0x1.71df258235c19p-19, r, 0x1.a01999de9c1b4p-16);
    const double q89 = GC_FMA64(0x1.ad7fda7bd8612p-26, r, 0x1.28ad9f6d81a4ep-22);
    const double low = GC_FMA64(q23, z, q01);
    const double high = GC_FMA64(q89, z2, GC_FMA64(q67, z, q45));
    return GC_FMA64(GC_FMA64(high, z2, low), z, r);
}

/* The same within 2^-28.3. */
GC_INLINE float gc_exp_tail_f32(float r) {
    float q = 0x1.6a23e4p-10f;
    q = GC_FMA32(q, r, 0x1.123a20p-7f);
    q = GC_FMA32(q, r, 0x1.5558f2p-5f);
    q = GC_FMA32(q, r, 0x1.555492p-3f);
    q = GC_FMA32(q, r, 0x1.fffffcp-2f);
    return GC_FMA32(q, r * r, r);
}

/* exp(x): inf from 709.79 on, denormal below -708.4, 0 below -745.14. exp(0) = 1. */
GC_INLINE double gc_exp_f64(double x) {
    const gc_reduced_f64 a = gc_reduce_ln2_f64(gc_clamp_f64(x, -746.0, 710.0), 2 * 1023.0);
    const uint64_t half = a.field >> 1;
    const double first = gc_from_bits_f64(half << 52);
    const double second = gc_from_bits_f64((a.field - half) << 52);
    return GC_FMA64(gc_exp_tail_f64(a.r), first, first) * second;
}

/* inf from 88.73 on, denormal below -87.34, 0 below -103.98. */
GC_INLINE float gc_exp_f32(float x) {
    const gc_reduced_f32 a = gc_reduce_ln2_f32(gc_clamp_f32(x, -105.0f, 89.0f), 2 * 127.0f);
    const uint32_t half = a.field >> 1;
    const float first = gc_from_bits_f32(half << 23);
    const float second = gc_from_bits_f32((a.field - half) << 23);
    return GC_FMA32(gc_exp_tail_f32(a.r), first, first) * second;
}

/* exp(x) - 1 = 2^k (r + r_lo + r^2 Q(r)) + (2^k - 1), all halved so that k = 1024 is no
 * exception. The two large terms are added first. Q within 2^-61.7 of expm1(r). */
GC_INLINE double gc_expm1_f64(double x) {
    const gc_reduced_f64 a = gc_reduce_ln2_f64(gc_clamp_f64(x, -40.0, 710.0), 1022.0);
    const double half = gc_from_bits_f64(a.field << 52);
    const double z = a.r * a.r;
    double even = 0x1.1ee88f2bfa9f2p-29;
    double odd = 0x1.af5ea8bfa3447p-26;
    even = GC_FMA64(even, z, 0x1.27e5363d9ba24p-22);
    odd = GC_FMA64(odd, z, 0x1.71ddf86373607p-19);
    even = GC_FMA64(even, z, 0x1.a01a017bb41e9p-16);
    odd = GC_FMA64(odd, z, 0x1.a01a01afddad4p-13);
    even = GC_FMA64(even, z, 0x1.6c16c16c1f0d3p-10);
    odd = GC_FMA64(odd, z, 0x1.111111110f6c4p-7);
    even = GC_FMA64(even, z, 0x1.555555555553fp-5);
    odd = GC_FMA64(odd, z, 0x1.5555555555559p-3);
    even = GC_FMA64(even, z, 0.5);
    const double tail = GC_FMA64(GC_FMA64(odd, a.r, even), z, a.r_lo);
    const double sum = GC_FMA64(half, a.r, half - 0.5);
    const double y = 2.0 * GC_FMA64(half, tail, sum);
    return __builtin_fabs(x) < 0x1p-54 ? x : y; /* keeps -0.0 and the denormals */
}

/* Q within 2^-31.9 of expm1(r). */
GC_INLINE float gc_expm1_f32(float x) {
    const gc_reduced_f32 a = gc_reduce_ln2_f32(gc_clamp_f32(x, -20.0f, 89.0f), 126.0f);
    const float half = gc_from_bits_f32(a.field << 23);
    float q = 0x1.a02f2ep-13f;
    q = GC_FMA32(q, a.r, 0x1.6d7240p-10f);
    q = GC_FMA32(q, a.r, 0x1.11118cp-7f);
    q = GC_FMA32(q, a.r, 0x1.5554b0p-5f);
    q = GC_FMA32(q, a.r, 0x1.555554p-3f);
    q = GC_FMA32(q, a.r, 0.5f);
    const float tail = GC_FMA32(q, a.r * a.r, a.r_lo);
    const float sum = GC_FMA32(half, a.r, half - 0.5f);
    const float y = 2.0f * GC_FMA32(half, tail, sum);
    return __builtin_fabsf(x) < 0x1p-25f ? x : y;
}

#endif

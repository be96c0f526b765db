/* cbrt and hypot.
 *
 * cbrt: the bits of a float are nearly its logarithm, so that a constant less a third of them are
 * the bits of y = a^(-1/3) to 3.4 %. Then y (1 - e)^(-1/3), e = 1 - a y^3, by a minimax polynomial
 * (Remez exchange, made for this file; 2^-14.4, in float64 2^-19 and once more by two terms of the
 * series); then a y^2, and one Newton step on the cube root itself, which is what rounds. The
 * constant was searched for the least largest |e|, 0.102. A factor on a keeps all of it in range.
 * hypot: the longer side decides a power of two that keeps the squares in range.
 */
#ifndef GRADC_ROOT_H
#define GRADC_ROOT_H

#include "bits.h"

/* The third is taken of the upper 52 (23) bits on top of 2^52 (2^23). */
GC_INLINE double gc_cbrt_f64(double x) {
    const double a = __builtin_fabs(x);
    const int tiny = a < 0x1p-1000;
    const double m = a * (tiny ? 0x1p60 : 0x1p-6);
    const double whole = gc_from_bits_f64(gc_bits_f64(m) >> 12 | UINT64_C(0x4330000000000000));
    const double third = GC_FMA64(whole, -0x1.5555555555555p-2, 0x1.aa943eb718becp+52);
    double y = gc_from_bits_f64(gc_bits_f64(third) << 12);
    const double e = GC_FMA64(-m * y, y * y, 1.0);
    double c = 0x1.657dc224faf89p-3;
    c = GC_FMA64(c, e, 0x1.ca35633489b18p-3);
    c = GC_FMA64(c, e, 0x1.55540daab1af0p-2);
    c = GC_FMA64(c, e, 0x1.ffffbdb888dd5p-1);
    y = y * c;
    const double e2 = GC_FMA64(-m * y, y * y, 1.0);
    y = GC_FMA64(y * e2, GC_FMA64(e2, 0x1.c71c71c71c71cp-3, 0x1.5555555555555p-2), y);
    const double square = y * y;
    const double root = m * square;
    const double miss = GC_FMA64(root * root, root, -m);
    const double fine = GC_FMA64(miss * square, -0x1.5555555555555p-2, root);
    return a < GC_INF64 ? __builtin_copysign(fine * (tiny ? 0x1p-20 : 0x1p2), x) : x;
}

GC_INLINE float gc_cbrt_f32(float x) {
    const float a = __builtin_fabsf(x);
    const int tiny = a < 0x1p-100f;
    const float m = a * (tiny ? 0x1p30f : 0x1p-6f);
    const float whole = gc_from_bits_f32(gc_bits_f32(m) >> 8 | UINT32_C(0x4b000000));
    const float third = GC_FMA32(whole, -0x1.555556p-2f, 0x1.fe9942p+23f);
    float y = gc_from_bits_f32(gc_bits_f32(third) << 8);
    const float e = GC_FMA32(-m * y, y * y, 1.0f);
    y = y * GC_FMA32(GC_FMA32(0x1.ca59dep-3f, e, 0x1.56ba54p-2f), e, 0x1.ffffb2p-1f);
    const float square = y * y;
    const float root = m * square;
    const float miss = GC_FMA32(root * root, root, -m);
    const float fine = GC_FMA32(miss * square, -0x1.555556p-2f, root);
    return a < GC_INF32 ? __builtin_copysignf(fine * (tiny ? 0x1p-10f : 0x1p2f), x) : x;
}

/* inf if either is, even beside a nan. */
GC_INLINE double gc_hypot_f64(double x, double y) {
    const double ax = __builtin_fabs(x);
    const double ay = __builtin_fabs(y);
    const int first = ax > ay;
    const int infinite = (ax == GC_INF64) | (ay == GC_INF64);
    const double longer = first ? ax : ay;
    const double shorter = first ? ay : ax;
    const int large = longer > 0x1p500;
    const int small = longer < 0x1p-450;
    const double grown = small ? 0x1p600 : 1.0;
    const double scale = large ? 0x1p-600 : grown;
    const double back = gc_from_bits_f64(2 * GC_ONE_BITS_F64 - gc_bits_f64(scale)); /* 1 / scale */
    const double u = longer * scale;
    const double v = shorter * scale;
    const double out = __builtin_sqrt(GC_FMA64(u, u, v * v)) * back;
    return infinite ? GC_INF64 : out;
}

GC_INLINE float gc_hypot_f32(float x, float y) {
    const float ax = __builtin_fabsf(x);
    const float ay = __builtin_fabsf(y);
    const int first = ax > ay;
    const int infinite = (ax == GC_INF32) | (ay == GC_INF32);
    const float longer = first ? ax : ay;
    const float shorter = first ? ay : ax;
    const int large = longer > 0x1p60f;
    const int small = longer < 0x1p-50f;
    const float grown = small ? 0x1p90f : 1.0f;
    const float scale = large ? 0x1p-70f : grown;
    const float back = gc_from_bits_f32(2 * GC_ONE_BITS_F32 - gc_bits_f32(scale));
    const float u = longer * scale;
    const float v = shorter * scale;
    const float out = __builtin_sqrtf(GC_FMA32(u, u, v * v)) * back;
    return infinite ? GC_INF32 : out;
}

#endif

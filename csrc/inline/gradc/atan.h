/* atan and atan2.
 *
 * atan(q) of q = n / d >= 0 by one division: t = n / d below 1/2, (n - d) / (n + d) around 1,
 * -d / n above 2, and atan(q) = 0, pi/4 or pi/2 + t + t^3 P(t^2), |t| <= 1/2. P minimax (Remez
 * exchange in 200-bit arithmetic, made for this file, weighted with t^3 / atan(t)).
 */
#ifndef GRADC_ATAN_H
#define GRADC_ATAN_H

#include "asin.h"
#include "bits.h"

/* `turns` quarters of pi, plus t + t^3 P(t^2). P leaves 2^-57.77. */
GC_INLINE double gc_arctangent_f64(double t, double turns) {
    const double z = t * t;
    const double y = z * z;
    double even = -0x1.c1431bfdb1a28p-6;
    double odd = 0x1.4b2f131ffcb62p-7;
    odd = GC_FMA64(odd, y, 0x1.56e2dacbe3358p-5);
    even = GC_FMA64(even, y, -0x1.a391a60b7e2aap-5);
    odd = GC_FMA64(odd, y, 0x1.dfe7f2780b306p-5);
    even = GC_FMA64(even, y, -0x1.10f30247894c5p-4);
    odd = GC_FMA64(odd, y, 0x1.3b113aec9416ap-4);
    even = GC_FMA64(even, y, -0x1.745cf49cce7ccp-4);
    odd = GC_FMA64(odd, y, 0x1.c71c708f0cc89p-4);
    even = GC_FMA64(even, y, -0x1.2492492158624p-3);
    odd = GC_FMA64(odd, y, 0x1.9999999991040p-3);
    even = GC_FMA64(even, y, -0x1.5555555555515p-2);
    const double p = GC_FMA64(odd, z, even);
    const double rest = GC_FMA64(t * z, p, turns * (0.5 * GC_PI_2_LO_F64));
    return turns * (0.5 * GC_PI_2_HI_F64) + (t + rest);
}

/* P leaves 2^-27.48. */
GC_INLINE float gc_arctangent_f32(float t, float turns) {
    const float z = t * t;
    float p = -0x1.a448e4p-5f;
    p = GC_FMA32(p, z, 0x1.a01b04p-4f);
    p = GC_FMA32(p, z, -0x1.224cb8p-3f);
    p = GC_FMA32(p, z, 0x1.997b40p-3f);
    p = GC_FMA32(p, z, -0x1.555512p-2f);
    const float rest = GC_FMA32(t * z, p, turns * (0.5f * GC_PI_2_LO_F32));
    return turns * (0.5f * GC_PI_2_HI_F32) + (t + rest);
}

GC_INLINE double gc_atan_f64(double x) {
    const double a = __builtin_fabs(x);
    const int middle = a > 0.5;
    const int large = a > 2.0;
    const double quarters = middle ? 1.0 : 0.0;
    const double n = (large ? 0.0 : a) - quarters;
    const double d = (middle ? a : 0.0) + (large ? 0.0 : 1.0);
    const double turns = quarters + (large ? 1.0 : 0.0);
    return __builtin_copysign(gc_arctangent_f64(n / d, turns), x);
}

GC_INLINE float gc_atan_f32(float x) {
    const float a = __builtin_fabsf(x);
    const int middle = a > 0.5f;
    const int large = a > 2.0f;
    const float quarters = middle ? 1.0f : 0.0f;
    const float n = (large ? 0.0f : a) - quarters;
    const float d = (middle ? a : 0.0f) + (large ? 0.0f : 1.0f);
    const float turns = quarters + (large ? 1.0f : 0.0f);
    return __builtin_copysignf(gc_arctangent_f32(n / d, turns), x);
}

/* The angle of the point (x, y). Lengths are scaled so that the sum of two neither overflows nor
 * loses digits as a denormal; 0 / 0 counts as 0 and inf / inf as 1, as C11 annex F wants.
 * Of the angle in the first octant, 0 .. pi/4, there follow: its complement where |y| > |x|, its
 * supplement where x < 0, the sign of y. */
GC_INLINE double gc_atan2_f64(double y, double x) {
    const double ax = __builtin_fabs(x);
    const double ay = __builtin_fabs(y);
    const int steep = ay > ax;
    const double longer = steep ? ay : ax;
    const double shorter = steep ? ax : ay;
    const int far = longer > 0x1p1000;
    const int near = longer < 0x1p-900;
    const double grown = near ? 0x1p120 : 1.0;
    const double scale = far ? 0x1p-60 : grown;
    const double u = longer * scale;
    const double v = shorter * scale;
    const int middle = v + v > u;
    const int same = ax == ay;
    const double n = v - (middle ? u : 0.0);
    const double d = u + (middle ? v : 0.0);
    const double both = same ? 0.0 : n; /* 0, 0 and inf, inf, and pi/4 exactly */
    const double t = both / (same ? 1.0 : d);
    const double octant = (middle | (same & (ax > 0.0))) ? 1.0 : 0.0;
    const int left = __builtin_copysign(1.0, x) < 0.0;
    const int back = steep != left;
    const double side = left ? 4.0 : 0.0;
    const double base = steep ? 2.0 : side;
    const double turns = back ? base - octant : base + octant;
    const double angle = gc_arctangent_f64(back ? -t : t, turns);
    return x != x ? x : __builtin_copysign(angle, y);
}

GC_INLINE float gc_atan2_f32(float y, float x) {
    const float ax = __builtin_fabsf(x);
    const float ay = __builtin_fabsf(y);
    const int steep = ay > ax;
    const float longer = steep ? ay : ax;
    const float shorter = steep ? ax : ay;
    const int far = longer > 0x1p120f;
    const int near = longer < 0x1p-90f;
    const float grown = near ? 0x1p60f : 1.0f;
    const float scale = far ? 0x1p-30f : grown;
    const float u = longer * scale;
    const float v = shorter * scale;
    const int middle = v + v > u;
    const int same = ax == ay;
    const float n = v - (middle ? u : 0.0f);
    const float d = u + (middle ? v : 0.0f);
    const float both = same ? 0.0f : n;
    const float t = both / (same ? 1.0f : d);
    const float octant = (middle | (same & (ax > 0.0f))) ? 1.0f : 0.0f;
    const int left = __builtin_copysignf(1.0f, x) < 0.0f;
    const int back = steep != left;
    const float side = left ? 4.0f : 0.0f;
    const float base = steep ? 2.0f : side;
    const float turns = back ? base - octant : base + octant;
    const float angle = gc_arctangent_f32(back ? -t : t, turns);
    return x != x ? x : __builtin_copysignf(angle, y);
}

#endif

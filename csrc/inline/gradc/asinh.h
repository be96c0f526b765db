/* asinh, acosh and atanh: log1p of an argument with its last bits.
 *
 * asinh(a) = log1p(a + a^2 / (1 + sqrt(1 + a^2))),
 * acosh(x) = log1p(d + sqrt(d (d + 2))) with d = x - 1, which is exact,
 * atanh(a) = log1p(2 a / (1 - a)) / 2 (Kahan 1987, "Branch cuts for complex elementary functions",
 * has the forms). The rounding error t_lo of the argument t is carried into the logarithm as
 * t_lo / (1 + t), near enough.
 */
#ifndef GRADC_ASINH_H
#define GRADC_ASINH_H

#include "bits.h"
#include "log.h"

/* From here on 1 + a is a to all digits, and log(2 a) = log(a) + log(2) is taken instead. */
#define GC_ASINH_LARGE_F64 0x1p55
#define GC_ASINH_LARGE_F32 0x1p26f

GC_INLINE double gc_asinh_f64(double x) {
    const double a = __builtin_fabs(x);
    const int large = a >= GC_ASINH_LARGE_F64;
    const double b = large ? 0.0 : a;
    const double part = b * b / (1.0 + __builtin_sqrt(GC_FMA64(b, b, 1.0)));
    const double t = a + part;
    const double t_lo = (a - t) + part;
    const double y = gc_log1p_sum_f64(t, large ? 0.0 : t_lo / (1.0 + t), large ? 1.0 : 0.0);
    return __builtin_copysign(a < 0x1p-27 || !(a < GC_INF64) ? a : y, x);
}

GC_INLINE float gc_asinh_f32(float x) {
    const float a = __builtin_fabsf(x);
    const int large = a >= GC_ASINH_LARGE_F32;
    const float b = large ? 0.0f : a;
    const float part = b * b / (1.0f + __builtin_sqrtf(GC_FMA32(b, b, 1.0f)));
    const float t = a + part;
    const float t_lo = (a - t) + part;
    const float y = gc_log1p_sum_f32(t, large ? 0.0f : t_lo / (1.0f + t), large ? 1.0f : 0.0f);
    return __builtin_copysignf(a < 0x1p-13f || !(a < GC_INF32) ? a : y, x);
}

/* nan below 1. */
GC_INLINE double gc_acosh_f64(double x) {
    const int large = x >= GC_ASINH_LARGE_F64;
    const double d = x - 1.0;
    const double b = large ? 0.0 : d;
    const double v = GC_FMA64(b, b, 2.0 * b);
    const double root = __builtin_sqrt(v);
    const double t = large ? x : d + root;
    const double t_lo = large ? 0.0 : (root > d ? (root - t) + d : (d - t) + root);
    const double miss = gc_remainder_f64(v, root, root) + GC_FMA64(b, b, 2.0 * b - v);
    /* t_lo and half of miss / root; root is 0 only where miss is */
    const double low = GC_FMA64(t_lo, root, 0.5 * miss) / GC_FMA64(root, t, root + 0x1p-500);
    const double y = gc_log1p_sum_f64(t, low, large ? 1.0 : 0.0);
    return x < 1.0 ? GC_NAN64 : (x < GC_INF64 ? y : x);
}

GC_INLINE float gc_acosh_f32(float x) {
    const int large = x >= GC_ASINH_LARGE_F32;
    const float d = x - 1.0f;
    const float b = large ? 0.0f : d;
    const float v = GC_FMA32(b, b, 2.0f * b);
    const float root = __builtin_sqrtf(v);
    const float t = large ? x : d + root;
    const float t_lo = large ? 0.0f : (root > d ? (root - t) + d : (d - t) + root);
    const float miss = gc_remainder_f32(v, root, root) + GC_FMA32(b, b, 2.0f * b - v);
    /* t_lo and half of miss / root; root is 0 only where miss is */
    const float low = GC_FMA32(t_lo, root, 0.5f * miss) / GC_FMA32(root, t, root + 0x1p-60f);
    const float y = gc_log1p_sum_f32(t, low, large ? 1.0f : 0.0f);
    return x < 1.0f ? GC_NAN32 : (x < GC_INF32 ? y : x);
}

/* inf at 1, nan above. 1 / (1 + a) is approximated. */
GC_INLINE double gc_atanh_f64(double x) {
    const double a = __builtin_fabs(x);
    const double d = 1.0 - a;
    const double d_lo = (1.0 - d) - a;
    const double t = 2.0 * a / d;
    const double t_lo = gc_remainder_f64(2.0 * a, t, d) - t * d_lo;
    const double low = t_lo * (1.0 - a * (0.95 - 0.45 * a));
    const double y = 0.5 * gc_log1p_sum_f64(t, low, 0.0);
    const double safe = a < 0x1p-27 ? a : y;
    return __builtin_copysign(a < 1.0 ? safe : (a == 1.0 ? GC_INF64 : GC_NAN64), x);
}

GC_INLINE float gc_atanh_f32(float x) {
    const float a = __builtin_fabsf(x);
    const float d = 1.0f - a;
    const float d_lo = (1.0f - d) - a;
    const float t = 2.0f * a / d;
    const float t_lo = gc_remainder_f32(2.0f * a, t, d) - t * d_lo;
    const float low = t_lo * (1.0f - a * (0.95f - 0.45f * a));
    const float y = 0.5f * gc_log1p_sum_f32(t, low, 0.0f);
    const float safe = a < 0x1p-13f ? a : y;
    return __builtin_copysignf(a < 1.0f ? safe : (a == 1.0f ? GC_INF32 : GC_NAN32), x);
}

#endif

/* cbrt and hypot.
 *
 * cbrt: a = 2^(3 q) m with 2^-1.5 <= m < 2^1.5; y = m^(-1/3) from a minimax polynomial (made for
 * this file by the Remez exchange) and one step of third order; then m y^2, and one Newton step on
 * the cube root itself, which is what rounds.
 * hypot: the longer side decides a power of two that keeps the squares in range.
 */
#ifndef GRADC_ROOT_H
#define GRADC_ROOT_H

#include "bits.h"
#include "log.h"

GC_INLINE double gc_cbrt_f64(double x) {
    const double a = __builtin_fabs(x);
    const gc_split_f64 s = gc_split_pow2_f64(a);
    const double c = s.f + 1.0;
    const double round = 0x1.8p52 + 1023.0;
    const double t = GC_FMA64(s.k, 0x1.5555555555555p-2, round);
    const double j = s.k - 3.0 * (t - round); /* -1, 0, 1 */
    const double m = c * (j > 0.0 ? 2.0 : (j < 0.0 ? 0.5 : 1.0));
    const double unit = j > 0.0 ? 0x1.965fea53d6e3dp-1 : (j < 0.0 ? 0x1.428a2f98d728bp+0 : 1.0);
    double p = 0x1.06ba160e1cd71p-3;
    p = GC_FMA64(p, c, -0x1.677d098b84e94p-1);
    p = GC_FMA64(p, c, 0x1.8fa15d6fd40f3p+0);
    p = GC_FMA64(p, c, -0x1.dc9cf95ae6266p+0);
    p = GC_FMA64(p, c, 0x1.dfe14e7faeb2ap+0);
    double y = p * unit;
    const double e = 1.0 - m * y * y * y;
    y = GC_FMA64(y * e, GC_FMA64(e, 0x1.c71c71c71c71cp-3, 0x1.5555555555555p-2), y);
    const double root = m * y * y;
    const double miss = GC_FMA64(root * root, root, -m);
    const double fine = GC_FMA64(miss * (y * y), -0x1.5555555555555p-2, root);
    const double out = fine * gc_from_bits_f64(gc_bits_f64(t) << 52);
    return a > 0.0 && a < GC_INF64 ? __builtin_copysign(out, x) : x;
}

GC_INLINE float gc_cbrt_f32(float x) {
    const float a = __builtin_fabsf(x);
    const gc_split_f32 s = gc_split_pow2_f32(a);
    const float c = s.f + 1.0f;
    const float round = 0x1.8p23f + 127.0f;
    const float t = GC_FMA32(s.k, 0x1.555556p-2f, round);
    const float j = s.k - 3.0f * (t - round);
    const float m = c * (j > 0.0f ? 2.0f : (j < 0.0f ? 0.5f : 1.0f));
    const float unit = j > 0.0f ? 0x1.965feap-1f : (j < 0.0f ? 0x1.428a3p+0f : 1.0f);
    float p = 0x1.ad1976p-3f;
    p = GC_FMA32(p, c, -0x1.88b7a2p-1f);
    p = GC_FMA32(p, c, 0x1.8ee11ep+0f);
    float y = p * unit;
    const float e = 1.0f - m * y * y * y;
    y = GC_FMA32(y * e, GC_FMA32(e, 0x1.c71c72p-3f, 0x1.555556p-2f), y);
    const float root = m * y * y;
    const float miss = GC_FMA32(root * root, root, -m);
    const float fine = GC_FMA32(miss * (y * y), -0x1.555556p-2f, root);
    const float out = fine * gc_from_bits_f32(gc_bits_f32(t) << 23);
    return a > 0.0f && a < GC_INF32 ? __builtin_copysignf(out, x) : x;
}

/* inf if either is, even beside a nan. */
GC_INLINE double gc_hypot_f64(double x, double y) {
    const double ax = __builtin_fabs(x);
    const double ay = __builtin_fabs(y);
    const double longer = ax > ay ? ax : ay;
    const double shorter = ax > ay ? ay : ax;
    const int large = longer > 0x1p500;
    const int small = longer < 0x1p-450;
    const double scale = large ? 0x1p-600 : (small ? 0x1p600 : 1.0);
    const double back = large ? 0x1p600 : (small ? 0x1p-600 : 1.0);
    const double u = longer * scale;
    const double v = shorter * scale;
    const double out = __builtin_sqrt(GC_FMA64(u, u, v * v)) * back;
    return ax == GC_INF64 || ay == GC_INF64 ? GC_INF64 : out;
}

GC_INLINE float gc_hypot_f32(float x, float y) {
    const float ax = __builtin_fabsf(x);
    const float ay = __builtin_fabsf(y);
    const float longer = ax > ay ? ax : ay;
    const float shorter = ax > ay ? ay : ax;
    const int large = longer > 0x1p60f;
    const int small = longer < 0x1p-50f;
    const float scale = large ? 0x1p-70f : (small ? 0x1p90f : 1.0f);
    const float back = large ? 0x1p70f : (small ? 0x1p-90f : 1.0f);
    const float u = longer * scale;
    const float v = shorter * scale;
    const float out = __builtin_sqrtf(GC_FMA32(u, u, v * v)) * back;
    return ax == GC_INF32 || ay == GC_INF32 ? GC_INF32 : out;
}

#endif

/* asin and acos.
 *
 * asin(t) = t + t^3 P(t^2) for t <= 1/2. Above, t = sqrt((1 - a) / 2), whose argument is exact:
 * asin(a) = pi/2 - 2 asin(t), acos(a) = 2 asin(t). pi/2 is added in two parts. P minimax (Remez
 * exchange in 200-bit arithmetic, made for this file, weighted with t^3 / asin(t)).
 */
#ifndef GRADC_ASIN_H
#define GRADC_ASIN_H

#include "bits.h"

#define GC_PI_2_HI_F64 0x1.921fb54442d18p+0
#define GC_PI_2_LO_F64 0x1.1a62633145c07p-54
#define GC_PI_2_HI_F32 0x1.921fb6p+0f
#define GC_PI_2_LO_F32 -0x1.777a5cp-25f

/* t and t^3 P(t^2); `large`: a > 1/2. nan for a > 1. */
typedef struct gc_arc_f64 {
    double t;
    double rest;
    int large;
} gc_arc_f64;

typedef struct gc_arc_f32 {
    float t;
    float rest;
    int large;
} gc_arc_f32;

/* P leaves 2^-55.88. */
GC_INLINE gc_arc_f64 gc_arcsine_f64(double a) {
    gc_arc_f64 out;
    out.large = a > 0.5;
    const double z = out.large ? 0.5 - 0.5 * a : a * a;
    out.t = out.large ? __builtin_sqrt(z) : a;
    const double y = z * z;
    double even = -0x1.0ae2b0ba465c8p-6;
    double odd = 0x1.05cc1c3466a83p-5;
    odd = GC_FMA64(odd, y, 0x1.409e8e86fa731p-6);
    even = GC_FMA64(even, y, 0x1.aadbd7f31ace6p-8);
    odd = GC_FMA64(odd, y, 0x1.8ede8e3223ab3p-7);
    even = GC_FMA64(even, y, 0x1.c6f9a6f5684fcp-7);
    odd = GC_FMA64(odd, y, 0x1.1c6c158603d91p-6);
    even = GC_FMA64(even, y, 0x1.6e89f0e7cd3fap-6);
    odd = GC_FMA64(odd, y, 0x1.f1c72c5b922d4p-6);
    even = GC_FMA64(even, y, 0x1.6db6db4212e70p-5);
    odd = GC_FMA64(odd, y, 0x1.333333336f1a0p-4);
    even = GC_FMA64(even, y, 0x1.555555555538bp-3);
    const double p = GC_FMA64(odd, z, even);
    out.rest = out.t * (z * p);
    return out;
}

/* P leaves 2^-27.61. */
GC_INLINE gc_arc_f32 gc_arcsine_f32(float a) {
    gc_arc_f32 out;
    out.large = a > 0.5f;
    const float z = out.large ? 0.5f - 0.5f * a : a * a;
    out.t = out.large ? __builtin_sqrtf(z) : a;
    float p = 0x1.599f52p-5f;
    p = GC_FMA32(p, z, 0x1.8bf0f6p-6f);
    p = GC_FMA32(p, z, 0x1.74837ap-5f);
    p = GC_FMA32(p, z, 0x1.3301b4p-4f);
    p = GC_FMA32(p, z, 0x1.5555cap-3f);
    out.rest = out.t * (z * p);
    return out;
}

GC_INLINE double gc_asin_f64(double x) {
    const gc_arc_f64 s = gc_arcsine_f64(__builtin_fabs(x));
    const double head = GC_PI_2_HI_F64 - 2.0 * s.t;
    const double lost = (GC_PI_2_HI_F64 - head) - 2.0 * s.t; /* half an ulp once less is left */
    const double large = head - (2.0 * s.rest - (GC_PI_2_LO_F64 + lost));
    return __builtin_copysign(s.large ? large : s.t + s.rest, x);
}

GC_INLINE float gc_asin_f32(float x) {
    const gc_arc_f32 s = gc_arcsine_f32(__builtin_fabsf(x));
    const float head = GC_PI_2_HI_F32 - 2.0f * s.t;
    const float lost = (GC_PI_2_HI_F32 - head) - 2.0f * s.t;
    const float large = head - (2.0f * s.rest - (GC_PI_2_LO_F32 + lost));
    return __builtin_copysignf(s.large ? large : s.t + s.rest, x);
}

/* (base - t) - rest with base = 0 (x > 1/2, both negated), pi/2 or pi. */
GC_INLINE double gc_acos_f64(double x) {
    const gc_arc_f64 s = gc_arcsine_f64(__builtin_fabs(x));
    const double signed_t = __builtin_copysign(s.large ? 2.0 * s.t : s.t, x);
    const double signed_rest = __builtin_copysign(s.large ? 2.0 * s.rest : s.rest, x);
    const double turns = s.large ? (x < 0.0 ? 2.0 : 0.0) : 1.0; /* quarters */
    const double sign = s.large ? -1.0 : 1.0;
    const double t = sign * signed_t;
    const double rest = sign * signed_rest;
    return (turns * GC_PI_2_HI_F64 - t) - (rest - turns * GC_PI_2_LO_F64);
}

GC_INLINE float gc_acos_f32(float x) {
    const gc_arc_f32 s = gc_arcsine_f32(__builtin_fabsf(x));
    const float signed_t = __builtin_copysignf(s.large ? 2.0f * s.t : s.t, x);
    const float signed_rest = __builtin_copysignf(s.large ? 2.0f * s.rest : s.rest, x);
    const float turns = s.large ? (x < 0.0f ? 2.0f : 0.0f) : 1.0f;
    const float sign = s.large ? -1.0f : 1.0f;
    const float t = sign * signed_t;
    const float rest = sign * signed_rest;
    return (turns * GC_PI_2_HI_F32 - t) - (rest - turns * GC_PI_2_LO_F32);
}

#endif

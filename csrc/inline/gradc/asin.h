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
    const double half = 0.5 - 0.5 * a;
    const double square = a * a;
    const double z = out.large ? half : square;
    const double root = __builtin_sqrt(z);
    out.t = out.large ? root : a;
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
    const float half = 0.5f - 0.5f * a;
    const float square = a * a;
    const float z = out.large ? half : square;
    const float root = __builtin_sqrtf(z);
    out.t = out.large ? root : a;
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
    const double a = __builtin_fabs(x);
    const gc_arc_f64 s = gc_arcsine_f64(a);
    /* as a number, and not from a compare: gcc would take the polynomial apart for both cases */
    const double large = 0.5 - __builtin_copysign(0.5, 0.5 - a);
    const double side = GC_FMA64(-2.0 * large, x, x);
    const double t = __builtin_copysign(GC_FMA64(s.t, large, s.t), side);
    const double rest = __builtin_copysign(GC_FMA64(s.rest, large, s.rest), side);
    const double turns = 1.0 - large * __builtin_copysign(1.0, x);
    return (turns * GC_PI_2_HI_F64 - t) - (rest - turns * GC_PI_2_LO_F64);
}

GC_INLINE float gc_acos_f32(float x) {
    const float a = __builtin_fabsf(x);
    const gc_arc_f32 s = gc_arcsine_f32(a);
    const float large = 0.5f - __builtin_copysignf(0.5f, 0.5f - a);
    const float side = GC_FMA32(-2.0f * large, x, x);
    const float t = __builtin_copysignf(GC_FMA32(s.t, large, s.t), side);
    const float rest = __builtin_copysignf(GC_FMA32(s.rest, large, s.rest), side);
    const float turns = 1.0f - large * __builtin_copysignf(1.0f, x);
    return (turns * GC_PI_2_HI_F32 - t) - (rest - turns * GC_PI_2_LO_F32);
}

#endif

/* sinc(x) = sin(pi x) / (pi x), 1 at 0 and exactly 0 at the other whole numbers, and its slope.
 *
 * pi x is reduced by whole numbers, without error.  The slope (cos(pi x) - sinc(x)) / x cancels near
 * 0: below 3/4 it is x times a polynomial in x^2, an interpolant at Chebyshev nodes in 200-bit
 * arithmetic, for this file.  float32 is computed in float64 and rounded.
 */
#ifndef GRADC_SINC_H
#define GRADC_SINC_H

#include "bits.h"
#include "trig.h"

/* sin(pi x) for x >= 0 and quarter = 0, cos(pi x) for 1; nan at infinities. */
GC_INLINE double gc_turn_f64(double x, uint64_t quarter) {
    const double b = x - 2.0 * __builtin_floor(0.5 * x);
    const double t = b + 0x1p51; /* rounds to halves, and leaves their number in its low bits */
    const double f = b - (t - 0x1p51);
    return gc_sine_f64(0x1.921fb54442d18p+1 * f, gc_bits_f64(t) + quarter);
}

/* even: of |x| */
GC_INLINE double gc_sinc_f64(double x) {
    const double a = __builtin_fabs(x);
    const double y = gc_turn_f64(a, 0) / (0x1.921fb54442d18p+1 * a);
    const double seen = a == GC_INF64 ? 0.0 : y;
    return a < 0x1p-28 ? 1.0 : seen;
}

GC_INLINE double gc_sinc_slope_f64(double x) {
    const double z = x * x;
    double p = 0x1.6164c2f59df67p-40;
    p = GC_FMA64(p, z, -0x1.43874dcbff59dp-34);
    p = GC_FMA64(p, z, 0x1.d7d3c5941d681p-29);
    p = GC_FMA64(p, z, -0x1.1a5c841e31213p-23);
    p = GC_FMA64(p, z, 0x1.0fc992eda770ap-18);
    p = GC_FMA64(p, z, -0x1.99a005b751b9fp-14);
    p = GC_FMA64(p, z, 0x1.d2eaa6f80cb4p-10);
    p = GC_FMA64(p, z, -0x1.8061c54d78986p-6);
    p = GC_FMA64(p, z, 0x1.ac6805cf350a6p-3);
    p = GC_FMA64(p, z, -0x1.24feab558a48dp+0);
    p = GC_FMA64(p, z, 0x1.9f9cb402bc46cp+1);
    p = GC_FMA64(p, z, -0x1.a51a6625307d3p+1);
    const double y = (gc_turn_f64(__builtin_fabs(x), 1) - gc_sinc_f64(x)) / x;
    const double far = __builtin_fabs(x) == GC_INF64 ? 0.0 : y;
    return __builtin_fabs(x) < 0.75 ? x * p : far;
}

GC_INLINE float gc_sinc_f32(float x) {
    return (float)gc_sinc_f64((double)x);
}

GC_INLINE float gc_sinc_slope_f32(float x) {
    return (float)gc_sinc_slope_f64((double)x);
}

#endif

/* The modified Bessel functions I0 and I1, and both times exp(-|x|).
 *
 * Up to 8 their series (DLMF 10.25.2), all of whose terms are positive.  Above, sqrt(x) exp(-x) I(x) is
 * a polynomial in 1/x in two parts, interpolants at Chebyshev nodes computed in 250-bit arithmetic for
 * this file.  float32 is computed in float64 and rounded.
 */
#ifndef GRADC_BESSEL_MODIFIED_H
#define GRADC_BESSEL_MODIFIED_H

#include "bits.h"
#include "exp.h"

/* its series' first terms, t = x^2/4 <= 16 */
GC_INLINE double gc_i0_low_f64(double t) {
    double p = 0x1.1159d2b18fe1fp-149;
    p = GC_FMA64(p, t, 0x1.1a6d4e307528fp-140);
    p = GC_FMA64(p, t, 0x1.0afb53e9cec0bp-131);
    p = GC_FMA64(p, t, 0x1.cbeaf38dc529fp-123);
    p = GC_FMA64(p, t, 0x1.674f8e46c208cp-114);
    p = GC_FMA64(p, t, 0x1.faaf2fa1c79e5p-106);
    p = GC_FMA64(p, t, 0x1.40a2dc2460523p-97);
    p = GC_FMA64(p, t, 0x1.69f7da8510bcdp-89);
    p = GC_FMA64(p, t, 0x1.69f7da8510bcdp-81);
    p = GC_FMA64(p, t, 0x1.3e22d70ef3b5fp-73);
    p = GC_FMA64(p, t, 0x1.e725594ee52e9p-66);
    p = GC_FMA64(p, t, 0x1.4197a7f5154bcp-58);
    p = GC_FMA64(p, t, 0x1.69ca9cf3b7f54p-51);
    p = GC_FMA64(p, t, 0x1.5601885e63e5dp-44);
    p = GC_FMA64(p, t, 0x1.0b313289be0b9p-37);
    p = GC_FMA64(p, t, 0x1.522a43f65486ap-31);
    p = GC_FMA64(p, t, 0x1.522a43f65486ap-25);
    p = GC_FMA64(p, t, 0x1.02e85c0898b71p-19);
    p = GC_FMA64(p, t, 0x1.23456789abcdfp-14);
    p = GC_FMA64(p, t, 0x1.c71c71c71c71cp-10);
    p = GC_FMA64(p, t, 0x1.c71c71c71c71cp-6);
    p = GC_FMA64(p, t, 0x1.0000000000000p-2);
    p = GC_FMA64(p, t, 0x1.0000000000000p+0);
    p = GC_FMA64(p, t, 0x1.0000000000000p+0);
    return p;
}

/* its series' first terms, t = x^2/4 <= 16 */
GC_INLINE double gc_i1_low_f64(double t) {
    double p = 0x1.88f11edf3ed4cp-145;
    p = GC_FMA64(p, t, 0x1.84564b82a1184p-136);
    p = GC_FMA64(p, t, 0x1.5e69de22df5cep-127);
    p = GC_FMA64(p, t, 0x1.1f72d8389b3a3p-118);
    p = GC_FMA64(p, t, 0x1.aaae78f4066a6p-110);
    p = GC_FMA64(p, t, 0x1.1d028acb00491p-101);
    p = GC_FMA64(p, t, 0x1.54ad09e6a6575p-93);
    p = GC_FMA64(p, t, 0x1.69f7da8510bcdp-85);
    p = GC_FMA64(p, t, 0x1.53585cdcbfb10p-77);
    p = GC_FMA64(p, t, 0x1.165e7c2d153f3p-69);
    p = GC_FMA64(p, t, 0x1.8bce58901a35ep-62);
    p = GC_FMA64(p, t, 0x1.e2637bef9ff1ap-55);
    p = GC_FMA64(p, t, 0x1.f17697cf1cf13p-48);
    p = GC_FMA64(p, t, 0x1.ab81ea75fcdf4p-41);
    p = GC_FMA64(p, t, 0x1.2c9758daf5cd0p-34);
    p = GC_FMA64(p, t, 0x1.522a43f65486ap-28);
    p = GC_FMA64(p, t, 0x1.27e4fb7789f5cp-22);
    p = GC_FMA64(p, t, 0x1.845c8a0ce5129p-17);
    p = GC_FMA64(p, t, 0x1.6c16c16c16c17p-12);
    p = GC_FMA64(p, t, 0x1.c71c71c71c71cp-8);
    p = GC_FMA64(p, t, 0x1.5555555555555p-4);
    p = GC_FMA64(p, t, 0x1.0000000000000p-1);
    p = GC_FMA64(p, t, 0x1.0000000000000p+0);
    return p;
}

/* within 2^-54.9, u = (1/x - 5/64) 64/3 */
GC_INLINE double gc_i0_mid_f64(double u) {
    double p = 0x1.21283cc32b3a3p-39;
    p = GC_FMA64(p, u, -0x1.fd257d7f9975fp-39);
    p = GC_FMA64(p, u, -0x1.ed408297ab2bap-37);
    p = GC_FMA64(p, u, 0x1.09922cee13cb3p-35);
    p = GC_FMA64(p, u, 0x1.b4041401413bcp-35);
    p = GC_FMA64(p, u, -0x1.2c784a0dddebfp-33);
    p = GC_FMA64(p, u, -0x1.4fdfb7130e968p-33);
    p = GC_FMA64(p, u, 0x1.020fec68df668p-31);
    p = GC_FMA64(p, u, 0x1.62018896508c7p-31);
    p = GC_FMA64(p, u, -0x1.4726f97a76ad2p-30);
    p = GC_FMA64(p, u, -0x1.d6fa6a3ab59f3p-29);
    p = GC_FMA64(p, u, -0x1.60533e7e95bb8p-30);
    p = GC_FMA64(p, u, 0x1.3e9d72b6d26a8p-27);
    p = GC_FMA64(p, u, 0x1.27a984a8da35ap-25);
    p = GC_FMA64(p, u, 0x1.ff05988ffcf5ep-24);
    p = GC_FMA64(p, u, 0x1.4e08e0dba09c5p-21);
    p = GC_FMA64(p, u, 0x1.6bb887d4a548ap-18);
    p = GC_FMA64(p, u, 0x1.56873e4b0aefcp-14);
    p = GC_FMA64(p, u, 0x1.5144211191f06p-9);
    p = GC_FMA64(p, u, 0x1.9cb2accf14128p-2);
    return p;
}

/* within 2^-54.6, u = 64/x - 1 */
GC_INLINE double gc_i0_far_f64(double u) {
    double p = 0x1.8f73c2b42766dp-74;
    p = GC_FMA64(p, u, 0x1.10eaf4105a833p-71);
    p = GC_FMA64(p, u, 0x1.62abb45b76301p-69);
    p = GC_FMA64(p, u, 0x1.2f080133fbac7p-66);
    p = GC_FMA64(p, u, 0x1.1efed8d415f1ap-63);
    p = GC_FMA64(p, u, 0x1.2ad9446932ba8p-60);
    p = GC_FMA64(p, u, 0x1.5b2e2b5f7ccd9p-57);
    p = GC_FMA64(p, u, 0x1.c561a3bb0667fp-54);
    p = GC_FMA64(p, u, 0x1.4fc9daecdb0fep-50);
    p = GC_FMA64(p, u, 0x1.1d5d15d2d8801p-46);
    p = GC_FMA64(p, u, 0x1.1a6a987057ca3p-42);
    p = GC_FMA64(p, u, 0x1.4be8555a1fe3dp-38);
    p = GC_FMA64(p, u, 0x1.dbc1c0a79cbe5p-34);
    p = GC_FMA64(p, u, 0x1.b0369a39c7ff7p-29);
    p = GC_FMA64(p, u, 0x1.083db97eabd53p-23);
    p = GC_FMA64(p, u, 0x1.e327f1def4443p-18);
    p = GC_FMA64(p, u, 0x1.9fe105fd8456fp-11);
    p = GC_FMA64(p, u, 0x1.995268a5ff4dfp-2);
    return p;
}

/* within 2^-54.4, u = (1/x - 5/64) 64/3 */
GC_INLINE double gc_i1_mid_f64(double u) {
    double p = -0x1.20dd2f218375ap-39;
    p = GC_FMA64(p, u, 0x1.0e7b459b1a670p-38);
    p = GC_FMA64(p, u, 0x1.e8641fa93d9abp-37);
    p = GC_FMA64(p, u, -0x1.19758c67db8e8p-35);
    p = GC_FMA64(p, u, -0x1.a9d600e4ab37bp-35);
    p = GC_FMA64(p, u, 0x1.3e822b780e75ep-33);
    p = GC_FMA64(p, u, 0x1.45bc72c812937p-33);
    p = GC_FMA64(p, u, -0x1.13dd6f3bbdca6p-31);
    p = GC_FMA64(p, u, -0x1.61326ba32c5e4p-31);
    p = GC_FMA64(p, u, 0x1.68dac085ab206p-30);
    p = GC_FMA64(p, u, 0x1.ed4678c7630d9p-29);
    p = GC_FMA64(p, u, 0x1.3618459e88e42p-30);
    p = GC_FMA64(p, u, -0x1.64cca478f25bep-27);
    p = GC_FMA64(p, u, -0x1.492b65a4c524cp-25);
    p = GC_FMA64(p, u, -0x1.25ad0e6e5677ap-23);
    p = GC_FMA64(p, u, -0x1.96c17fe7ca1b4p-21);
    p = GC_FMA64(p, u, -0x1.e4f8009a676e0p-18);
    p = GC_FMA64(p, u, -0x1.10cf6ca9ede35p-13);
    p = GC_FMA64(p, u, -0x1.e4be66c96fdfcp-8);
    p = GC_FMA64(p, u, 0x1.8c3bdda660b67p-2);
    return p;
}

/* within 2^-57.9, u = 64/x - 1 */
GC_INLINE double gc_i1_far_f64(double u) {
    double p = -0x1.a32330bb53260p-74;
    p = GC_FMA64(p, u, -0x1.1f7e67726981dp-71);
    p = GC_FMA64(p, u, -0x1.77bfa0c414e1ap-69);
    p = GC_FMA64(p, u, -0x1.429865645ee12p-66);
    p = GC_FMA64(p, u, -0x1.333284be220c6p-63);
    p = GC_FMA64(p, u, -0x1.41facd17c17fep-60);
    p = GC_FMA64(p, u, -0x1.78f0e68a4b35bp-57);
    p = GC_FMA64(p, u, -0x1.f0cc5e741e469p-54);
    p = GC_FMA64(p, u, -0x1.7419c1364bee6p-50);
    p = GC_FMA64(p, u, -0x1.40b04ddbfcfabp-46);
    p = GC_FMA64(p, u, -0x1.4325d2f71c2aep-42);
    p = GC_FMA64(p, u, -0x1.8503aec2b35e4p-38);
    p = GC_FMA64(p, u, -0x1.205c603af6157p-33);
    p = GC_FMA64(p, u, -0x1.1399044ad35e5p-28);
    p = GC_FMA64(p, u, -0x1.6ef687557165bp-23);
    p = GC_FMA64(p, u, -0x1.8f6b83206ab6fp-17);
    p = GC_FMA64(p, u, -0x1.357166555f7eep-9);
    p = GC_FMA64(p, u, 0x1.961c8412a7545p-2);
    return p;
}

/* sqrt(a) exp(-a) I0(a) for a >= 8 */
GC_INLINE double gc_i0_wide_f64(double a) {
    const double w = 1.0 / a;
    return a < 32.0 ? gc_i0_mid_f64((w - 0.078125) * (64.0 / 3.0)) : gc_i0_far_f64(64.0 * w - 1.0);
}

GC_CALLED double gc_i0e_f64(double x) {
    const double a = __builtin_fabs(x);
    double y;
    if (a < 8.0) {
        y = gc_i0_low_f64(0.25 * a * a) * gc_exp_f64(-a);
    } else {
        y = gc_i0_wide_f64(a) / __builtin_sqrt(a);
    }
    return y;
}

/* exp in two halves: it is inf from 709.8 on, I0 from 713.99. */
GC_CALLED double gc_i0_f64(double x) {
    const double a = __builtin_fabs(x);
    double y;
    if (a < 8.0) {
        y = gc_i0_low_f64(0.25 * a * a);
    } else if (a < 800.0) {
        const double root = gc_exp_f64(0.5 * a);
        y = root * (gc_i0_wide_f64(a) / __builtin_sqrt(a)) * root;
    } else {
        y = a * GC_INF64;
    }
    return y;
}

/* sqrt(a) exp(-a) I1(a) for a >= 8 */
GC_INLINE double gc_i1_wide_f64(double a) {
    const double w = 1.0 / a;
    return a < 32.0 ? gc_i1_mid_f64((w - 0.078125) * (64.0 / 3.0)) : gc_i1_far_f64(64.0 * w - 1.0);
}

GC_CALLED double gc_i1e_f64(double x) {
    const double a = __builtin_fabs(x);
    double y;
    if (a < 8.0) {
        y = 0.5 * a * gc_i1_low_f64(0.25 * a * a) * gc_exp_f64(-a);
    } else {
        y = gc_i1_wide_f64(a) / __builtin_sqrt(a);
    }
    return __builtin_copysign(y, x);
}

/* exp in two halves: it is inf from 709.8 on, I1 from 713.99. */
GC_CALLED double gc_i1_f64(double x) {
    const double a = __builtin_fabs(x);
    double y;
    if (a < 8.0) {
        y = 0.5 * a * gc_i1_low_f64(0.25 * a * a);
    } else if (a < 800.0) {
        const double root = gc_exp_f64(0.5 * a);
        y = root * (gc_i1_wide_f64(a) / __builtin_sqrt(a)) * root;
    } else {
        y = a * GC_INF64;
    }
    return __builtin_copysign(y, x);
}

GC_INLINE float gc_i0_f32(float x) {
    return (float)gc_i0_f64((double)x);
}

GC_INLINE float gc_i1_f32(float x) {
    return (float)gc_i1_f64((double)x);
}

GC_INLINE float gc_i0e_f32(float x) {
    return (float)gc_i0e_f64((double)x);
}

GC_INLINE float gc_i1e_f32(float x) {
    return (float)gc_i1e_f64((double)x);
}

#endif

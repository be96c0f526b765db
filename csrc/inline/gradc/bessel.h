/* The Bessel functions J0 and J1.
 *
 * Up to 8 the distances to three zeros times a polynomial in x^2, so that relative digits stay at the
 * first two.  Above, DLMF 10.17.3: J0 = (P (cos x + sin x) + Q (cos x - sin x)) / sqrt(pi x) and kin,
 * P and x Q polynomials in 1/x^2; the error is a few eps of that amplitude.  All polynomials are
 * interpolants at Chebyshev nodes, computed in 250-bit arithmetic for this file.  float32 is computed
 * in float64 and rounded.
 */
#ifndef GRADC_BESSEL_H
#define GRADC_BESSEL_H

#include "bits.h"
#include "trig.h"

/* within 2^-54.6, u = x^2/12.5 - 1 */
GC_INLINE double gc_j0_low_f64(double u) {
    double p = 0x1.6d3ce0708221bp-74;
    p = GC_FMA64(p, u, -0x1.ca669d02817cfp-68);
    p = GC_FMA64(p, u, 0x1.f7ba0595a4b53p-62);
    p = GC_FMA64(p, u, -0x1.e0744af265205p-56);
    p = GC_FMA64(p, u, 0x1.89118e4de3d61p-50);
    p = GC_FMA64(p, u, -0x1.1023cb20b0d50p-44);
    p = GC_FMA64(p, u, 0x1.39c247435ca89p-39);
    p = GC_FMA64(p, u, -0x1.2737b408b7dbbp-34);
    p = GC_FMA64(p, u, 0x1.b9f88e83e8ffep-30);
    p = GC_FMA64(p, u, -0x1.fcf62a7ba04b4p-26);
    p = GC_FMA64(p, u, 0x1.ae12bc7587694p-22);
    p = GC_FMA64(p, u, -0x1.f060a3146ba94p-19);
    p = GC_FMA64(p, u, 0x1.58e1b0f248e1bp-16);
    p = GC_FMA64(p, u, -0x1.ac930ef6a6b53p-15);
    return p;
}

/* within 2^-55.1, u = (x^2 - 44.5)/19.5 */
GC_INLINE double gc_j0_mid_f64(double u) {
    double p = 0x1.36bb024485059p-66;
    p = GC_FMA64(p, u, -0x1.e9d234cf24c50p-61);
    p = GC_FMA64(p, u, 0x1.50f49d19a306fp-55);
    p = GC_FMA64(p, u, -0x1.919ef1f6c2458p-50);
    p = GC_FMA64(p, u, 0x1.99520bb91f5b4p-45);
    p = GC_FMA64(p, u, -0x1.5fb8f9e1132bep-40);
    p = GC_FMA64(p, u, 0x1.f508b5fd80cddp-36);
    p = GC_FMA64(p, u, -0x1.21a56a5a5b44ap-31);
    p = GC_FMA64(p, u, 0x1.08a04eadafbc3p-27);
    p = GC_FMA64(p, u, -0x1.70c9a4643096fp-24);
    p = GC_FMA64(p, u, 0x1.750dbafdb49b3p-21);
    p = GC_FMA64(p, u, -0x1.fc3363344f896p-19);
    p = GC_FMA64(p, u, 0x1.98f9632660807p-17);
    p = GC_FMA64(p, u, -0x1.1ed105f6fe887p-16);
    return p;
}

/* within 2^-53.9, u = x^2/12.5 - 1 */
GC_INLINE double gc_j1_low_f64(double u) {
    double p = 0x1.4d23efc279535p-79;
    p = GC_FMA64(p, u, -0x1.baa7d2173b871p-73);
    p = GC_FMA64(p, u, 0x1.02589d79b75f2p-66);
    p = GC_FMA64(p, u, -0x1.06afca2187fe0p-60);
    p = GC_FMA64(p, u, 0x1.cc165564cfa51p-55);
    p = GC_FMA64(p, u, -0x1.568cf97c41655p-49);
    p = GC_FMA64(p, u, 0x1.aaf094ee3ef90p-44);
    p = GC_FMA64(p, u, -0x1.b4df526c14dd5p-39);
    p = GC_FMA64(p, u, 0x1.661c9638d545ap-34);
    p = GC_FMA64(p, u, -0x1.c73cecc26378dp-30);
    p = GC_FMA64(p, u, 0x1.aca85f13dac84p-26);
    p = GC_FMA64(p, u, -0x1.16bd41a88511bp-22);
    p = GC_FMA64(p, u, 0x1.ba49618e427fbp-20);
    p = GC_FMA64(p, u, -0x1.3edb7fd5d979bp-18);
    return p;
}

/* within 2^-54.1, u = (x^2 - 44.5)/19.5 */
GC_INLINE double gc_j1_mid_f64(double u) {
    double p = 0x1.218413f0e1d4ap-71;
    p = GC_FMA64(p, u, -0x1.e4490def22c76p-66);
    p = GC_FMA64(p, u, 0x1.62e0998fdc88dp-60);
    p = GC_FMA64(p, u, -0x1.c46211eedfd70p-55);
    p = GC_FMA64(p, u, 0x1.ef6ee6e63121cp-50);
    p = GC_FMA64(p, u, -0x1.cbf0bb8ed965bp-45);
    p = GC_FMA64(p, u, 0x1.6427250150b1bp-40);
    p = GC_FMA64(p, u, -0x1.c2f7d51fe7267p-36);
    p = GC_FMA64(p, u, 0x1.c727329de84fep-32);
    p = GC_FMA64(p, u, -0x1.62089aa5e8a83p-28);
    p = GC_FMA64(p, u, 0x1.94e4f8644ccc1p-25);
    p = GC_FMA64(p, u, -0x1.3cc8b958a5c8dp-22);
    p = GC_FMA64(p, u, 0x1.2acd8c2b7d49bp-20);
    p = GC_FMA64(p, u, -0x1.f8668100722cap-20);
    return p;
}

/* within 2^-56.1, u = 128/x^2 - 1 */
GC_INLINE double gc_j0_p_f64(double u) {
    double p = -0x1.98d0ed70244fep-47;
    p = GC_FMA64(p, u, 0x1.2c5aa153e987cp-45);
    p = GC_FMA64(p, u, -0x1.2797e7ef5db94p-44);
    p = GC_FMA64(p, u, 0x1.145dcbd329e7dp-42);
    p = GC_FMA64(p, u, -0x1.2ae31a562ef2fp-40);
    p = GC_FMA64(p, u, 0x1.50d7edcf22f5fp-38);
    p = GC_FMA64(p, u, -0x1.b5c2a350da351p-36);
    p = GC_FMA64(p, u, 0x1.54dc7927ee76fp-33);
    p = GC_FMA64(p, u, -0x1.4d2f36bc01a81p-30);
    p = GC_FMA64(p, u, 0x1.b7ef139549b90p-27);
    p = GC_FMA64(p, u, -0x1.b8d2d6f6d1924p-23);
    p = GC_FMA64(p, u, 0x1.9be00160d9ffcp-18);
    p = GC_FMA64(p, u, -0x1.193600c1deb26p-11);
    p = GC_FMA64(p, u, 0x1.ffb8dd328503dp-1);
    return p;
}

/* within 2^-53.1, u = 128/x^2 - 1 */
GC_INLINE double gc_j0_q_f64(double u) {
    double p = 0x1.b76054a4a9600p-47;
    p = GC_FMA64(p, u, -0x1.3343c46009016p-45);
    p = GC_FMA64(p, u, 0x1.0b0f12563492ap-44);
    p = GC_FMA64(p, u, -0x1.d8d2d71045733p-43);
    p = GC_FMA64(p, u, 0x1.e7f90f6d6505cp-41);
    p = GC_FMA64(p, u, -0x1.fb562b19f0284p-39);
    p = GC_FMA64(p, u, 0x1.2b9b4634733b0p-36);
    p = GC_FMA64(p, u, -0x1.a07cee2f84454p-34);
    p = GC_FMA64(p, u, 0x1.61a5694a5fffcp-31);
    p = GC_FMA64(p, u, -0x1.858d1fbd6f898p-28);
    p = GC_FMA64(p, u, 0x1.3135a89cfc056p-24);
    p = GC_FMA64(p, u, -0x1.8c843528088fbp-20);
    p = GC_FMA64(p, u, 0x1.1e9a6138fee49p-14);
    p = GC_FMA64(p, u, -0x1.fdb5c0b2f3d5cp-7);
    return p;
}

/* within 2^-55.4, u = 128/x^2 - 1 */
GC_INLINE double gc_j1_p_f64(double u) {
    double p = 0x1.b0cdcd57181bfp-47;
    p = GC_FMA64(p, u, -0x1.3ee57b0814a06p-45);
    p = GC_FMA64(p, u, 0x1.3c1b9e16a3b12p-44);
    p = GC_FMA64(p, u, -0x1.28af91c81f6b0p-42);
    p = GC_FMA64(p, u, 0x1.421781e3d6db0p-40);
    p = GC_FMA64(p, u, -0x1.6d4884b3bfe27p-38);
    p = GC_FMA64(p, u, 0x1.de9966a570cb7p-36);
    p = GC_FMA64(p, u, -0x1.78b76d6581c18p-33);
    p = GC_FMA64(p, u, 0x1.75eafce017fadp-30);
    p = GC_FMA64(p, u, -0x1.f96172c47413bp-27);
    p = GC_FMA64(p, u, 0x1.077626416f421p-22);
    p = GC_FMA64(p, u, -0x1.0b1541bfbc13fp-17);
    p = GC_FMA64(p, u, 0x1.d73b8ea3c123ap-11);
    p = GC_FMA64(p, u, 0x1.003b716033732p+0);
    return p;
}

/* within 2^-54.0, u = 128/x^2 - 1 */
GC_INLINE double gc_j1_q_f64(double u) {
    double p = -0x1.d03cbf5a70a98p-47;
    p = GC_FMA64(p, u, 0x1.458174013aedcp-45);
    p = GC_FMA64(p, u, -0x1.1cf38d60b0b64p-44);
    p = GC_FMA64(p, u, 0x1.fa39003a26b44p-43);
    p = GC_FMA64(p, u, -0x1.060412bc3216ap-40);
    p = GC_FMA64(p, u, 0x1.11ee2566ac854p-38);
    p = GC_FMA64(p, u, -0x1.45d8148c07f84p-36);
    p = GC_FMA64(p, u, 0x1.c9279847a2b37p-34);
    p = GC_FMA64(p, u, -0x1.8922ebf1b41e9p-31);
    p = GC_FMA64(p, u, 0x1.b9302ecff655cp-28);
    p = GC_FMA64(p, u, -0x1.64231277700dfp-24);
    p = GC_FMA64(p, u, 0x1.e8e009ca4b3f0p-20);
    p = GC_FMA64(p, u, -0x1.938da0a0a69a1p-14);
    p = GC_FMA64(p, u, 0x1.7f323705062fbp-5);
    return p;
}

/* (x - zero)(x + zero) for a zero in two parts */
GC_INLINE double gc_off_zero_f64(double x, double zero, double zero_lo) {
    return ((x - zero) - zero_lo) * (x + zero);
}

GC_CALLED double gc_j0_f64(double x) {
    const double a = __builtin_fabs(x);
    const double v = a * a;
    if (a < 8.0) {
        const double u = a < 5.0 ? v * 0.08 - 1.0 : (v - 44.5) / 19.5;
        const double bend = a < 5.0 ? gc_j0_low_f64(u) : gc_j0_mid_f64(u);
        const double first = gc_off_zero_f64(a, 0x1.33d152e971b40p+1, -0x1.0f539d7da258ep-53);
        const double second = gc_off_zero_f64(a, 0x1.6148f5b2c2e45p+2, 0x1.75054cd60a517p-54);
        return first * second * (v - 0x1.2b8c4b8215768p+6) * bend;
    }
    if (a == GC_INF64) return 0.0;
    const double w = 8.0 / a;
    const double u = 2.0 * w * w - 1.0;
    const double sine = gc_sin_f64(a);
    const double cosine = gc_cos_f64(a);
    const double even = gc_j0_p_f64(u) * (cosine + sine);
    const double odd = w * gc_j0_q_f64(u) * (sine - cosine);
    return 0x1.20dd750429b6dp-1 * (even - odd) / __builtin_sqrt(a);
}

GC_CALLED double gc_j1_f64(double x) {
    const double a = __builtin_fabs(x);
    const double v = a * a;
    if (a < 8.0) {
        const double u = a < 5.0 ? v * 0.08 - 1.0 : (v - 44.5) / 19.5;
        const double bend = a < 5.0 ? gc_j1_low_f64(u) : gc_j1_mid_f64(u);
        const double first = gc_off_zero_f64(a, 0x1.ea75575af6f09p+1, -0x1.60155a9d1b256p-53);
        const double second = gc_off_zero_f64(a, 0x1.c0ff5f3b47250p+2, -0x1.b226d9d243827p-54);
        return x * (first * second * (v - 0x1.9dff70d785e2cp+6) * bend);
    }
    if (a == GC_INF64) return __builtin_copysign(0.0, x);
    const double w = 8.0 / a;
    const double u = 2.0 * w * w - 1.0;
    const double sine = gc_sin_f64(a);
    const double cosine = gc_cos_f64(a);
    const double even = gc_j1_p_f64(u) * (sine - cosine);
    const double odd = w * gc_j1_q_f64(u) * (sine + cosine);
    const double y = 0x1.20dd750429b6dp-1 * (even + odd) / __builtin_sqrt(a);
    return x < 0.0 ? -y : y;
}

GC_INLINE float gc_j0_f32(float x) {
    return (float)gc_j0_f64((double)x);
}

GC_INLINE float gc_j1_f32(float x) {
    return (float)gc_j1_f64((double)x);
}

#endif

/* log2 and log10: the logarithm of log.h in another unit.
 *
 * k log_b 2 + f / ln b + tail / ln b, added from the small end, with both constants in two parts.
 * Before the last addition less than 2^-3 ulp is lost where the result is an integer, so that it is
 * exact there: log10(1000) = 3.
 */
#ifndef GRADC_LOG_BASE_H
#define GRADC_LOG_BASE_H

#include "bits.h"
#include "log.h"

/* k unit + log(1 + f) scale: k unit_hi is exact, scale_lo is what scale_hi lacks, and `low` holds
 * k times what unit_hi lacks. */
GC_INLINE double gc_log_scaled_f64(gc_split_f64 a, double unit_hi, double scale_hi, double scale_lo,
                                  double low) {
    low = GC_FMA64(a.f, scale_lo, low);
#if !GC_HAS_FMA
    low += gc_product_error_f64(a.f, scale_hi, a.f * scale_hi);
#endif
    const double tail = GC_FMA64(gc_log_tail_f64(a.f, 0.0), scale_hi, low);
    return GC_FMA64(a.k, unit_hi, GC_FMA64(a.f, scale_hi, tail));
}

GC_INLINE float gc_log_scaled_f32(gc_split_f32 a, float unit_hi, float scale_hi, float scale_lo,
                                  float low) {
    low = GC_FMA32(a.f, scale_lo, low);
#if !GC_HAS_FMA
    low += gc_product_error_f32(a.f, scale_hi, a.f * scale_hi);
#endif
    const float tail = GC_FMA32(gc_log_tail_f32(a.f, 0.0f), scale_hi, low);
    return GC_FMA32(a.k, unit_hi, GC_FMA32(a.f, scale_hi, tail));
}

/* 1 / ln 2 in two parts. */
GC_INLINE double gc_log2_f64(double x) {
    const gc_split_f64 a = gc_split_pow2_f64(x);
    const double y = gc_log_scaled_f64(a, 1.0, 0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56, 0.0);
    return gc_log_special_f64(x, y);
}

GC_INLINE float gc_log2_f32(float x) {
    const gc_split_f32 a = gc_split_pow2_f32(x);
    const float y = gc_log_scaled_f32(a, 1.0f, 0x1.715476p+0f, 0x1.4ae0c0p-26f, 0.0f);
    return gc_log_special_f32(x, y);
}

/* log10 2 and 1 / ln 10 in two parts each. */
GC_INLINE double gc_log10_f64(double x) {
    const gc_split_f64 a = gc_split_pow2_f64(x);
    const double low = a.k * 0x1.fef311f12b358p-46;
    const double y = gc_log_scaled_f64(a, 0x1.34413509f7800p-2, 0x1.bcb7b1526e50ep-2,
                                       0x1.95355baaafad3p-57, low);
    return gc_log_special_f64(x, y);
}

GC_INLINE float gc_log10_f32(float x) {
    const gc_split_f32 a = gc_split_pow2_f32(x);
    const float low = a.k * 0x1.3509f8p-18f;
    const float y = gc_log_scaled_f32(a, 0x1.344p-2f, 0x1.bcb7b2p-2f,
                                       -0x1.5b235ep-27f, low);
    return gc_log_special_f32(x, y);
}

#endif

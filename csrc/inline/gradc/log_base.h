/* log2 and log10: the logarithm of log.h times 1 / ln b.
 *
 * The first digits of f are multiplied exactly (26 bits by 26, 12 by 12) and added to k log_b 2
 * by Dekker's Fast2Sum (1971), so that the sum rounds once: the result is exact where it is an
 * integer, log10(1000) = 3.
 */
#ifndef GRADC_LOG_BASE_H
#define GRADC_LOG_BASE_H

#include "bits.h"
#include "log.h"

/* k * unit + log(1 + f) * scale. k * unit_hi is exact, scale_hi has 26 (12) bits, and each _lo is
 * what its _hi lacks. */
GC_INLINE double gc_log_scaled_f64(gc_split_f64 a, double unit_hi, double unit_lo,
                                   double scale_hi, double scale_lo) {
    const double f_hi = gc_from_bits_f64(gc_bits_f64(a.f) & UINT64_C(0xfffffffff8000000));
    const double f_lo = (a.f - f_hi) + gc_log_tail_f64(a.f, 0.0);
    const double low = GC_FMA64(f_lo, scale_hi + scale_lo, GC_FMA64(f_hi, scale_lo, a.k * unit_lo));
    const double whole = a.k * unit_hi;
    const double part = f_hi * scale_hi;
    const double sum = whole + part;
    return sum + (((whole - sum) + part) + low);
}

GC_INLINE float gc_log_scaled_f32(gc_split_f32 a, float unit_hi, float unit_lo, float scale_hi,
                                  float scale_lo) {
    const float f_hi = gc_from_bits_f32(gc_bits_f32(a.f) & UINT32_C(0xfffff000));
    const float f_lo = (a.f - f_hi) + gc_log_tail_f32(a.f, 0.0f);
    const float low = GC_FMA32(f_lo, scale_hi + scale_lo, GC_FMA32(f_hi, scale_lo, a.k * unit_lo));
    const float whole = a.k * unit_hi;
    const float part = f_hi * scale_hi;
    const float sum = whole + part;
    return sum + (((whole - sum) + part) + low);
}

/* 1 / ln 2 in two parts. */
GC_INLINE double gc_log2_f64(double x) {
    const double y = gc_log_scaled_f64(gc_split_pow2_f64(x), 1.0, 0.0, 0x1.7154760000000p+0,
                                       0x1.4ae0bf85ddf44p-26);
    return gc_log_special_f64(x, y);
}

GC_INLINE float gc_log2_f32(float x) {
    const float y = gc_log_scaled_f32(gc_split_pow2_f32(x), 1.0f, 0.0f, 0x1.714p+0f,
                                      0x1.47652cp-12f);
    return gc_log_special_f32(x, y);
}

/* log10 2 and 1 / ln 10 in two parts each. */
GC_INLINE double gc_log10_f64(double x) {
    const double y = gc_log_scaled_f64(gc_split_pow2_f64(x), 0x1.34413509f7800p-2,
                                       0x1.fef311f12b358p-46, 0x1.bcb7b10000000p-2,
                                       0x1.49b9438ca9aaep-28);
    return gc_log_special_f64(x, y);
}

GC_INLINE float gc_log10_f32(float x) {
    const float y = gc_log_scaled_f32(gc_split_pow2_f32(x), 0x1.344p-2f, 0x1.3509f8p-18f,
                                      0x1.bcap-2f, 0x1.7b1526p-14f);
    return gc_log_special_f32(x, y);
}

#endif

/* float16 as storage: its bits to and from float32 and float64, rounded once to the nearest, of two
 * the even one; nan, inf and denormals included.
 *
 * Integer arithmetic on bit patterns, no branches: loops become vector code on any machine (the
 * F16C instructions are out of the compiler's reach in a loop of scalar C). After F. Giesen,
 * "Half to float done quick" (2012): a multiplication by 2^112 moves the exponent, denormals too.
 */
#ifndef GRADC_HALF_H
#define GRADC_HALF_H

#include "bits.h"

GC_INLINE float gc_cast_f16_f32(uint16_t h) {
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16, rest = h & 0x7fffu;
    const float moved = gc_from_bits_f32(rest << 13) * 0x1p112f;
    const uint32_t wild = rest << 13 | UINT32_C(0x7f800000); /* inf, or nan with its digits */
    return gc_from_bits_f32(sign | (rest >= 0x7c00u ? wild : gc_bits_f32(moved)));
}

/* Adding half of the last digit kept, less one bit if that digit is even, and cutting off. Below
 * 2^-14 digits have a fixed place: adding 0.5 rounds there. From 65520 on it is inf. */
GC_INLINE uint16_t gc_cast_f32_f16(float x) {
    const uint32_t bits = gc_bits_f32(x), sign = bits >> 16 & 0x8000u;
    const uint32_t rest = bits & UINT32_C(0x7fffffff);
    const uint32_t even = rest >> 13 & 1u;
    const uint32_t plain = (rest + UINT32_C(0xc8000fff) + even) >> 13;
    const uint32_t small = gc_bits_f32(gc_from_bits_f32(rest) + 0.5f) - UINT32_C(0x3f000000);
    const uint32_t digits = rest >> 13 & 0x3ffu;
    const uint32_t nan = 0x7c00u | (digits ? digits : 1u);
    const uint32_t whole = rest < UINT32_C(0x38800000) ? small
                         : rest < UINT32_C(0x477ff000) ? plain
                                                       : 0x7c00u;
    return (uint16_t)(sign | (rest > UINT32_C(0x7f800000) ? nan : whole));
}

/* By way of float32 rounded to odd: what is cut off leaves a one in the last place, so that the
 * second rounding sees it. float32 has 13 digits more than float16 needs; 2 would do. */
GC_INLINE uint16_t gc_cast_f64_f16(double x) {
    const float near = (float)x;
    const double back = (double)near;
    const uint32_t bits = gc_bits_f32(near);
    const int is_above = __builtin_fabs(back) > __builtin_fabs(x);
    const int is_off = (back != x) & (x == x) & (__builtin_fabs(x) < 65536.0);
    const uint32_t odd = is_off ? (bits - (is_above ? 1u : 0u)) | 1u : bits;
    return gc_cast_f32_f16(gc_from_bits_f32(odd));
}

#endif

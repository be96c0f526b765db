/* Casts between all element types: gc_cast_<from>_<to>, suffixes of gradc/dtypes.py.
 *
 * Between integers and from integers to floats they are C's, that is modulo 2^n and rounded to
 * nearest. A float goes to an integer toward zero; nan and what does not fit give what numpy gives
 * on x86-64, where C leaves it undefined: int32 and int64 their least value (the "integer
 * indefinite" of cvttsd2si, Intel SDM volume 1, 4.8.3.7), smaller types the low bits of the int32,
 * uint32 the low bits of the int64, uint64 that of x or, above 2^63, of x - 2^63. To bool: x != 0.
 *
 * What lies between -1 and 1 becomes 0 before it is converted: gcc, told that nothing traps, takes
 * (double)(int32_t)x for trunc(x), which is -0.0 at -0.5 (12.2; -O1 and above).
 *
 * Without AVX-512DQ there are no vector instructions between float64 and 64-bit integers: there
 * the two halves are converted as int32.
 */
#ifndef GRADC_CAST_H
#define GRADC_CAST_H

#include "bits.h"
#include "half.h"

#define GC_CAST(from, F, to, T) \
    GC_INLINE T gc_cast_##from##_##to(F x) { return (T)x; }
#define GC_CAST_BOOL(from, F) \
    GC_INLINE uint8_t gc_cast_##from##_b8(F x) { return (uint8_t)(x != 0); }
#define GC_CAST_INTEGERS(from, F)    \
    GC_CAST(from, F, i8, int8_t)     \
    GC_CAST(from, F, i16, int16_t)   \
    GC_CAST(from, F, i32, int32_t)   \
    GC_CAST(from, F, i64, int64_t)   \
    GC_CAST(from, F, u8, uint8_t)    \
    GC_CAST(from, F, u16, uint16_t)  \
    GC_CAST(from, F, u32, uint32_t)  \
    GC_CAST(from, F, u64, uint64_t)  \
    GC_CAST(from, F, f32, float)     \
    GC_CAST_BOOL(from, F)

GC_CAST_INTEGERS(b8, uint8_t)
GC_CAST_INTEGERS(i8, int8_t)
GC_CAST_INTEGERS(i16, int16_t)
GC_CAST_INTEGERS(i32, int32_t)
GC_CAST_INTEGERS(i64, int64_t)
GC_CAST_INTEGERS(u8, uint8_t)
GC_CAST_INTEGERS(u16, uint16_t)
GC_CAST_INTEGERS(u32, uint32_t)
GC_CAST_INTEGERS(u64, uint64_t)

GC_CAST(b8, uint8_t, f64, double)
GC_CAST(i8, int8_t, f64, double)
GC_CAST(i16, int16_t, f64, double)
GC_CAST(i32, int32_t, f64, double)
GC_CAST(u8, uint8_t, f64, double)
GC_CAST(u16, uint16_t, f64, double)
GC_CAST(u32, uint32_t, f64, double)

GC_CAST(f32, float, f32, float)
GC_CAST(f32, float, f64, double)
GC_CAST(f64, double, f32, float)
GC_CAST(f64, double, f64, double)
GC_CAST_BOOL(f32, float)
GC_CAST_BOOL(f64, double)

/* The low half of a 64-bit integer; as int32 it is off by 2^31. */
GC_INLINE double gc_low_half(uint64_t x)
{
    return (double)(int32_t)((uint32_t)x ^ 0x80000000u) + 0x1p31;
}

GC_INLINE double gc_cast_i64_f64(int64_t x)
{
#ifdef __AVX512DQ__
    return (double)x;
#else
    const int32_t high = (int32_t)(uint32_t)((uint64_t)x >> 32);
    return (double)high * 0x1p32 + gc_low_half((uint64_t)x); /* rounds once */
#endif
}

GC_INLINE double gc_cast_u64_f64(uint64_t x)
{
#ifdef __AVX512DQ__
    return (double)x;
#else
    return gc_low_half(x >> 32) * 0x1p32 + gc_low_half(x);
#endif
}

GC_INLINE int32_t gc_cast_f64_i32(double x)
{
    const double y = x > -0x1.00000002p31 && x < 0x1p31 ? x : -0x1p31;
    return (int32_t)(y > -1 && y < 1 ? 0 : y);
}

GC_INLINE int32_t gc_cast_f32_i32(float x)
{
    const float y = x >= -0x1p31f && x < 0x1p31f ? x : -0x1p31f;
    return (int32_t)(y > -1 && y < 1 ? 0 : y);
}

GC_INLINE int64_t gc_cast_f64_i64(double x)
{
    const double y = x >= -0x1p63 && x < 0x1p63 ? x : -0x1p63;
#ifdef __AVX512DQ__
    return (int64_t)(y > -1 && y < 1 ? 0 : y);
#else
    const double whole = __builtin_trunc(y);
    const double high = __builtin_floor(whole * 0x1p-32);
    const int32_t low = (int32_t)(whole - high * 0x1p32 - 0x1p31);
    return (int64_t)((uint64_t)(int64_t)(int32_t)high << 32 | ((uint32_t)low ^ 0x80000000u));
#endif
}

GC_INLINE int64_t gc_cast_f32_i64(float x) { return gc_cast_f64_i64((double)x); }

GC_INLINE uint64_t gc_cast_f64_u64(double x)
{
    const int is_large = x >= 0x1p63;
    const uint64_t low = (uint64_t)gc_cast_f64_i64(is_large ? x - 0x1p63 : x);
    return is_large ? low ^ UINT64_C(0x8000000000000000) : low;
}

GC_INLINE uint64_t gc_cast_f32_u64(float x) { return gc_cast_f64_u64((double)x); }

#define GC_CAST_FLOAT(from, F)                                                              \
    GC_INLINE int8_t gc_cast_##from##_i8(F x) { return (int8_t)gc_cast_##from##_i32(x); }   \
    GC_INLINE int16_t gc_cast_##from##_i16(F x) { return (int16_t)gc_cast_##from##_i32(x); } \
    GC_INLINE uint8_t gc_cast_##from##_u8(F x) { return (uint8_t)gc_cast_##from##_i32(x); } \
    GC_INLINE uint16_t gc_cast_##from##_u16(F x)                                            \
    {                                                                                       \
        return (uint16_t)gc_cast_##from##_i32(x);                                           \
    }                                                                                       \
    GC_INLINE uint32_t gc_cast_##from##_u32(F x) { return (uint32_t)gc_cast_##from##_i64(x); }

GC_CAST_FLOAT(f32, float)
GC_CAST_FLOAT(f64, double)

#undef GC_CAST
#undef GC_CAST_BOOL
#undef GC_CAST_INTEGERS
#undef GC_CAST_FLOAT

#endif

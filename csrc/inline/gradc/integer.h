/* Division as Python has it, integer powers, rounding away from zero.
 *
 * gc_floor_divide_<s> and gc_modulo_<s> for every integer suffix and f32, f64: the quotient is
 * rounded down and the rest has the sign of the divisor.  An integer divided by 0 gives 0 with
 * rest 0, as in numpy's arrays; the least integer divided by -1 wraps around to itself.  So no
 * operand can trap.  gc_power_<s>: squaring and multiplying, wrapping around; a negative power is
 * 0 but for bases 1 and -1.
 */
#ifndef GRADC_INTEGER_H
#define GRADC_INTEGER_H

#include <math.h>
#include <stdint.h>

#include "bits.h"

/* T: the type; W: one at least as wide as int, of the same sign; U: W without sign */
#define GC_SIGNED_DIVISION(s, T, W, U)                                                     \
    GC_INLINE T gc_floor_divide_##s(T x, T y) {                                            \
        if (y == 0) return 0;                                                              \
        if (y == -1) return (T)((U)0 - (U)x);                                              \
        const W q = (W)x / (W)y, r = (W)x % (W)y;                                          \
        return (T)(q - (r != 0 && (r < 0) != (y < 0)));                                    \
    }                                                                                      \
    GC_INLINE T gc_modulo_##s(T x, T y) {                                                  \
        if (y == 0 || y == -1) return 0;                                                   \
        const W r = (W)x % (W)y;                                                           \
        return (T)(r != 0 && (r < 0) != (y < 0) ? r + (W)y : r);                           \
    }                                                                                      \
    GC_INLINE T gc_power_##s(T x, T y) {                                                   \
        if (y < 0) return (T)(x == 1 ? 1 : x == -1 ? ((y & 1) != 0 ? -1 : 1) : 0);         \
        U base = (U)x, power = 1;                                                          \
        for (U rest = (U)y; rest != 0; rest >>= 1) {                                       \
            if ((rest & 1) != 0) power *= base;                                            \
            base *= base;                                                                  \
        }                                                                                  \
        return (T)power;                                                                   \
    }

#define GC_UNSIGNED_DIVISION(s, T, U)                                                      \
    GC_INLINE T gc_floor_divide_##s(T x, T y) { return (T)(y == 0 ? 0 : (U)x / (U)y); }    \
    GC_INLINE T gc_modulo_##s(T x, T y) { return (T)(y == 0 ? 0 : (U)x % (U)y); }          \
    GC_INLINE T gc_power_##s(T x, T y) {                                                   \
        U base = (U)x, power = 1;                                                          \
        for (U rest = (U)y; rest != 0; rest >>= 1) {                                       \
            if ((rest & 1) != 0) power *= base;                                            \
            base *= base;                                                                  \
        }                                                                                  \
        return (T)power;                                                                   \
    }

GC_SIGNED_DIVISION(i8, int8_t, int32_t, uint32_t)
GC_SIGNED_DIVISION(i16, int16_t, int32_t, uint32_t)
GC_SIGNED_DIVISION(i32, int32_t, int32_t, uint32_t)
GC_SIGNED_DIVISION(i64, int64_t, int64_t, uint64_t)
GC_UNSIGNED_DIVISION(u8, uint8_t, uint32_t)
GC_UNSIGNED_DIVISION(u16, uint16_t, uint32_t)
GC_UNSIGNED_DIVISION(u32, uint32_t, uint32_t)
GC_UNSIGNED_DIVISION(u64, uint64_t, uint64_t)

/* Floats: fmod is exact, its sign is put right, and (x - rest) / y is an integer but for the
 * rounding of the division, which the last step takes out (the steps are CPython's,
 * Objects/floatobject.c, float_divmod).  By 0: x / 0, with rest nan. */
#define GC_FLOAT_DIVISION(s, T, f)                                                         \
    GC_INLINE T gc_modulo_##s(T x, T y) {                                                  \
        const T r = fmod##f(x, y);                                                         \
        if (r == 0) return copysign##f((T)0, y);                                           \
        return (r < 0) != (y < 0) ? r + y : r;                                             \
    }                                                                                      \
    GC_INLINE T gc_floor_divide_##s(T x, T y) {                                            \
        if (y == 0) return x / y;                                                          \
        const T r = fmod##f(x, y);                                                         \
        T q = (x - r) / y;                                                                 \
        if (r != 0 && (r < 0) != (y < 0)) q -= (T)1;                                       \
        if (q == 0) return copysign##f((T)0, x / y);                                       \
        const T whole = floor##f(q);                                                       \
        return q - whole > (T)0.5 ? whole + (T)1 : whole;                                  \
    }

GC_FLOAT_DIVISION(f32, float, f)
GC_FLOAT_DIVISION(f64, double, )

/* The nearest integer, of two the one further from zero.  Adding the number just below one half
 * is exact where adding one half is not (0.49999999999999994, odd integers above 2^52). */
GC_INLINE float gc_round_away_f32(float x) { return truncf(x + copysignf(0x1.fffffep-2f, x)); }
GC_INLINE double gc_round_away_f64(double x) {
    return trunc(x + copysign(0x1.fffffffffffffp-2, x));
}

#endif

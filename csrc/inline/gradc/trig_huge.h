/* Arguments of sin, cos and tan that the vector reduction cannot take: from GC_TRIG_LIMIT on.
 *
 * gc_reduce_huge_f64 is Payne and Hanek's reduction (1983) in integers: of x = m 2^e only those
 * 192 bits of 2/pi matter that neither give a multiple of 4 nor fall below 2^-137; the nearest
 * double to a multiple of pi/2 is 2^-61 away (Kahan 1983), so 75 bits are left at the least.
 *
 * It is a rare branch, and a loop with a branch to a call does not vectorise. So the vector
 * functions hand all lanes, arguments and results, to gc_trig_fix, and gcc is told that it exists
 * for vectors (`declare simd`); the vector bodies below test all lanes at once and return. Cost
 * where no lane is large, 1e5 elements, AVX-512, 2026-11: 0.3 ns an element in float64, 0.2 in
 * float32. gcc's own vector bodies cost four times that, a reduction by gathers in every lane
 * 1.4 ns and more. The bodies carry the names of the x86-64 vector function ABI: b, c, d, e for
 * SSE, AVX, AVX2, AVX-512; N for no mask; v for vector, u for uniform. Other compilers and machines
 * get the plain function: right, and not vectorised.
 */
#ifndef GRADC_TRIG_HUGE_H
#define GRADC_TRIG_HUGE_H

#include "bits.h"

enum { GC_TRIG_SIN = 0, GC_TRIG_COS = 1, GC_TRIG_TAN = 2 };

/* k pi/2 is subtracted without error up to here. */
#if GC_HAS_FMA
#define GC_TRIG_LIMIT_F64 0x1p30
#define GC_TRIG_LIMIT_F32 0x1p16f
#else
#define GC_TRIG_LIMIT_F64 0x1p20
#define GC_TRIG_LIMIT_F32 0x1p12f
#endif

static __attribute__((noinline, cold, unused)) double gc_trig_huge_f64(double x, int which);

/* a = k pi/2 + r + r_lo for finite a >= 2^-10. */
static inline double gc_reduce_huge_f64(double a, double *r_lo, unsigned *k) {
    /* 2/pi: 1216 bits behind one word of zeros */
    static const uint64_t words[20] = {
        0, UINT64_C(0xa2f9836e4e441529), UINT64_C(0xfc2757d1f534ddc0),
        UINT64_C(0xdb6295993c439041), UINT64_C(0xfe5163abdebbc561), UINT64_C(0xb7246e3a424dd2e0),
        UINT64_C(0x06492eea09d1921c), UINT64_C(0xfe1deb1cb129a73e), UINT64_C(0xe88235f52ebb4484),
        UINT64_C(0xe99c7026b45f7e41), UINT64_C(0x3991d639835339f4), UINT64_C(0x9c845f8bbdf9283b),
        UINT64_C(0x1ff897ffde05980f), UINT64_C(0xef2f118b5a0a6d1f), UINT64_C(0x6d367ecf27cb09b7),
        UINT64_C(0x4f463f669e5fea2d), UINT64_C(0x7527bac7ebe5f17b), UINT64_C(0x3d0739f78a5292ea),
        UINT64_C(0x6bfb5fb11f8d5d08), UINT64_C(0x56033046fc7b6bab)};
    __extension__ typedef unsigned __int128 wide;
    const uint64_t bits = gc_bits_f64(a);
    const uint64_t m = (bits & UINT64_C(0x000fffffffffffff)) | UINT64_C(0x0010000000000000);
    const unsigned start = (unsigned)(bits >> 52) - 1075u + 62u; /* bits before it give 4 n */
    const uint64_t *w = words + start / 64u;
    const unsigned s = start % 64u;
    const uint64_t w2 = w[0] << s | (w[1] >> 1) >> (63u - s);
    const uint64_t w1 = w[1] << s | (w[2] >> 1) >> (63u - s);
    const uint64_t w0 = w[2] << s | (w[3] >> 1) >> (63u - s);
    const wide p0 = (wide)m * w0;
    const wide p1 = (wide)m * w1 + (uint64_t)(p0 >> 64);
    const uint64_t top = m * w2 + (uint64_t)(p1 >> 64);
    /* quarters: two bits, then the fraction, taken as signed so that it is at most one half */
    const wide fraction = ((wide)top << 64 | (uint64_t)p1) << 2 | (uint64_t)p0 >> 62;
    const unsigned negative = (unsigned)(fraction >> 127);
    const wide size = negative ? -fraction : fraction;
    const uint64_t high = (uint64_t)(size >> 64);
    const double sign = negative ? -0x1p-128 : 0x1p-128;
    /* size as hi + lo: leading zeros out, 53 bits, the next 64 */
    const unsigned zeros = high ? (unsigned)__builtin_clzll(high)
                                : 64u + (unsigned)__builtin_clzll((uint64_t)size | 1u);
    const wide norm = size << zeros;
    const double unit = gc_from_bits_f64((uint64_t)(1023u + 64u - zeros) << 52) * sign;
    const double hi = (double)((uint64_t)(norm >> 64) & ~UINT64_C(0x7ff)) * unit;
    const double lo = (double)(uint64_t)(norm >> 11) * 0x1p-53 * unit;
    *k = (unsigned)(top >> 62) + negative;
    const double product = hi * 0x1.921fb54442d18p+0;
    const double error = gc_product_error_f64(hi, 0x1.921fb54442d18p+0, product);
    const double low = error + (hi * 0x1.1a62633145c07p-54 + lo * 0x1.921fb54442d18p+0);
    const double r = product + low;
    *r_lo = (product - r) + low;
    return r;
}

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)

#define GC_TRIG_LINK __attribute__((weak, visibility("hidden")))

/* Declared for gcc's vectoriser; the definitions below have these symbols. */
#pragma omp declare simd notinbranch uniform(which)
extern __attribute__((const, visibility("hidden"))) double gc_trig_fix_f64(double x, double y,
                                                                           int which);
#pragma omp declare simd notinbranch uniform(which)
extern __attribute__((const, visibility("hidden"))) float gc_trig_fix_f32(float x, float y,
                                                                          int which);

GC_TRIG_LINK double gc_trig_fix_scalar_f64(double, double, int) __asm__("gc_trig_fix_f64");
GC_TRIG_LINK float gc_trig_fix_scalar_f32(float, float, int) __asm__("gc_trig_fix_f32");

double gc_trig_fix_scalar_f64(double x, double y, int which) {
    return __builtin_fabs(x) <= GC_TRIG_LIMIT_F64 ? y : gc_trig_huge_f64(x, which);
}

float gc_trig_fix_scalar_f32(float x, float y, int which) {
    return __builtin_fabsf(x) <= GC_TRIG_LIMIT_F32 ? y : (float)gc_trig_huge_f64(x, which);
}

static __attribute__((noinline, cold)) void gc_trig_fix_lanes_f64(const double *x, double *y,
                                                                  int lanes, int which) {
    for (int i = 0; i < lanes; i++) y[i] = gc_trig_fix_scalar_f64(x[i], y[i], which);
}

static __attribute__((noinline, cold)) void gc_trig_fix_lanes_f32(const float *x, float *y,
                                                                  int lanes, int which) {
    for (int i = 0; i < lanes; i++) y[i] = gc_trig_fix_scalar_f32(x[i], y[i], which);
}

/* One vector body: `far` is not 0 when a lane lies beyond the limit. */
#define GC_TRIG_VECTOR(symbol, vec, lanes, type, fix_lanes, far)                              \
    typedef type vec __attribute__((vector_size(lanes * sizeof(type))));                      \
    GC_TRIG_LINK vec symbol(vec x, vec y, int which);                                         \
    vec symbol(vec x, vec y, int which) {                                                     \
        if (__builtin_expect((far), 0)) {                                                     \
            type xs[lanes], ys[lanes];                                                        \
            memcpy(xs, &x, sizeof x);                                                         \
            memcpy(ys, &y, sizeof y);                                                         \
            fix_lanes(xs, ys, lanes, which);                                                  \
            memcpy(&y, ys, sizeof y);                                                         \
        }                                                                                     \
        return y;                                                                             \
    }

/* Lanes within the limit as all ones; nan is not. */
#define GC_TRIG_NEAR(vec, limit) ((vec)((x <= (limit)) & (x >= -(limit))))

GC_TRIG_VECTOR(_ZGVbN2vvu_gc_trig_fix_f64, gc_f64x2, 2, double, gc_trig_fix_lanes_f64,
               __builtin_ia32_movmskpd(GC_TRIG_NEAR(gc_f64x2, GC_TRIG_LIMIT_F64)) != 3)
GC_TRIG_VECTOR(_ZGVbN4vvu_gc_trig_fix_f32, gc_f32x4, 4, float, gc_trig_fix_lanes_f32,
               __builtin_ia32_movmskps(GC_TRIG_NEAR(gc_f32x4, GC_TRIG_LIMIT_F32)) != 15)
#if defined(__AVX__)
GC_TRIG_VECTOR(_ZGVcN4vvu_gc_trig_fix_f64, gc_f64x4, 4, double, gc_trig_fix_lanes_f64,
               __builtin_ia32_movmskpd256(GC_TRIG_NEAR(gc_f64x4, GC_TRIG_LIMIT_F64)) != 15)
GC_TRIG_VECTOR(_ZGVcN8vvu_gc_trig_fix_f32, gc_f32x8, 8, float, gc_trig_fix_lanes_f32,
               __builtin_ia32_movmskps256(GC_TRIG_NEAR(gc_f32x8, GC_TRIG_LIMIT_F32)) != 255)
#endif
#if defined(__AVX2__)
GC_TRIG_VECTOR(_ZGVdN4vvu_gc_trig_fix_f64, gc_f64x4, 4, double, gc_trig_fix_lanes_f64,
               __builtin_ia32_movmskpd256(GC_TRIG_NEAR(gc_f64x4, GC_TRIG_LIMIT_F64)) != 15)
GC_TRIG_VECTOR(_ZGVdN8vvu_gc_trig_fix_f32, gc_f32x8, 8, float, gc_trig_fix_lanes_f32,
               __builtin_ia32_movmskps256(GC_TRIG_NEAR(gc_f32x8, GC_TRIG_LIMIT_F32)) != 255)
#endif
#if defined(__AVX512F__)
#define GC_TRIG_BEYOND(type, vec, x, limit, all) \
    __builtin_ia32_cmp##type##512_mask((x), (vec){0} + (limit), 22, all, 4)
/* NLE_UQ, not less or equal or unordered; 4 keeps the rounding in force */
GC_TRIG_VECTOR(_ZGVeN8vvu_gc_trig_fix_f64, gc_f64x8, 8, double, gc_trig_fix_lanes_f64,
               GC_TRIG_BEYOND(pd, gc_f64x8, x, GC_TRIG_LIMIT_F64, 255) |
                   GC_TRIG_BEYOND(pd, gc_f64x8, -x, GC_TRIG_LIMIT_F64, 255))
GC_TRIG_VECTOR(_ZGVeN16vvu_gc_trig_fix_f32, gc_f32x16, 16, float, gc_trig_fix_lanes_f32,
               GC_TRIG_BEYOND(ps, gc_f32x16, x, GC_TRIG_LIMIT_F32, 65535) |
                   GC_TRIG_BEYOND(ps, gc_f32x16, -x, GC_TRIG_LIMIT_F32, 65535))
#endif

#else

GC_INLINE double gc_trig_fix_f64(double x, double y, int which) {
    return __builtin_fabs(x) <= GC_TRIG_LIMIT_F64 ? y : gc_trig_huge_f64(x, which);
}

GC_INLINE float gc_trig_fix_f32(float x, float y, int which) {
    return __builtin_fabsf(x) <= GC_TRIG_LIMIT_F32 ? y : (float)gc_trig_huge_f64(x, which);
}

#endif

#endif

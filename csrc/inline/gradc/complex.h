/* Complex numbers: C's own type, arithmetic by numpy's formulas.
 *
 * C's + and - and == are what they should be, and a loop over them becomes vector code. Its * and /
 * are not: C99 annex G wants infinities recovered from nan, which gcc does by calling __muldc3 and
 * __divdc3 of libgcc from every loop. So products and quotients are written out here: products as
 * on paper (an inf times a number may give nan, as in numpy), quotients by R. L. Smith, Algorithm
 * 116, CACM 5 (1962), which divides by the longer part and does not overflow on the way.
 * A struct of two floats would do as well; the built-in type keeps x + y readable in what is
 * generated, and gcc and clang take it apart into the same code.
 */
#ifndef GRADC_COMPLEX_H
#define GRADC_COMPLEX_H

#include "bits.h"
#include "root.h"

typedef float _Complex gc_c64;
typedef double _Complex gc_c128;

/* From its parts, exactly: re + im * 1i would turn -0.0 and inf into something else. */
#define GC_C64(re, im) __builtin_complex((float)(re), (float)(im))
#define GC_C128(re, im) __builtin_complex((double)(re), (double)(im))

#define GC_COMPLEX_ARITHMETIC(C, c, T, s, f)                                                       \
    GC_INLINE gc_##c gc_complex_##s(T re, T im) { return C(re, im); }                              \
    GC_INLINE T gc_real_##c(gc_##c x) { return __real__ x; }                                       \
    GC_INLINE T gc_imag_##c(gc_##c x) { return __imag__ x; }                                       \
    GC_INLINE gc_##c gc_conj_##c(gc_##c x) { return C(__real__ x, -__imag__ x); }                  \
    GC_INLINE gc_##c gc_neg_##c(gc_##c x) { return C(-__real__ x, -__imag__ x); }                  \
    GC_INLINE gc_##c gc_mul_##c(gc_##c x, gc_##c y)                                                \
    {                                                                                              \
        const T a = __real__ x, b = __imag__ x, p = __real__ y, q = __imag__ y;                    \
        return C(a * p - b * q, a * q + b * p);                                                    \
    }                                                                                              \
    /* by zero each part is divided by it, as numpy does */                                        \
    GC_INLINE gc_##c gc_true_div_##c(gc_##c x, gc_##c y)                                           \
    {                                                                                              \
        const T a = __real__ x, b = __imag__ x, p = __real__ y, q = __imag__ y;                    \
        const T ap = __builtin_fabs##f(p), aq = __builtin_fabs##f(q);                              \
        const int along = ap >= aq, none = (ap == 0) & (aq == 0);                                  \
        const T longer = along ? p : q, shorter = along ? q : p;                                   \
        const T ratio = shorter / longer;                                                          \
        const T scale = 1 / (longer + shorter * ratio);                                            \
        const T first = along ? a : b, second = along ? b : a;                                     \
        const T re = (first + second * ratio) * scale;                                             \
        const T im = along ? (b - a * ratio) * scale : (b * ratio - a) * scale;                    \
        return C(none ? a / ap : re, none ? b / ap : im);                                          \
    }                                                                                              \
    GC_INLINE gc_##c gc_reciprocal_##c(gc_##c x)                                                   \
    {                                                                                              \
        const T p = __real__ x, q = __imag__ x;                                                    \
        const int along = __builtin_fabs##f(q) <= __builtin_fabs##f(p);                            \
        const T longer = along ? p : q, shorter = along ? q : p;                                   \
        const T ratio = shorter / longer;                                                          \
        const T scale = 1 / (longer + shorter * ratio);                                            \
        return C(along ? scale : ratio * scale, along ? -ratio * scale : -scale);                  \
    }                                                                                              \
    GC_INLINE T gc_abs_##c(gc_##c x) { return gc_hypot_##s(__real__ x, __imag__ x); }              \
    /* x / abs(x), 0 at 0; an infinite part alone says the direction */                            \
    GC_INLINE gc_##c gc_sign_##c(gc_##c x)                                                         \
    {                                                                                              \
        const T a = __real__ x, b = __imag__ x;                                                    \
        const T h = gc_hypot_##s(a, b);                                                            \
        const T inf = __builtin_inf##f();                                                          \
        const int ia = __builtin_fabs##f(a) == inf, ib = __builtin_fabs##f(b) == inf;              \
        const T nan = __builtin_nan##f("");                                                        \
        const T re = ia ? (ib ? nan : __builtin_copysign##f(1, a)) : ib ? 0 : a / h;               \
        const T im = ib ? (ia ? nan : __builtin_copysign##f(1, b)) : ia ? 0 : b / h;               \
        const int none = h == 0;                                                                   \
        return C(none ? 0 : re, none ? 0 : im);                                                    \
    }

GC_COMPLEX_ARITHMETIC(GC_C64, c64, float, f32, f)
GC_COMPLEX_ARITHMETIC(GC_C128, c128, double, f64, )

#endif

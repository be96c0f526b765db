/* Functions of complex numbers: gc_<name>_c64 and gc_<name>_c128.
 *
 * Made of the functions of real numbers in this folder, so loops over them become vector code
 * (pow apart). Values at nan, inf, -0.0 are those of C99 annex G, which numpy has from its libm;
 * what annex G leaves open (the sign of a zero) is as it comes. Bound: 8 ulp of the result's
 * length; near a zero of log and of sin, as that of its parts.
 */
#ifndef GRADC_COMPLEX_MATH_H
#define GRADC_COMPLEX_MATH_H

#include "asinh.h"
#include "atan.h"
#include "complex.h"
#include "exp.h"
#include "log.h"
#include "sinh.h"
#include "tanh.h"
#include "trig.h"

#define GC_PASTED_(a, b, c) a##_##b##_##c
#define GC_PASTED(a, b, c) GC_PASTED_(a, b, c)
#define GC_FN_OF(name) GC_PASTED(gc, name, GC_C)   /* of complex numbers */
#define GC_RE_OF(name) GC_PASTED(gc, name, GC_S)   /* of real ones */

#define GC_T float
#define GC_Z gc_c64
#define GC_C c64
#define GC_S f32
#define GC_MAKE GC_C64
#define GC_BUILTIN(name) __builtin_##name##f
#define GC_FAR 80.0f               /* exp of it is finite, and of twice itself less the rest */
#define GC_EXP_FAR 0x1.55779cp+115f /* exp(80) */
#define GC_GREAT 0x1p120f
#define GC_SLIGHT 0x1p-80f
#define GC_FLAT 11.0f /* from here on tanh is 1 */
#define GC_WIDE 0x1p26f /* from here on 1 + z is z */
#include "complex_functions.h"
#include "complex_inverses.h"

#define GC_T double
#define GC_Z gc_c128
#define GC_C c128
#define GC_S f64
#define GC_MAKE GC_C128
#define GC_BUILTIN(name) __builtin_##name
#define GC_FAR 700.0
#define GC_EXP_FAR 0x1.d945df4f8ec8ep+1009 /* exp(700) */
#define GC_GREAT 0x1p1020
#define GC_SLIGHT 0x1p-900
#define GC_FLAT 22.0
#define GC_WIDE 0x1p55
#include "complex_functions.h"
#include "complex_inverses.h"

#endif

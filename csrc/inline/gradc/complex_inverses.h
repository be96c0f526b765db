/* The inverse functions of complex_math.h, log1p and expm1, for the types that it has set.
 *
 * Formulas of W. Kahan, Branch Cuts for Complex Elementary Functions (1987): sums in them have terms
 * of one sign, so nothing cancels; roots of 1 - z and 1 + z are right where these are small, for
 * then the difference is exact. Far out, where 1 + z is z, logarithms. T. E. Hull, T. F. Fairgrieve,
 * P. T. P. Tang, Implementing the complex arcsine and arccosine functions using exception handling
 * (ACM TOMS 23, 1997), say where which is needed. No guard: included once a type.
 */

/* log(2 abs(z)) */
GC_INLINE GC_T GC_FN_OF(log_twice)(GC_Z z)
{
    return __real__ GC_FN_OF(log)(z) + (GC_T)0.6931471805599453;
}

GC_INLINE int GC_FN_OF(is_far)(GC_Z z) /* or no number */
{
    return !((GC_BUILTIN(fabs)(__real__ z) < GC_WIDE) & (GC_BUILTIN(fabs)(__imag__ z) < GC_WIDE));
}

GC_INLINE GC_Z GC_FN_OF(asin)(GC_Z z)
{
    const GC_T x = __real__ z, y = __imag__ z;
    const int far = GC_FN_OF(is_far)(z), rest = (x == 0) & (y != y);
    const GC_Z p = GC_FN_OF(sqrt)(GC_MAKE(1 - x, -y)), q = GC_FN_OF(sqrt)(GC_MAKE(1 + x, y));
    const GC_T across = __real__ p * __real__ q - __imag__ p * __imag__ q;
    const GC_T along = __real__ p * __imag__ q - __imag__ p * __real__ q;
    const GC_T re = GC_RE_OF(atan2)(x, far ? GC_BUILTIN(fabs)(y) : across);
    const GC_T im = far ? GC_FN_OF(log_twice)(z) : GC_RE_OF(asinh)(along);
    return GC_MAKE(rest ? x : re, GC_BUILTIN(copysign)(im, y));
}

GC_INLINE GC_Z GC_FN_OF(acos)(GC_Z z)
{
    const GC_T x = __real__ z, y = __imag__ z;
    const int far = GC_FN_OF(is_far)(z), rest = (x == 0) & (y != y);
    const GC_Z p = GC_FN_OF(sqrt)(GC_MAKE(1 - x, -y)), q = GC_FN_OF(sqrt)(GC_MAKE(1 + x, y));
    const GC_T along = __real__ q * __imag__ p - __imag__ q * __real__ p;
    const GC_T up = far ? GC_BUILTIN(fabs)(y) : __real__ p, right = far ? x : __real__ q;
    const GC_T turn = GC_RE_OF(atan2)(up, right) * (far ? 1 : 2);
    const GC_T im = far ? GC_FN_OF(log_twice)(z) : GC_RE_OF(asinh)(along);
    return GC_MAKE(rest ? (GC_T)1.5707963267948966 : turn, -GC_BUILTIN(copysign)(im, y));
}

/* acosh(z) = i acos(z) or -i acos(z), whichever lies to the right. */
GC_INLINE GC_Z GC_FN_OF(acosh)(GC_Z z)
{
    const GC_Z turned = GC_FN_OF(acos)(z);
    const GC_T im = GC_BUILTIN(copysign)(__real__ turned, __imag__ z);
    return GC_MAKE(GC_BUILTIN(fabs)(__imag__ turned), im);
}

/* Far out x / abs(z)^2 + i pi / 2; at x = 1 the square of y may be too small for a number. */
GC_INLINE GC_Z GC_FN_OF(atanh)(GC_Z z)
{
    const GC_T x = __real__ z, y = __imag__ z, inf = GC_BUILTIN(inf)();
    const GC_T a = GC_BUILTIN(fabs)(x), b = GC_BUILTIN(fabs)(y);
    const int far = GC_FN_OF(is_far)(z), edge = (a == 1) & (b * GC_WIDE < 1);
    const GC_T above = 4 * a / ((1 - a) * (1 - a) + y * y);
    const GC_T near = GC_RE_OF(log1p)(above) / 4;
    const GC_T steep = ((GC_T)0.6931471805599453 - GC_RE_OF(log)(b)) / 2;
    const GC_T half = GC_RE_OF(hypot)(x / 2, y / 2);
    const GC_T out = (a == inf) | (b == inf) ? 0 : a / 2 / half / half / 2;
    const GC_T re = far ? (x == 0 ? 0 : out) : edge ? steep : near;
    const GC_T turn = GC_RE_OF(atan2)(2 * b, (1 - a) * (1 + a) - y * y) / 2;
    const int lost = (y != y) | ((x != x) & (b != inf));
    const GC_T right = lost ? x + y : (GC_T)1.5707963267948966;
    return GC_MAKE(GC_BUILTIN(copysign)(re, x), GC_BUILTIN(copysign)(far ? right : turn, y));
}

/* asinh(z) = -i asin(iz), atan(z) = -i atanh(iz). */
GC_INLINE GC_Z GC_FN_OF(asinh)(GC_Z z)
{
    const GC_Z turned = GC_FN_OF(asin)(GC_MAKE(-__imag__ z, __real__ z));
    return GC_MAKE(__imag__ turned, -__real__ turned);
}

GC_INLINE GC_Z GC_FN_OF(atan)(GC_Z z)
{
    const GC_Z turned = GC_FN_OF(atanh)(GC_MAKE(-__imag__ z, __real__ z));
    return GC_MAKE(__imag__ turned, -__real__ turned);
}

/* log(abs(1 + z)): near 0 by log1p of abs(1 + z)^2 - 1; elsewhere 1 + x loses nothing. */
GC_INLINE GC_Z GC_FN_OF(log1p)(GC_Z z)
{
    const GC_T x = __real__ z, y = __imag__ z;
    const int near = (x > (GC_T)-0.5) & (x < 1) & (GC_BUILTIN(fabs)(y) < 1);
    const GC_T here = GC_RE_OF(log1p)(x * (2 + x) + y * y) / 2;
    const GC_Z there = GC_FN_OF(log)(GC_MAKE(1 + x, y));
    return GC_MAKE(near ? here : __real__ there, __imag__ there);
}

/* exp(x) cos(y) - 1 = expm1(x) cos(y) - 2 sin(y/2)^2; where exp(x) is large the 1 does not matter. */
GC_INLINE GC_Z GC_FN_OF(expm1)(GC_Z z)
{
    const GC_T x = __real__ z, y = __imag__ z;
    const GC_Z whole = GC_FN_OF(exp)(z);
    const int near = (GC_BUILTIN(fabs)(x) < 40) & (y - y == 0);
    const GC_T s = GC_RE_OF(sin)(y / 2);
    const GC_T here = GC_RE_OF(expm1)(x) * GC_RE_OF(cos)(y) - 2 * s * s;
    return GC_MAKE(near ? here : __real__ whole - 1, __imag__ whole);
}

#undef GC_T
#undef GC_Z
#undef GC_C
#undef GC_S
#undef GC_MAKE
#undef GC_BUILTIN
#undef GC_FAR
#undef GC_EXP_FAR
#undef GC_GREAT
#undef GC_SLIGHT
#undef GC_FLAT
#undef GC_WIDE

/* The functions of complex_math.h, for the types that it has set. No guard: included once a type. */

/* exp(x) too large for a number need not be so times a cosine: it is multiplied in steps. */
GC_INLINE GC_Z GC_FN_OF(exp)(GC_Z z)
{
    const GC_T x = __real__ z, y = __imag__ z, inf = GC_BUILTIN(inf)();
    const int once = x > GC_FAR, twice = x > 2 * GC_FAR, wild = !(y - y == 0);
    const GC_T e = GC_RE_OF(exp)(x - (twice ? 2 * GC_FAR : once ? GC_FAR : 0));
    const GC_T one = once ? GC_EXP_FAR : 1, two = twice ? GC_EXP_FAR : 1;
    const GC_T re = GC_RE_OF(cos)(y) * one * two * e, im = GC_RE_OF(sin)(y) * one * two * e;
    const int none = wild & (x == -inf), all = wild & (x == inf);
    return GC_MAKE(all ? inf : none ? 0 : re, none ? 0 : y == 0 ? y : im);
}

GC_INLINE GC_T GC_FN_OF(angle)(GC_Z z) { return GC_RE_OF(atan2)(__imag__ z, __real__ z); }

/* log(abs(z)): near 1 by log1p of what is above 1, else scaled to where the length is exact. */
GC_INLINE GC_Z GC_FN_OF(log)(GC_Z z)
{
    const GC_T a = GC_BUILTIN(fabs)(__real__ z), b = GC_BUILTIN(fabs)(__imag__ z);
    const GC_T longer = a > b ? a : b, shorter = a > b ? b : a;
    const int huge = longer > GC_GREAT, tiny = longer < GC_SLIGHT;
    const GC_T scale = huge ? (GC_T)0x1p-2 : tiny ? (GC_T)0x1p60 : 1;
    const GC_T shift = huge ? (GC_T)1.3862943611198906 : tiny ? (GC_T)-41.58883083359672 : 0;
    const GC_T length = GC_RE_OF(hypot)(a * scale, b * scale);
    const GC_T away = GC_RE_OF(log)(length) + shift;
    const GC_T above = (longer - 1) * (longer + 1) + shorter * shorter;
    const GC_T near = GC_RE_OF(log1p)(above) / 2;
    const int is_near = (scale == 1) & (length > (GC_T)0.5) & (length < 3);
    return GC_MAKE(is_near ? near : away, GC_FN_OF(angle)(z));
}

GC_INLINE GC_Z GC_FN_OF(log2)(GC_Z z)
{
    const GC_Z found = GC_FN_OF(log)(z);
    const GC_T unit = (GC_T)1.4426950408889634;
    return GC_MAKE(__real__ found * unit, __imag__ found * unit);
}

GC_INLINE GC_Z GC_FN_OF(log10)(GC_Z z)
{
    const GC_Z found = GC_FN_OF(log)(z);
    const GC_T unit = (GC_T)0.4342944819032518;
    return GC_MAKE(__real__ found * unit, __imag__ found * unit);
}

/* The part that does not cancel by a root, the other one from it (W. Kahan, Branch Cuts, 1987). */
GC_INLINE GC_Z GC_FN_OF(sqrt)(GC_Z z)
{
    const GC_T x = __real__ z, y = __imag__ z, inf = GC_BUILTIN(inf)();
    const GC_T a = GC_BUILTIN(fabs)(x), b = GC_BUILTIN(fabs)(y), longer = a > b ? a : b;
    const int huge = longer > GC_GREAT, tiny = longer < GC_SLIGHT;
    const GC_T scale = huge ? (GC_T)0x1p-4 : tiny ? (GC_T)0x1p60 : 1;
    const GC_T back = huge ? 4 : tiny ? (GC_T)0x1p-30 : 1;
    const GC_T length = GC_RE_OF(hypot)(a * scale, b * scale);
    const GC_T root = GC_BUILTIN(sqrt)((a * scale + length) / 2);
    const GC_T other = root == 0 ? 0 : b * scale / (2 * root);
    const int right = x >= 0, up = b == inf;
    const GC_T re = (right ? root : other) * back, im = (right ? other : root) * back;
    return GC_MAKE(up ? inf : re, GC_BUILTIN(copysign)(up ? inf : im, y));
}

/* sinh and cosh of a real number; where they are too large, both are exp(x) / 2, to be multiplied by
 * `one` and `two` when they meet a cosine. */
typedef struct GC_FN_OF(steps) {
    GC_T sinh, cosh, one, two;
} GC_FN_OF(steps);

GC_INLINE GC_FN_OF(steps) GC_FN_OF(in_steps)(GC_T x)
{
    const GC_T a = GC_BUILTIN(fabs)(x);
    const int once = a > GC_FAR, twice = a > 2 * GC_FAR;
    const GC_T half = GC_RE_OF(exp)(a - (twice ? 2 * GC_FAR : once ? GC_FAR : 0)) / 2;
    GC_FN_OF(steps) out;
    out.one = once ? GC_EXP_FAR : 1;
    out.two = twice ? GC_EXP_FAR : 1;
    out.sinh = once ? GC_BUILTIN(copysign)(half, x) : GC_RE_OF(sinh)(x);
    out.cosh = once ? half : GC_RE_OF(cosh)(x);
    return out;
}

/* sinh(x) cos(y) + i cosh(x) sin(y) */
GC_INLINE GC_Z GC_FN_OF(sinh)(GC_Z z)
{
    const GC_T x = __real__ z, y = __imag__ z, inf = GC_BUILTIN(inf)(), a = GC_BUILTIN(fabs)(x);
    const GC_FN_OF(steps) of = GC_FN_OF(in_steps)(x);
    const GC_T re = GC_RE_OF(cos)(y) * of.one * of.two * of.sinh;
    const GC_T im = GC_RE_OF(sin)(y) * of.one * of.two * of.cosh;
    const int wild = !(y - y == 0), stays = wild & ((x == 0) | (a == inf));
    return GC_MAKE(stays ? x : re, y == 0 ? y : im);
}

GC_INLINE GC_Z GC_FN_OF(cosh)(GC_Z z)
{
    const GC_T x = __real__ z, y = __imag__ z, inf = GC_BUILTIN(inf)(), a = GC_BUILTIN(fabs)(x);
    const GC_FN_OF(steps) of = GC_FN_OF(in_steps)(x);
    const GC_T re = GC_RE_OF(cos)(y) * of.one * of.two * of.cosh;
    const GC_T im = GC_RE_OF(sin)(y) * of.one * of.two * of.sinh;
    const GC_T flat = GC_BUILTIN(copysign)(y, x * y);
    const int wild = !(y - y == 0);
    return GC_MAKE(wild & (a == inf) ? inf : re, y == 0 ? flat : wild & (x == 0) ? x : im);
}

/* From t = tan(y) and s = sinh(x), so that nothing cancels (W. Kahan, Branch Cuts, 1987). */
GC_INLINE GC_Z GC_FN_OF(tanh)(GC_Z z)
{
    const GC_T x = __real__ z, y = __imag__ z, inf = GC_BUILTIN(inf)(), a = GC_BUILTIN(fabs)(x);
    const int far = a > GC_FLAT, wild = !(y - y == 0);
    const GC_T t = GC_RE_OF(tan)(y), s = GC_RE_OF(sinh)(far ? 1 : x);
    const GC_T beta = 1 + t * t, rho = GC_BUILTIN(sqrt)(1 + s * s), under = 1 + beta * s * s;
    const GC_T e = GC_RE_OF(exp)(-a), twist = wild ? 0 : GC_RE_OF(sin)(y) * GC_RE_OF(cos)(y);
    const GC_T re = far ? GC_BUILTIN(copysign)(1, x) : beta * rho * s / under;
    const GC_T im = far ? (wild & (a != inf) ? y - y : 4 * twist * e * e) : t / under;
    const GC_T real = !far & wild & (x == 0) ? x : far & wild & (a != inf) ? y - y : re;
    return GC_MAKE(real, y == 0 ? y : im);
}

/* sin(z) = -i sinh(iz), cos(z) = cosh(iz), tan(z) = -i tanh(iz). */
GC_INLINE GC_Z GC_FN_OF(sin)(GC_Z z)
{
    const GC_Z turned = GC_FN_OF(sinh)(GC_MAKE(-__imag__ z, __real__ z));
    return GC_MAKE(__imag__ turned, -__real__ turned);
}

GC_INLINE GC_Z GC_FN_OF(cos)(GC_Z z)
{
    return GC_FN_OF(cosh)(GC_MAKE(-__imag__ z, __real__ z));
}

GC_INLINE GC_Z GC_FN_OF(tan)(GC_Z z)
{
    const GC_Z turned = GC_FN_OF(tanh)(GC_MAKE(-__imag__ z, __real__ z));
    return GC_MAKE(__imag__ turned, -__real__ turned);
}

/* Whole exponents below 100 by multiplication, as numpy; the rest by exp(y log(x)). */
GC_INLINE GC_Z GC_FN_OF(pow)(GC_Z x, GC_Z y)
{
    const GC_T p = __real__ y, q = __imag__ y, nan = GC_BUILTIN(nan)("");
    if (p == 0 && q == 0)
        return GC_MAKE(1, 0);
    if (x == 0)
        return p > 0 ? GC_MAKE(0, 0) : GC_MAKE(nan, nan);
    if (q == 0 && p > -100 && p < 100 && p == (GC_T)(int)p) {
        GC_Z power = x, found = x;
        int is_first = 1;
        for (int n = p < 0 ? (int)-p : (int)p; n > 0; n /= 2) {
            if (n % 2)
                found = is_first ? power : GC_FN_OF(mul)(found, power);
            is_first = n % 2 ? 0 : is_first;
            power = GC_FN_OF(mul)(power, power);
        }
        return p < 0 ? GC_FN_OF(reciprocal)(found) : found;
    }
    return GC_FN_OF(exp)(GC_FN_OF(mul)(y, GC_FN_OF(log)(x)));
}

/* The determinant of a[n, n] from its factors (lu.h): the product of their diagonal, one sign a
 * swap. Mantissas and exponents are multiplied apart, so nothing overflows but the result. a is not
 * read.
 */
#include "element.h"

GC_ROUTINE void GC_FN(int64_t n, const GC_T *a, const GC_T *factors, const int32_t *pivots,
                      GC_T *out)
{
    const int64_t most = 10000; /* beyond any exponent */
    int64_t power = 0;
    int exponent = 0;
    (void)a;
#ifdef GC_COMPLEX
    double re = 1, im = 0;
    for (int64_t i = 0; i < n; i++) {
        const double p = __real__ factors[i * n + i], q = __imag__ factors[i * n + i];
        const double sign = pivots[i] - 1 == i ? 1 : -1;
        const double next = sign * (re * p - im * q);
        im = sign * (re * q + im * p);
        re = next;
        frexp(fmax(fabs(re), fabs(im)), &exponent);
        re = ldexp(re, -exponent);
        im = ldexp(im, -exponent);
        power += exponent;
    }
    const int last = (int)(power > most ? most : power < -most ? -most : power);
    __real__ *out = (GC_REAL)ldexp(re, last);
    __imag__ *out = (GC_REAL)ldexp(im, last);
#else
    double product = 1;
    for (int64_t i = 0; i < n; i++) {
        const double factor = (double)factors[i * n + i];
        product = frexp(pivots[i] - 1 == i ? product * factor : -product * factor, &exponent);
        power += exponent;
    }
    power = power > most ? most : power < -most ? -most : power;
    *out = (GC_T)ldexp(product, (int)power);
#endif
}

#include "routine_end.h"

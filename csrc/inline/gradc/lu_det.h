/* The determinant of a[n, n] from its factors (lu.h): the product of their diagonal, one sign a
 * swap. Mantissas and exponents are multiplied apart, so nothing overflows but the result. a is not
 * read. */
#include <math.h>

#include "routine.h"

GC_ROUTINE void GC_FN(int64_t n, const GC_T *a, const GC_T *factors, const int32_t *pivots,
                      GC_T *out)
{
    double product = 1;
    int64_t power = 0;
    (void)a;
    for (int64_t i = 0; i < n; i++) {
        int exponent = 0;
        const double factor = (double)factors[i * n + i];
        product = frexp(pivots[i] - 1 == i ? product * factor : -product * factor, &exponent);
        power += exponent;
    }
    const int64_t most = 10000; /* beyond any exponent */
    power = power > most ? most : power < -most ? -most : power;
    *out = (GC_T)ldexp(product, (int)power);
}

#include "routine_end.h"

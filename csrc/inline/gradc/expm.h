/* The exponential of a[n, n]: a is halved until its 1-norm is below a bound, a Pade approximant taken
 * (of degree 3, 5, 7, 9 or 13 by what the norm asks), and squared again as often. (Higham, The scaling and
 * squaring method for the matrix exponential revisited, 2005.) A norm that is not finite gives nan.
 * `spare` has room for 6 n n elements and `pivots` for n.
 */
#include "matrices.h"

#ifdef GC_COMPLEX
#define GC_WIDE gc_c128
#define GC_LENGTH(x) hypot((double)__real__(x), (double)__imag__(x))
#else
#define GC_WIDE double
#define GC_LENGTH(x) fabs((double)(x))
#endif

/* c = a b + beta c */
GC_HELPER void GC_OF(product)(const gc_table *table, int64_t n, const GC_T *a, const GC_T *b,
                              GC_T beta, GC_T *c)
{
    GC_M(gemm)(table, n, n, n, 1, a, n, 1, b, n, 1, beta, c, n, 1);
}

GC_HELPER double GC_OF(norm)(int64_t n, const GC_T *a)
{
    double most = 0;
    for (int64_t j = 0; j < n; j++) {
        double total = 0;
        for (int64_t i = 0; i < n; i++)
            total += GC_LENGTH(a[i * n + j]);
        most = total > most || total != total ? total : most;
    }
    return most;
}

/* c = b[0] + b[1] p[1] + b[2] p[2] ..., p[0] the unit matrix; every second coefficient. */
GC_HELPER void GC_OF(sum)(int64_t n, int64_t count, const double *b, GC_T *const *p, GC_T *c)
{
    for (int64_t i = 0; i < n * n; i++) {
        GC_WIDE total = i % (n + 1) == 0 ? b[0] : 0;
        for (int64_t k = 1; k < count; k++)
            total += b[2 * k] * (GC_WIDE)p[k][i];
        c[i] = (GC_T)total;
    }
}

/* u and v of the approximant (v - u)^-1 (v + u), in x and y; p[1] and on are powers of a^2. */
GC_HELPER void GC_OF(approximant)(const gc_table *table, int64_t n, int64_t degree,
                                  const GC_T *a, GC_T *const *p, GC_T *x, GC_T *y)
{
    static const double b3[] = {120, 60, 12, 1}, b5[] = {30240, 15120, 3360, 420, 30, 1};
    static const double b7[] = {17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1};
    static const double b9[] = {17643225600, 8821612800, 2075673600, 302702400, 30270240,
                                2162160,     110880,     3960,       90,        1};
    static const double b13[] = {64764752532480000, 32382376266240000, 7771770303897600,
                                 1187353796428800,  129060195264000,   10559470521600,
                                 670442572800,      33522128640,       1323241920,
                                 40840800,          960960,            16380,
                                 182,               1};
    const double *b = degree == 3 ? b3 : degree == 5 ? b5 : degree == 7 ? b7 : degree == 9 ? b9 : b13;
    if (degree < 13) {
        GC_OF(sum)(n, degree / 2 + 1, b + 1, p, y);
        GC_OF(product)(table, n, a, y, 0, x);
        GC_OF(sum)(n, degree / 2 + 1, b, p, y);
        return;
    }
    GC_T *low = p[4]; /* free: degree 13 needs three powers */
    for (int odd = 1; odd >= 0; odd--) {
        const double high[] = {0, 0, b[8 + odd], 0, b[10 + odd], 0, b[12 + odd]};
        GC_OF(sum)(n, 4, high, p, low);
        GC_OF(sum)(n, 4, b + odd, p, y);
        GC_OF(product)(table, n, p[3], low, 1, y);
        if (odd)
            GC_OF(product)(table, n, a, y, 0, x);
    }
}

GC_ROUTINE void GC_FN(const gc_table *table, int64_t n, const GC_T *a, GC_T *out, GC_T *spare,
                      int32_t *pivots)
{
    /* by the norm, degrees 3, 5 ... whose error is below the last place: Higham's table 2.3, and
     * for float32 that of Eigen's MatrixExponential */
    static const double bound64[] = {1.495585217958292e-2, 2.539398330063230e-1,
                                     9.504178996162932e-1, 2.097847961257068, 5.371920351148152};
    static const double bound32[] = {4.258730016922831e-1, 1.880152677804762, 3.925724783138660};
    const int count = sizeof(GC_REAL) == 8 ? 5 : 3;
    const double *bound = sizeof(GC_REAL) == 8 ? bound64 : bound32;
    const int64_t size = n * n;
    const double norm = GC_OF(norm)(n, a);
    int halvings = 0, k = 0;
    if (!isfinite(norm)) {
        for (int64_t i = 0; i < size; i++)
            out[i] = (GC_T)NAN;
        return;
    }
    while (k < count - 1 && norm > bound[k])
        k++;
    if (norm > bound[k])
        frexp(norm / bound[k], &halvings);
    GC_T *p[] = {NULL, spare, spare + size, spare + 2 * size, spare + 3 * size};
    GC_T *x = spare + 4 * size, *y = spare + 5 * size;
    for (int64_t i = 0; i < size; i++)
        out[i] = a[i] * (GC_REAL)ldexp(1, -halvings);
    const int64_t degree = k == 4 ? 13 : 3 + 2 * k, powers = k == 4 ? 3 : 1 + k;
    GC_OF(product)(table, n, out, out, 0, p[1]);
    for (int64_t i = 2; i <= powers; i++)
        GC_OF(product)(table, n, p[i - 1], p[1], 0, p[i]);
    GC_OF(approximant)(table, n, degree, out, p, x, y);
    for (int64_t i = 0; i < size; i++) {
        out[i] = y[i] + x[i];
        y[i] -= x[i];
    }
    /* y is factored as lu.h has it; its pivots are rows of the solution */
    const int32_t ns = (int32_t)n;
    int32_t info = 0;
    const gc_triangle lower = {true, false, false}, upper = {false, false, true};
    if (n)
        table->lapack.GC_BLAS(getrf)(&ns, &ns, y, &ns, pivots, &info);
    GC_M(substitute)(table, lower, n, n, y, n, out, n);
    GC_M(substitute)(table, upper, n, n, y, n, out, n);
    GC_M(swap_rows)(pivots, 0, n, false, n, out, n);
    for (; halvings > 0; halvings--) {
        GC_OF(product)(table, n, out, out, 0, x);
        memcpy(out, x, (size_t)size * sizeof *x);
    }
}

#undef GC_WIDE
#undef GC_LENGTH
#include "routine_end.h"

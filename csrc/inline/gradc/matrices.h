/* What the routines of linear algebra share: triangular systems, and work cut over the pool.
 *
 * Included by their headers for each element type (GC_T, GC_SUFFIX, GC_BITS); defines itself once a
 * type. Matrices are row-major with rows `lead` apart. LAPACK reads by columns, so to it they are
 * transposed: a lower triangle is an upper one, x a = b is a' x' = b', and nothing is copied.
 * Of complex matrices a transpose is plain, not conjugate.
 * Blocks follow from the sizes alone, so results do not depend on the number of threads.
 */
#include "element.h"

#ifndef GRADC_MATRICES_H
#define GRADC_MATRICES_H

enum {
    GC_BLOCK = 64,      /* rows of a block of a factorisation */
    GC_UNBLOCKED = 128, /* up to here one call of LAPACK */
    GC_COLUMNS = 64     /* right-hand sides of a chunk */
};

/* Of a triangular matrix: which triangle is stored, whether its transpose is meant, and whether
 * its diagonal counts as ones. */
typedef struct gc_triangle {
    bool lower, trans, unit;
} gc_triangle;

/* Run chunks of a routine's own work on the pool; alone, where the pool runs this one. */
GC_HELPER int gc_spread(const gc_table *table, const gc_frame *frame, gc_chunk chunk, void *task,
                       int64_t count)
{
    gc_frame inner = *frame;
    inner.task = task;
    if (count == 1)
        return chunk(table, &inner, 0, 0);
    return table->parallel(table, &inner, chunk, count);
}

GC_HELPER int64_t gc_pieces(int64_t length, int64_t piece)
{
    return length <= 0 ? 0 : (length + piece - 1) / piece;
}

GC_HELPER int64_t gc_less(int64_t a, int64_t b) { return a < b ? a : b; }

#define GC_M(name) GC_JOINED(gc_##name, GC_SUFFIX)
#endif

#ifdef GC_COMPLEX
#if GC_BITS == 128 && !defined(GRADC_MATRICES_C128)
#define GRADC_MATRICES_C128
#define GC_NEW_TYPE
#elif GC_BITS == 64 && !defined(GRADC_MATRICES_C64)
#define GRADC_MATRICES_C64
#define GC_NEW_TYPE
#endif
#elif GC_BITS == 64 && !defined(GRADC_MATRICES_F64)
#define GRADC_MATRICES_F64
#define GC_NEW_TYPE
#elif GC_BITS == 32 && !defined(GRADC_MATRICES_F32)
#define GRADC_MATRICES_F32
#define GC_NEW_TYPE
#endif

#ifdef GC_NEW_TYPE
#undef GC_NEW_TYPE

/* b[m, n] = op(a)^-1 b, a triangular [m, m]; or b op(a)^-1, a [n, n], if `right`: one call of BLAS,
 * to which left is right. */
GC_GLUE void GC_M(trsm)(const gc_table *table, bool right, gc_triangle of, int64_t m, int64_t n,
                        const GC_T *a, int64_t a_lead, GC_T *b, int64_t b_lead)
{
    if (m <= 0 || n <= 0)
        return;
    const int32_t rows = (int32_t)m, cols = (int32_t)n, al = (int32_t)a_lead, bl = (int32_t)b_lead;
    const GC_T one = 1;
    table->blas.GC_BLAS(trsm)(right ? "L" : "R", of.lower ? "U" : "L", of.trans ? "T" : "N",
                                of.unit ? "U" : "N", &cols, &rows, &one, a, &al, b, &bl);
}

/* b[m, n] = op(a)^-1 b: block by block, most of it products. */
GC_GLUE void GC_M(substitute)(const gc_table *table, gc_triangle of, int64_t m, int64_t n,
                              const GC_T *a, int64_t a_lead, GC_T *b, int64_t b_lead)
{
    const bool forward = of.lower != of.trans;
    const int64_t blocks = gc_pieces(m, GC_BLOCK);
    for (int64_t k = 0; k < blocks; k++) {
        const int64_t low = (forward ? k : blocks - 1 - k) * GC_BLOCK;
        const int64_t high = gc_less(low + GC_BLOCK, m);
        const int64_t first = forward ? 0 : high, known = forward ? low : m - high;
        const GC_T *factor = of.trans ? a + first * a_lead + low : a + low * a_lead + first;
        if (known > 0)
            GC_M(gemm)(table, high - low, n, known, -1, factor, of.trans ? 1 : a_lead,
                       of.trans ? a_lead : 1, b + first * b_lead, b_lead, 1, 1, b + low * b_lead,
                       b_lead, 1);
        GC_M(trsm)(table, false, of, high - low, n, a + low * a_lead + low, a_lead,
                   b + low * b_lead, b_lead);
    }
}

/* The swaps that LAPACK's pivots first .. last - 1 mean, of rows of b[., n], forward or back. */
GC_HELPER void GC_M(swap_rows)(const int32_t *pivots, int64_t first, int64_t last, bool forward,
                               int64_t n, GC_T *b, int64_t b_lead)
{
    for (int64_t k = first; k < last; k++) {
        const int64_t i = forward ? k : last - 1 - (k - first), other = pivots[i] - 1;
        for (int64_t j = 0; other != i && j < n; j++) {
            const GC_T kept = b[i * b_lead + j];
            b[i * b_lead + j] = b[other * b_lead + j];
            b[other * b_lead + j] = kept;
        }
    }
}

/* A system with one or two triangles and perhaps swaps, for all right-hand sides b[m, n]. */
typedef struct GC_M(system) {
    int64_t m, n, count; /* of triangles */
    gc_triangle of[2];
    const GC_T *a;
    const int32_t *pivots; /* NULL: none; before the solution if `swap_first` */
    bool swap_first;
    GC_T *b;
} GC_M(system);

GC_ROUTINE int GC_M(columns)(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    const GC_M(system) *s = frame->task;
    const int64_t low = chunk * GC_COLUMNS, n = gc_less(s->n - low, GC_COLUMNS);
    (void)worker;
    if (s->pivots && s->swap_first)
        GC_M(swap_rows)(s->pivots, 0, s->m, true, n, s->b + low, s->n);
    for (int64_t k = 0; k < s->count; k++)
        GC_M(substitute)(table, s->of[k], s->m, n, s->a, s->m, s->b + low, s->n);
    if (s->pivots && !s->swap_first)
        GC_M(swap_rows)(s->pivots, 0, s->m, false, n, s->b + low, s->n);
    return GC_OK;
}

/* The first 0 on the diagonal of a[n, n], counted from 1; 0 if there is none. */
GC_HELPER int64_t GC_M(zero_pivot)(int64_t n, const GC_T *a)
{
    for (int64_t i = 0; i < n; i++)
        if (a[i * n + i] == 0)
            return i + 1;
    return 0;
}

GC_HELPER bool GC_M(is_finite)(int64_t count, const GC_T *a)
{
    bool found = true;
    for (int64_t i = 0; i < count; i++)
        found = found && GC_IS_FINITE(a[i]);
    return found;
}

/* The singular values of a[m, n], which is destroyed, and vectors as `job` says: 'N', none; 'S', u
 * [m, k] and v' [k, n], k = min(m, n); 'A', [m, m] and [n, n]. Whether LAPACK's iteration ended.
 *
 * By columns a is its transpose, whose left vectors are the right ones of a (of complex numbers
 * too: both are conjugate, and stand where their transposes are asked for). `work` has room for
 * 7 k k + 74 max(m, n) + 64, `places` for 8 k; `parts`, of complex matrices, for 7 k k + 2 k max(m, n)
 * + 7 k. */
GC_GLUE bool GC_M(gesdd)(const gc_table *table, char job, int64_t m, int64_t n, GC_T *a, GC_T *u,
                         GC_REAL *s, GC_T *v, GC_T *work, GC_REAL *parts, int32_t *places)
{
    const int64_t k = gc_less(m, n), room = 7 * k * k + 74 * (m + n - k) + 64;
    const int64_t lead = job == 'A' ? m : job == 'S' ? k : 1;
    const int32_t ms = (int32_t)m, ns = (int32_t)n, leads = (int32_t)lead;
    const int32_t rooms = (int32_t)gc_less(room, INT32_MAX);
    int32_t info = 0;
    if (!k)
        return true;
#ifdef GC_COMPLEX
    table->lapack.GC_BLAS(gesdd)(&job, &ns, &ms, a, &ns, s, v, &ns, u, &leads, work, &rooms, parts,
                                 places, &info);
#else
    (void)parts;
    table->lapack.GC_BLAS(gesdd)(&job, &ns, &ms, a, &ns, s, v, &ns, u, &leads, work, &rooms, places,
                                 &info);
#endif
    return info == 0;
}
#endif

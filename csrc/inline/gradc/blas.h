/* Matrix products: strided row-major matrices onto the Fortran interface of BLAS.
 *
 * Element (i, j) of a matrix stands at i * row + j * col. One of the two strides is 1; the stride
 * of an axis of length 1 may be anything. Every degenerate case (no rows, no columns, k = 0,
 * lengths above 2^31) is handled here, so BLAS sees legal arguments only. With beta = 0 what
 * stands in c does not matter, nan included.
 */
#ifndef GRADC_BLAS_H
#define GRADC_BLAS_H

#include <stdbool.h>
#include <string.h>

#include "abi.h"

/* BLAS counts in int32; longer axes are cut. A leading dimension cannot be. */
#define GC_BLAS_MOST (INT64_C(1) << 30)

/* What leads to BLAS runs once a block and is compiled for size: gcc 12 at -O3 made six copies of a
 * product, 300 ms of work (and 70 so). */
#if defined(__clang__)
#define GC_GLUE static __attribute__((cold, noinline, unused))
#else
#define GC_GLUE static __attribute__((cold, noinline, noclone, unused))
#endif

/* How Fortran, column by column, reads an m x n matrix: as it is, or as a transposed one. */
typedef struct gc_layout {
    bool is_legal;
    char trans;
    int32_t lead;
} gc_layout;

static inline int64_t gc_at_least(int64_t x, int64_t least) { return x > least ? x : least; }

static inline gc_layout gc_layout_of(int64_t m, int64_t n, int64_t row, int64_t col)
{
    const bool by_rows = (col == 1 || n <= 1) && (m <= 1 || row >= gc_at_least(n, 1));
    const bool by_cols = (row == 1 || m <= 1) && (n <= 1 || col >= gc_at_least(m, 1));
    const int64_t lead = by_rows ? (m <= 1 ? gc_at_least(n, 1) : row)
                                 : (n <= 1 ? gc_at_least(m, 1) : col);
    const gc_layout layout = {(by_rows || by_cols) && lead <= INT32_MAX, by_rows ? 'T' : 'N',
                              (int32_t)lead};
    return layout;
}

/* Whether a product is one of gc_small. A vector by a large matrix is not: BLAS reads that faster. */
static inline bool gc_is_small(const gc_small *small, int64_t m, int64_t n, int64_t k, int64_t c_col)
{
    const int64_t rows = c_col == 1 ? m : n, columns = c_col == 1 ? n : m;
    if (k <= 0 || k > GC_SMALL_DEPTH || columns > GC_BLAS_MOST)
        return false;
    const int64_t right = k * columns;
    return rows == 1 ? right <= 256
                     : right <= small->most || (right <= small->cached && rows <= small->some) ||
                           (right <= small->near && rows <= small->few);
}

/* Products that are not for BLAS; whether it was done. Of complex numbers there are none. */
#define GC_SMALL_PRODUCTS(suffix, T)                                                              \
    static inline bool gc_small_##suffix(                                                         \
        const gc_small *small, int64_t stack, int64_t m, int64_t n, int64_t k, T alpha,           \
        const T *a, int64_t a_next, int64_t a_row, int64_t a_col, const T *b, int64_t b_next,     \
        int64_t b_row, int64_t b_col, T beta, T *c, int64_t c_next, int64_t c_row, int64_t c_col) \
    {                                                                                             \
        const bool is_small = small->stack_##suffix && gc_is_small(small, m, n, k, c_col);        \
        if (is_small)                                                                             \
            small->stack_##suffix(stack, m, n, k, alpha, a, a_next, a_row, a_col, b, b_next,      \
                                  b_row, b_col, beta, c, c_next, c_row, c_col);                   \
        return is_small;                                                                          \
    }

/* `ger` is BLAS's name for a += alpha x y', `times` the product of two numbers. */
#define GC_PRODUCTS(suffix, T, letter, ger, times)                                                \
    GC_GLUE void gc_scale_##suffix(int64_t m, int64_t n, T beta, T *c, int64_t row,               \
                                         int64_t col)                                             \
    {                                                                                             \
        for (int64_t i = 0; i < m; i++)                                                           \
            for (int64_t j = 0; j < n; j++)                                                       \
                c[i * row + j * col] = beta == 0 ? 0 : times(beta, c[i * row + j * col]);         \
    }                                                                                             \
                                                                                                  \
    /* What BLAS cannot be asked for. */                                                          \
    GC_GLUE void gc_plain_##suffix(int64_t m, int64_t n, int64_t k, T alpha, const T *a,          \
                                         int64_t a_row, int64_t a_col, const T *b, int64_t b_row, \
                                         int64_t b_col, T beta, T *c, int64_t row, int64_t col)   \
    {                                                                                             \
        gc_scale_##suffix(m, n, beta, c, row, col);                                               \
        for (int64_t i = 0; i < m; i++)                                                           \
            for (int64_t l = 0; l < k; l++) {                                                     \
                const T x = times(alpha, a[i * a_row + l * a_col]);                               \
                for (int64_t j = 0; j < n; j++)                                                   \
                    c[i * row + j * col] += times(x, b[l * b_row + j * b_col]);                   \
            }                                                                                     \
    }                                                                                             \
                                                                                                  \
    /* y = alpha a x + beta y; a is m x k, x and y have strides x_step and y_step. */             \
    GC_GLUE void gc_gemv_##suffix(const gc_table *table, int64_t m, int64_t k, T alpha,           \
                                        const T *a, int64_t row, int64_t col, const T *x,         \
                                        int64_t x_step, T beta, T *y, int64_t y_step)             \
    {                                                                                             \
        const gc_layout layout = gc_layout_of(m, k, row, col);                                    \
        const int64_t x_inc = k == 1 ? 1 : x_step, y_inc = m == 1 ? 1 : y_step;                   \
        if (m <= 0 || k <= 0) {                                                                   \
            gc_scale_##suffix(m, 1, beta, y, y_step, 1);                                          \
            return;                                                                               \
        }                                                                                         \
        if (!layout.is_legal || m > GC_BLAS_MOST || k > GC_BLAS_MOST || x_inc > INT32_MAX ||      \
            y_inc > INT32_MAX || x_inc <= 0 || y_inc <= 0) {                                      \
            gc_plain_##suffix(m, 1, k, alpha, a, row, col, x, x_step, 1, beta, y, y_step, 1);     \
            return;                                                                               \
        }                                                                                         \
        const bool by_rows = layout.trans == 'T';                                                 \
        const int32_t rows = (int32_t)(by_rows ? k : m), cols = (int32_t)(by_rows ? m : k);       \
        const int32_t xs = (int32_t)x_inc, ys = (int32_t)y_inc;                                   \
        table->blas.letter##gemv(&layout.trans, &rows, &cols, &alpha, a, &layout.lead, x, &xs,    \
                                 &beta, y, &ys);                                                  \
    }                                                                                             \
                                                                                                  \
    /* c = alpha a b + beta c; a is m x k, b is k x n. */                                         \
    GC_GLUE void gc_gemm_##suffix(const gc_table *table, int64_t m, int64_t n, int64_t k,         \
                                        T alpha, const T *a, int64_t a_row, int64_t a_col,        \
                                        const T *b, int64_t b_row, int64_t b_col, T beta, T *c,   \
                                        int64_t row, int64_t col)                                 \
    {                                                                                             \
        if (m <= 0 || n <= 0)                                                                     \
            return;                                                                               \
        if (n == 1) {                                                                             \
            gc_gemv_##suffix(table, m, k, alpha, a, a_row, a_col, b, b_row, beta, c, row);        \
            return;                                                                               \
        }                                                                                         \
        if (gc_small_##suffix(&table->small, 1, m, n, k, alpha, a, 0, a_row, a_col, b, 0, b_row,  \
                              b_col, beta, c, 0, row, col))                                       \
            return;                                                                               \
        if (m == 1) {                                                                             \
            gc_gemv_##suffix(table, n, k, alpha, b, b_col, b_row, a, a_col, beta, c, col);        \
            return;                                                                               \
        }                                                                                         \
        if (k <= 0) {                                                                             \
            gc_scale_##suffix(m, n, beta, c, row, col);                                           \
            return;                                                                               \
        }                                                                                         \
        const gc_layout left = gc_layout_of(m, k, a_row, a_col);                                  \
        const gc_layout right = gc_layout_of(k, n, b_row, b_col);                                 \
        const gc_layout out = gc_layout_of(m, n, row, col);                                       \
        if (!left.is_legal || !right.is_legal || !out.is_legal) {                                 \
            gc_plain_##suffix(m, n, k, alpha, a, a_row, a_col, b, b_row, b_col, beta, c, row,     \
                              col);                                                               \
            return;                                                                               \
        }                                                                                         \
        if (m > GC_BLAS_MOST || n > GC_BLAS_MOST || k > GC_BLAS_MOST) {                           \
            const int64_t m1 = m > GC_BLAS_MOST ? m / 2 : m, n1 = n > GC_BLAS_MOST ? n / 2 : n;   \
            const int64_t k1 = k > GC_BLAS_MOST ? k / 2 : k;                                      \
            for (int64_t i = 0; i < m; i += m1)                                                   \
                for (int64_t j = 0; j < n; j += n1)                                               \
                    for (int64_t l = 0; l < k; l += k1)                                           \
                        gc_gemm_##suffix(table, m - i < m1 ? m - i : m1, n - j < n1 ? n - j : n1, \
                                         k - l < k1 ? k - l : k1, alpha, a + i * a_row + l * a_col, \
                                         a_row, a_col, b + l * b_row + j * b_col, b_row, b_col,   \
                                         l ? 1 : beta, c + i * row + j * col, row, col);          \
            return;                                                                               \
        }                                                                                         \
        const int32_t ms = (int32_t)m, ns = (int32_t)n, ks = (int32_t)k;                          \
        if (out.trans == 'N') {                                                                   \
            table->blas.letter##gemm(&left.trans, &right.trans, &ms, &ns, &ks, &alpha, a,         \
                                     &left.lead, b, &right.lead, &beta, c, &out.lead);            \
            return;                                                                               \
        }                                                                                         \
        /* by columns it is c' = b' a' */                                                         \
        const char first = right.trans == 'T' ? 'N' : 'T', second = left.trans == 'T' ? 'N' : 'T'; \
        table->blas.letter##gemm(&first, &second, &ns, &ms, &ks, &alpha, b, &right.lead, a,       \
                                 &left.lead, &beta, c, &out.lead);                                \
    }                                                                                             \
                                                                                                  \
    /* The same for each of a stack, whose neighbours are `next` apart. */                        \
    GC_GLUE void gc_stack_##suffix(const gc_table *table, int64_t stack, int64_t m, int64_t n,    \
                                         int64_t k, T alpha, const T *a, int64_t a_next,          \
                                         int64_t a_row, int64_t a_col, const T *b, int64_t b_next, \
                                         int64_t b_row, int64_t b_col, T beta, T *c,              \
                                         int64_t c_next, int64_t c_row, int64_t c_col)            \
    {                                                                                             \
        if (n > 1 && gc_small_##suffix(&table->small, stack, m, n, k, alpha, a, a_next, a_row,    \
                                       a_col, b, b_next, b_row, b_col, beta, c, c_next, c_row,    \
                                       c_col))                                                    \
            return;                                                                               \
        for (int64_t i = 0; i < stack; i++)                                                       \
            gc_gemm_##suffix(table, m, n, k, alpha, a + i * a_next, a_row, a_col, b + i * b_next, \
                             b_row, b_col, beta, c + i * c_next, c_row, c_col);                   \
    }                                                                                             \
                                                                                                  \
    /* a += alpha x y'; a is m x n. */                                                            \
    GC_GLUE void gc_ger_##suffix(const gc_table *table, int64_t m, int64_t n, T alpha,            \
                                       const T *x, int64_t x_step, const T *y, int64_t y_step,    \
                                       T *a, int64_t row, int64_t col)                            \
    {                                                                                             \
        const gc_layout layout = gc_layout_of(m, n, row, col);                                    \
        const int64_t x_inc = m == 1 ? 1 : x_step, y_inc = n == 1 ? 1 : y_step;                   \
        if (m <= 0 || n <= 0)                                                                     \
            return;                                                                               \
        if (!layout.is_legal || m > INT32_MAX || n > INT32_MAX || x_inc > INT32_MAX ||            \
            y_inc > INT32_MAX || x_inc <= 0 || y_inc <= 0) {                                      \
            gc_plain_##suffix(m, n, 1, alpha, x, x_step, 1, y, 1, y_step, 1, a, row, col);        \
            return;                                                                               \
        }                                                                                         \
        const int32_t ms = (int32_t)m, ns = (int32_t)n, xs = (int32_t)x_inc, ys = (int32_t)y_inc; \
        if (layout.trans == 'N')                                                                  \
            table->blas.ger(&ms, &ns, &alpha, x, &xs, y, &ys, a, &layout.lead);                   \
        else                                                                                      \
            table->blas.ger(&ns, &ms, &alpha, y, &ys, x, &xs, a, &layout.lead);                   \
    }                                                                                             \
                                                                                                  \
    static inline void gc_copy_##suffix(int64_t m, int64_t n, const T *from, T *to, int64_t row,  \
                                        int64_t col)                                              \
    {                                                                                             \
        for (int64_t i = 0; i < m; i++)                                                           \
            for (int64_t j = 0; j < n; j++)                                                       \
                to[i * row + j * col] = from[i * row + j * col];                                  \
    }

#define GC_TIMES_REAL(x, y) ((x) * (y))

GC_SMALL_PRODUCTS(f64, double)
GC_SMALL_PRODUCTS(f32, float)
GC_PRODUCTS(f64, double, d, dger, GC_TIMES_REAL)
GC_PRODUCTS(f32, float, s, sger, GC_TIMES_REAL)

/* Products whose right operand all blocks of rows share (gc_panels of abi.h). Without room, or
 * where BLAS is the better choice, nothing is packed and BLAS multiplies. `source` holds what beta
 * is multiplied by, c itself or a matrix of the same strides. */
#define GC_PANEL_PRODUCTS(suffix, T)                                                              \
    /* Columns begin .. end - 1 of b, which has n. */                                             \
    static inline void gc_pack_##suffix(const gc_table *table, int64_t room, int64_t begin,       \
                                        int64_t end, int64_t n, int64_t k, const T *b,            \
                                        int64_t b_row, int64_t b_col, T *panels)                  \
    {                                                                                             \
        if (room > 0 && table->panels.pack_##suffix)                                              \
            table->panels.pack_##suffix(begin, end, n, k, b, b_row, b_col, panels);               \
    }                                                                                             \
                                                                                                  \
    static inline void gc_rows_##suffix(const gc_table *table, int64_t room, const T *panels,     \
                                        T *scratch, const T *source, int64_t m, int64_t n,        \
                                        int64_t k, T alpha, const T *a, int64_t a_row,            \
                                        int64_t a_col, const T *b, int64_t b_row, int64_t b_col,  \
                                        T beta, T *c, int64_t row)                                \
    {                                                                                             \
        if (room > 0 && table->panels.rows_##suffix) {                                            \
            table->panels.rows_##suffix(m, n, k, alpha, a, a_row, a_col, panels, beta, source, c, \
                                        row, scratch);                                            \
            return;                                                                               \
        }                                                                                         \
        if (beta != 0 && source != c)                                                             \
            gc_copy_##suffix(m, n, source, c, row, 1);                                            \
        gc_gemm_##suffix(table, m, n, k, alpha, a, a_row, a_col, b, b_row, b_col, beta, c, row,   \
                         1);                                                                      \
    }

GC_PANEL_PRODUCTS(f64, double)
GC_PANEL_PRODUCTS(f32, float)

#undef GC_PANEL_PRODUCTS

#endif

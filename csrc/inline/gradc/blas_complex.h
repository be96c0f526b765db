/* The products of blas.h, of complex matrices. */
#ifndef GRADC_BLAS_COMPLEX_H
#define GRADC_BLAS_COMPLEX_H

#include "blas.h"
#include "complex.h"

#define GC_NO_SMALL_PRODUCTS(suffix, T)                                                           \
    static inline bool gc_small_##suffix(                                                         \
        const gc_small *small, int64_t stack, int64_t m, int64_t n, int64_t k, T alpha,           \
        const T *a, int64_t a_next, int64_t a_row, int64_t a_col, const T *b, int64_t b_next,     \
        int64_t b_row, int64_t b_col, T beta, const T *c, int64_t c_next, int64_t c_row,          \
        int64_t c_col)                                                                            \
    {                                                                                             \
        (void)small, (void)stack, (void)m, (void)n, (void)k, (void)alpha, (void)a, (void)a_next;  \
        (void)a_row, (void)a_col, (void)b, (void)b_next, (void)b_row, (void)b_col, (void)beta;    \
        (void)c, (void)c_next, (void)c_row, (void)c_col;                                          \
        return false;                                                                             \
    }

GC_NO_SMALL_PRODUCTS(c128, gc_c128)
GC_NO_SMALL_PRODUCTS(c64, gc_c64)
GC_PRODUCTS(c128, gc_c128, z, zgeru, gc_mul_c128)
GC_PRODUCTS(c64, gc_c64, c, cgeru, gc_mul_c64)

#endif

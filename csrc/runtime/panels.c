/* Which kernels products use: ours, by panels or for small operands, or BLAS.
 *
 * Ours are compiled for the baseline and, on x86-64, for AVX2 and AVX-512 (csrc/panels). On one
 * thread they come close to OpenBLAS's, and pack the right operand once where BLAS on blocks of rows
 * packs it in each; docs/performance.md has the figures. Without AVX2 nothing was measured: there
 * BLAS is the choice.
 */
#include "internal.h"

extern const gc_panels gcr_panels_baseline;
extern const gc_small gcr_small_baseline;
#ifdef __x86_64__
extern const gc_panels gcr_panels_avx2, gcr_panels_avx512;
extern const gc_small gcr_small_avx2, gcr_small_avx512;
#endif

/* The kernels of an instruction set. */
typedef struct kernels {
    const gc_panels *panels;
    const gc_small *small;
    bool is_measured;
} kernels;

static kernels best_kernels(void)
{
#ifdef __x86_64__
    const bool has_fma = __builtin_cpu_supports("fma");
    if (has_fma && __builtin_cpu_supports("avx512f"))
        return (kernels){&gcr_panels_avx512, &gcr_small_avx512, true};
    if (has_fma && __builtin_cpu_supports("avx2"))
        return (kernels){&gcr_panels_avx2, &gcr_small_avx2, true};
#endif
    return (kernels){&gcr_panels_baseline, &gcr_small_baseline, false};
}

int32_t gcr_choose_products(gcr_blas *blas, int32_t choice)
{
    const kernels best = best_kernels();
    const bool by_panels = choice == GCR_PANELS || (choice == GCR_AUTO && best.is_measured);
    blas->panels = by_panels ? *best.panels : (gc_panels){0};
    blas->small = choice == GCR_BLAS ? (gc_small){0} : *best.small;
    return by_panels;
}

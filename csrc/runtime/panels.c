/* Which kernels products use: ours, by panels or for small operands, or BLAS.
 *
 * Ours are compiled for the baseline and, on x86-64, for AVX2 (csrc/panels). They come within 5 %
 * of OpenBLAS's Haswell kernels on one thread for the lecture's products (up to 20 % behind at 1000
 * cubed), and pack the right operand once where BLAS on blocks of rows packs it in each
 * (docs/performance.md). OpenBLAS's AVX-512 kernels use registers that ours do not, and without
 * AVX2 nothing was measured: there BLAS is the choice.
 */
#include "internal.h"

extern const gc_panels gcr_panels_baseline;
extern const gc_small gcr_small_baseline;
#ifdef __x86_64__
extern const gc_panels gcr_panels_avx2;
extern const gc_small gcr_small_avx2;
#endif

/* Elements of a right operand where nothing was measured: calling BLAS takes longer than this. */
enum { MOST_UNMEASURED = 16 * 16 };

static bool has_avx2(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

static bool has_avx512(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx512f");
#else
    return false;
#endif
}

static gc_panels best_panels(void)
{
#ifdef __x86_64__
    if (has_avx2())
        return gcr_panels_avx2;
#endif
    return gcr_panels_baseline;
}

static gc_small best_small(void)
{
#ifdef __x86_64__
    if (has_avx2()) {
        gc_small found = gcr_small_avx2;
        if (has_avx512()) {
            found.most = MOST_UNMEASURED;
            found.few = 0;
        }
        return found;
    }
#endif
    return gcr_small_baseline;
}

int32_t gcr_choose_products(gcr_blas *blas, int32_t choice)
{
    const bool by_panels = choice == GCR_PANELS || (choice == GCR_AUTO && has_avx2() && !has_avx512());
    blas->panels = by_panels ? best_panels() : (gc_panels){0};
    blas->small = choice == GCR_BLAS ? (gc_small){0} : best_small();
    return by_panels;
}

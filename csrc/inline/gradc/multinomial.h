/* How often each of k outcomes comes in *trials trials: binomial counts of what is left, one after
 * the other; the last outcome takes the rest. Outcome j reads the random bits j of *bits's stream 2. */
#include "rejection.h"
#include "routine.h"

GC_ROUTINE void GC_FN(int64_t k, const GC_T *restrict chances, const GC_T *restrict trials,
                      const uint64_t *restrict bits, int64_t *restrict out)
{
    GC_T rest = 0, left = *trials;
    for (int64_t j = 0; j < k; j++)
        rest += chances[j];
    for (int64_t j = 0; j < k; j++) {
        const GC_T p = rest > 0 ? chances[j] / rest : 0;
        const uint64_t own = gc_random_bits_u64(*bits, 2, (uint64_t)j);
        const bool is_last = j == k - 1;
        out[j] = is_last ? (int64_t)left : gc_drawn_binomial_u64(own, left, p < 1 ? p : 1);
        if (out[j] < 0) { /* no count, no chance: all of them say so */
            for (int64_t i = 0; i < k; i++)
                out[i] = -1;
            return;
        }
        left -= (GC_T)out[j];
        rest -= chances[j];
    }
}

#include "routine_end.h"

/* Move arrays through memory: read `reads` of them, write `writes` (see floor.py).
 *
 * Sums go through a block in the first-level cache, so that each array is touched once, in order,
 * as STREAM does (McCalpin 1995).
 */
#include <stdint.h>

enum { BLOCK = 512 };

double stream(int64_t n, int reads, const double *const *in, int writes, double *const *out)
{
    double total = 0;
#pragma omp parallel for schedule(static) reduction(+ : total) if (n * (reads + writes) > 32768)
    for (int64_t start = 0; start < n; start += BLOCK) {
        const int64_t m = n - start < BLOCK ? n - start : BLOCK;
        double block[BLOCK] = {0};
        for (int k = 0; k < reads; k++) {
            const double *row = in[k] + start;
            for (int64_t j = 0; j < m; j++)
                block[j] += row[j];
        }
        for (int k = 0; k < writes; k++) {
            double *row = out[k] + start;
            for (int64_t j = 0; j < m; j++)
                row[j] = block[j];
        }
        total += block[0] + block[m - 1];
    }
    return total;
}

/* GC_TIMES(a, b): the product of two elements of a routine. C's own product of complex numbers
 * calls libgcc. No guard: a file includes it for each routine, and routine_end.h takes it back. */
#ifdef GC_COMPLEX
#include "complex.h"
#define GC_TIMES(a, b) GC_JOINED(gc_mul, GC_SUFFIX)(a, b)
#else
#define GC_TIMES(a, b) ((a) * (b))
#endif

/* What a routine of linear algebra knows of its element type GC_T: the float type of its parts, and
 * by which letter BLAS and LAPACK call it. No guard: routine_end.h takes the names back.
 *
 * Complex LAPACK has routines of other names where a transpose is meant to be conjugate (unglq for
 * orglq, heevd for syevd), and asks for room for real numbers; the headers of those say so.
 */
#include <math.h>

#include "routine.h"

#ifdef GC_COMPLEX
#include "blas_complex.h"
#define GC_IS_FINITE(x) (isfinite(__real__(x)) && isfinite(__imag__(x)))
#if GC_BITS == 128
#define GC_REAL double
#define GC_BLAS(routine) z##routine
#else
#define GC_REAL float
#define GC_BLAS(routine) c##routine
#endif
#else
#include "blas.h"
#define GC_IS_FINITE(x) isfinite(x)
#define GC_REAL GC_T
#if GC_BITS == 64
#define GC_BLAS(routine) d##routine
#else
#define GC_BLAS(routine) s##routine
#endif
#endif

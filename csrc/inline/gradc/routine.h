/* What the headers of routines share.
 *
 * Such a header is included behind definitions of GC_FN (the function it is to define), GC_T (the
 * element type) and GC_FLOAT (whether that has nan), as often as a file needs other types, and ends
 * with routine_end.h. Its function works on one row and may be called by several threads at once.
 */
#ifndef GRADC_ROUTINE_H
#define GRADC_ROUTINE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define GC_JOINED_(a, b) a##_##b
#define GC_JOINED(a, b) GC_JOINED_(a, b)

/* The name of a helper of GC_FN. */
#define GC_OF(helper) GC_JOINED(GC_FN, helper)

#if defined(__GNUC__)
#define GC_ROUTINE static __attribute__((unused))
#define GC_HELPER static inline __attribute__((unused))
#else
#define GC_ROUTINE static
#define GC_HELPER static inline
#endif

#endif

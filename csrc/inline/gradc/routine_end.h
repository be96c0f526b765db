/* The end of a routine's header: its names are free for the next. No guard. */
#undef GC_FN
#undef GC_LESS
#undef GC_T
#undef GC_FLOAT
#undef GC_SUFFIX
#undef GC_BITS
#undef GC_COMPLEX
#undef GC_TIMES
#undef GC_REAL
#undef GC_BLAS
#undef GC_IS_FINITE

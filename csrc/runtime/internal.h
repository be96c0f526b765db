/* What the files of the runtime share with each other. */
#ifndef GRADC_RUNTIME_INTERNAL_H
#define GRADC_RUNTIME_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gradc/abi.h"
#include "runtime.h"

_Static_assert(sizeof(void *) == 8, "gradc needs a 64-bit machine");

struct gcr_blas {
    gc_blas routines;
    const char *config;
};

struct gcr_function {
    void *library;
    const gc_library *entry;
    gc_table table;
    gcr_spec spec; /* its arrays are the function's own */
    int64_t arg_axes; /* sum of arg_ndims */
    int64_t out_axes;
    _Atomic(struct call *) ready; /* one call that waits to be used again */
    struct call *idle;            /* and the others */
    _Atomic int64_t allocations;
    _Atomic int64_t fail_at;
};

/* threads.c */
int gcr_parallel(const gc_table *table, gc_frame *frame, gc_chunk chunk, int64_t count);

/* The one lock of all lists of idle calls, held for a few instructions. It lives beside the pool
 * because a fork has to hold both. */
void gcr_lists_lock(void);
void gcr_lists_unlock(void);

/* error.c */
int gcr_fail(gc_frame *frame, int32_t code, int32_t site, int64_t order,
             const int64_t values[GC_ERROR_VALUES]);
int gcr_poll(gc_frame *frame);
int gcr_callback(gc_frame *frame, int32_t id, const gc_array *ins, int64_t nin, gc_array *outs,
                 int64_t nout);

/* What a frame's `owner` points at: whom to ask whether to go on. */
typedef struct poll_state {
    uintptr_t thread; /* the one that began the call */
    double next;      /* when to ask again; 0: not asked yet */
    atomic_bool wanted_out;
} poll_state;

/* call.c */
void gcr_free_calls(gcr_function *function);

#endif

/* What the runtime offers to its caller, Python or a stand-alone program.
 *
 * gradc/runtime/_build.py hands the text between the two cffi marks to cffi, so the declarations
 * exist once. The library is plain C and knows no Python; what does is csrc/python, which links to
 * it.
 */
#ifndef GRADC_RUNTIME_H
#define GRADC_RUNTIME_H

#include <stdint.h>

#include "gradc/abi.h"

#pragma GCC visibility push(default)

/* cffi: begin */

/* Threads ---------------------------------------------------------------------------------- */

/* The most threads a call that begins on this thread may use, its own included; at least 1. */
int64_t gcr_threads(void);
/* For all calls; no more than there are processors the caller may run on, if so wished. */
void gcr_set_threads(int64_t limit, int32_t follow_affinity);
/* For the calls that this thread begins, whatever holds for all; 0 takes it back. */
void gcr_set_own_threads(int64_t limit);
/* For tests: share every step that may be shared, whether that has paid so far or not. */
void gcr_set_always_share(int32_t always);
/* Worker threads alive in this process: 0 before the first parallel step and after a fork. */
int64_t gcr_workers(void);

/* BLAS ------------------------------------------------------------------------------------- */

typedef struct gcr_blas gcr_blas;

/* Open the library at an absolute path, whose routines are called prefix + "dgemm" + suffix; set
 * it to one thread and try every routine once. NULL, and a message, if any of that fails.
 * It is never closed. */
gcr_blas *gcr_blas_open(const char *path, const char *prefix, const char *suffix, char *message,
                        int64_t size);
/* The library's own words about its build, or "". */
const char *gcr_blas_config(const gcr_blas *blas);
/* Its name for the processor whose kernels it runs, or "". */
const char *gcr_blas_kernel(const gcr_blas *blas);
/* Whether it has the routines of LAPACK, which functions of linear algebra call. */
int32_t gcr_blas_has_lapack(const gcr_blas *blas);
/* How many threads it would use itself: 1, unless somebody has changed that; 0 if unknown. */
int32_t gcr_blas_threads(const gcr_blas *blas);

/* Who multiplies. What large products do with their right operand: GCR_PANELS packs it once for all
 * threads, GCR_BLAS leaves it to BLAS, GCR_AUTO takes panels where they were measured to be faster.
 * Small products are ours, but for GCR_BLAS. Returns whether panels are used. */
enum { GCR_AUTO = 0, GCR_PANELS = 1, GCR_BLAS = 2 };
int32_t gcr_choose_products(gcr_blas *blas, int32_t choice);

/* Functions -------------------------------------------------------------------------------- */

typedef struct gcr_function gcr_function;

/* The border of a function, as its Interface states it. */
typedef struct gcr_spec {
    int32_t args;
    int32_t outs;
    int32_t sizes;
    int32_t segments;
    const int32_t *arg_ndims;
    const int32_t *out_ndims;
} gcr_spec;

/* Open a generated library and check that it has this border. `blas` may be NULL if the library
 * calls none. NULL, and a message, on failure. */
gcr_function *gcr_open(const char *path, const gcr_spec *spec, const gcr_blas *blas,
                       char *message, int64_t size);
void gcr_close(gcr_function *function);
int32_t gcr_fail_points(const gcr_function *function);
/* In a GRADC_FAIL_AT build: the step that fails in calls begun from now on, or -1. */
void gcr_set_fail_at(gcr_function *function, int64_t step);
/* How often a call of this function has asked for memory: constant in steady state. */
int64_t gcr_allocations(const gcr_function *function);

/* In a GRADC_PROFILE build: keep an account of `steps` steps from now on; before the first call.
 * 0 if there is no memory for it. */
int32_t gcr_keep_profile(gcr_function *function, int64_t steps);
/* The calls so far; the seconds of their plans, of their runs, and of each step; and the sizes of
 * the last call. */
int64_t gcr_profile(const gcr_function *function, double *seconds, int64_t *sizes);

/* Interrupts ------------------------------------------------------------------------------- */

/* cffi: end */

/* `ask` is called now and then, on the thread that began a call, by steps that take long; it
 * returns non-zero when the user wants out. */
void gcr_set_poll(int32_t (*ask)(void));

/* `call` runs callback `id` of whoever began a call, its context; it returns 0, or something else
 * when Python raised. */
void gcr_set_callback(int32_t (*call)(void *context, int32_t id, const gc_array *ins, int64_t nin,
                                      gc_array *outs, int64_t nout));

/* Calls ------------------------------------------------------------------------------------ */

/* A failure of the caller, not of the kernel. values = the array's position, then for BAD_LIST
 * what is there of what is wanted, for BAD_ARRAY axes, for BAD_OUT axis (-1: not an array of the
 * type), length, wanted length. */
enum { GCR_BAD_LIST = -1, GCR_BAD_ARRAY = -2, GCR_BAD_OUT = -3 };

/* One call under way. The caller fills in the args' data, shapes and strides before the first
 * plan, and the outs' data and strides of a segment between its plan and its run; strides are in
 * bytes. The numbers of all arrays stand one after the other, and the arrays point at them. */
typedef struct gcr_call {
    gc_array *args;
    int64_t *arg_shapes, *arg_strides;
    gc_array *outs;
    int64_t *out_shapes; /* as far as planned */
    int64_t *out_strides;
    int64_t cost;          /* of the segment planned last: gc_frame */
    void *context;         /* for callbacks; set before the first run */
    const gc_error *error; /* after a failure: what was recorded, if its code is not 0 */
} gcr_call;

/* NULL: no memory. */
gcr_call *gcr_begin(gcr_function *function);
/* Both return a gc_status; after one other than 0 nothing but gcr_end may follow. */
int32_t gcr_plan(gcr_call *call, int32_t segment);
int32_t gcr_run(gcr_call *call, int32_t segment);
void gcr_end(gcr_call *call);

/* Of the thread that asks; never 0. */
uintptr_t gcr_this_thread(void);
double gcr_clock(void); /* seconds, monotonic */

#pragma GCC visibility pop

#endif

/* What the runtime offers to its caller, Python or a stand-alone program.
 *
 * gradc/runtime/_build.py hands the text between the two cffi marks to cffi, so the declarations
 * exist once. Nothing here includes Python.h: the library is plain C, and its only knowledge of
 * Python is where a list and a numpy array keep their fields (array.c).
 */
#ifndef GRADC_RUNTIME_H
#define GRADC_RUNTIME_H

#include <stdint.h>

#pragma GCC visibility push(default)

/* cffi: begin */

/* A failure of the caller, not of the kernel: an element of a list is not what the Interface
 * says. values = position, axes or length found, axes or length wanted. */
enum { GCR_BAD_LIST = -1, GCR_BAD_ARRAY = -2, GCR_BAD_LENGTH = -3 };

enum { GCR_FAILURE_FIELDS = 6 }; /* code, site, then the four values of a gc_error */

/* Threads ---------------------------------------------------------------------------------- */

/* The most threads a call may use, its own included; at least 1. */
int64_t gcr_threads(void);
void gcr_set_threads(int64_t limit);
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
    const int32_t *out_segments;
    uintptr_t array_type; /* id(numpy.ndarray) */
    int64_t header;       /* object.__basicsize__: bytes in front of an object's own fields */
} gcr_spec;

/* One call under way. */
typedef struct gcr_call {
    int32_t status;      /* of the last plan or run */
    int32_t segment;     /* the next one to run */
    int64_t *out_shapes; /* the lengths of all outs, one after the other, as far as planned */
} gcr_call;

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

/* Begin a call with the arrays of a Python list (its id) and plan the first segment. `guess` is 0,
 * or a list of arrays that will do as outs if their lengths turn out to be the planned ones; a
 * function of one segment is then run at once. Returns 0 when that was all and went well; else
 * the address of a call whose `status` says whether it has failed or goes on with gcr_next.
 * Addresses go in and out as integers because cffi passes those in half the time of pointers. */
uintptr_t gcr_begin(uintptr_t function, uintptr_t args, uintptr_t guess);
/* Run the next segment into the arrays of a Python list (its id; only those of this segment are
 * looked at), then plan the one after it. When the last has run well, the call is over and must
 * not be touched. Returns the status. */
int32_t gcr_next(gcr_call *call, uintptr_t outs);
/* After a status other than 0: copy the failure out and end the call. */
void gcr_abandon(gcr_call *call, int64_t *fields);

/* Read item `position` of a Python list (its id) as an array of `ndim` axes: the list's length,
 * the array's address, shape and strides into `words`. For checking, when the library is opened,
 * that this Python and this numpy lay out objects as array.c believes. Returns 0 or GCR_BAD_*. */
int32_t gcr_describe(uintptr_t list, int64_t position, int32_t ndim, uintptr_t array_type,
                     int64_t header, int64_t *words);

/* Interrupts ------------------------------------------------------------------------------- */

/* `ask` is called now and then, on the thread that began a call, by steps that take long; it
 * returns non-zero when the user wants out. */
void gcr_set_poll(int32_t (*ask)(void));

/* cffi: end */

#pragma GCC visibility pop

#endif

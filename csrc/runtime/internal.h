/* What the files of the runtime share with each other. */
#ifndef GRADC_RUNTIME_INTERNAL_H
#define GRADC_RUNTIME_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gradc/abi.h"
#include "runtime.h"

_Static_assert(sizeof(void *) == 8, "gradc needs a 64-bit machine");

struct gcr_blas {
    gc_blas routines;
    gc_panels panels; /* empty where BLAS is the better choice */
    gc_small small;
    gc_lapack lapack; /* empty where the library has none */
    bool has_lapack;
    const char *config;
    const char *kernel;         /* "", if it does not say */
    int (*threads)(void);       /* how many it would use itself; NULL if it cannot say */
    void (*set_threads)(int64_t);
};

struct gcr_function {
    void *library;
    const gc_library *entry;
    gc_table table;
    const gcr_blas *blas; /* NULL: it calls none */
    gcr_spec spec; /* its arrays are the function's own */
    int64_t arg_axes; /* sum of arg_ndims */
    int64_t out_axes;
    _Atomic(struct call *) ready; /* one call that waits to be used again */
    struct call *idle;            /* and the others */
    _Atomic int64_t allocations;
    _Atomic int64_t fail_at;
    struct profile *profile; /* NULL unless asked for */
};

/* What the calls of a function have taken, under the lists' lock. */
struct profile {
    int64_t steps, calls;
    double plan, run;
    int64_t *sizes; /* of the last call; behind the seconds */
    double seconds[]; /* a step */
};

/* threads.c */
int gcr_parallel(const gc_table *table, gc_frame *frame, gc_chunk chunk, int64_t count);
/* How many jobs this thread has shared, ever. */
int64_t gcr_jobs(void);

/* The one lock of all lists of idle calls, held for a few instructions. It lives beside the pool
 * because a fork has to hold both. */
void gcr_lists_lock(void);
void gcr_lists_unlock(void);

/* limits.c */
enum { MAX_THREADS = 4096 }; /* as gradc/options.py has it */

/* gcr_threads(), after a look at the affinity if it is some time since the last. */
int64_t gcr_threads_at(double now);

/* payoff.c: only for the thread that holds the pool */
typedef struct gcr_payoff gcr_payoff;

/* The account of a step that comes in so many chunks. */
gcr_payoff *gcr_payoff_of(gc_chunk step, int64_t count);
bool gcr_payoff_is_likely(const gcr_payoff *account);
/* The step took one thread so many seconds. */
void gcr_payoff_alone(gcr_payoff *account, double seconds);
/* The step took so many seconds, of which the caller spent `own` on so many chunks. */
void gcr_payoff_shared(gcr_payoff *account, double seconds, double own, int64_t chunks);
void gcr_payoff_forget(void);

/* pace.c: of whoever holds the call */
typedef struct gcr_pace {
    int64_t cost;      /* of the calls that are compared */
    int64_t left;      /* of them, until the next trial */
    int64_t tried;     /* calls of the trial under way; -1: none is */
    int64_t rival;     /* the cost that other calls have had most often */
    int64_t strangers; /* how many more calls had it than had the one that is compared */
    int64_t wins;      /* trials in a row that the other way has won */
    double own, other; /* seconds of the fastest call, in the usual way and in the one on trial */
    double lost;       /* seconds, by the trial */
    bool is_alone;     /* the usual way */
} gcr_pace;

/* Calls of this cost are shared, until a trial says otherwise. */
void gcr_pace_begin(gcr_pace *pace, int64_t cost);
/* Whether the next call, of this cost, is to run on its own thread alone. */
bool gcr_pace_is_alone(const gcr_pace *pace, int64_t cost);
/* A call of this cost took so many seconds and shared so many steps. */
void gcr_pace_took(gcr_pace *pace, int64_t cost, int64_t shared, double seconds);

/* processors.c */
enum { MAX_PROCESSORS = 8192 };

/* How many the calling thread may run on; MAX_PROCESSORS if the system does not say. */
int64_t gcr_processors(void);
/* The one the calling thread is running on, or -1. */
int gcr_this_processor(void);
/* Let a thread run where the calling thread may, except on this processor. */
void gcr_keep_off(pthread_t thread, int processor);
/* What `top -H` and debuggers call a thread. */
void gcr_name(pthread_t thread, const char *name);

/* error.c */
int gcr_fail(gc_frame *frame, int32_t code, int32_t site, int64_t order,
             const int64_t values[GC_ERROR_VALUES]);
int gcr_poll(gc_frame *frame);
int gcr_callback(gc_frame *frame, int32_t id, const gc_array *ins, int64_t nin, gc_array *outs,
                 int64_t nout);

/* What a frame's `owner` points at: whom to ask whether to go on, and with how many. */
typedef struct poll_state {
    uintptr_t thread; /* the one that began the call */
    double next;      /* when to ask again; 0: not asked yet */
    void *context;    /* whose callbacks are called */
    atomic_bool wanted_out;
    bool is_alone; /* this run shares no step */
} poll_state;

/* blas.c */

/* Set a BLAS back to one thread if somebody has given it more since. */
void gcr_blas_keep_alone(const gcr_blas *blas);

/* call.c */
void gcr_free_calls(gcr_function *function);

#endif

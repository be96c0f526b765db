/* What a generated library and the runtime agree on.
 *
 * A generated library exports one symbol, `gradc_library`. It links to nothing and knows no
 * Python: memory, threads, BLAS and errors reach it through the table and the frame below.
 *
 * A call runs segment by segment. `plan` of a segment reads array lengths (and, after the first
 * segment, numbers that earlier segments computed), checks them, and writes sizes, output lengths
 * and workspace bytes. The caller then provides outputs and workspace, and `run` of the segment
 * computes. Nothing is written to a shared variable before the commit point, which lies in the
 * last segment behind every step that can fail.
 */
#ifndef GRADC_ABI_H
#define GRADC_ABI_H

#include <stddef.h>
#include <stdint.h>

#define GC_ABI 8

enum gc_status {
    GC_OK = 0,
    GC_ERR_LENGTH = 1,    /* two lengths differ: values = left, right */
    GC_ERR_INDEX = 2,     /* index out of bounds: values = index, length, axis */
    GC_ERR_SIZE = 3,      /* a length is negative, or a size product overflows: values = length */
    GC_ERR_ASSERT = 4,    /* a condition the user asserted is false */
    GC_ERR_MEMORY = 5,    /* values = bytes asked */
    GC_ERR_INTERRUPT = 6, /* Ctrl-C */
    GC_ERR_CALLBACK = 7,  /* a Python callback raised; the runtime holds its exception */
    GC_ERR_NUMERIC = 8,   /* a factorisation failed: values = LAPACK info */
    GC_ERR_INJECTED = 9   /* GRADC_FAIL_AT build only: values = step */
};

enum { GC_ERROR_VALUES = 4 };

/* The first failure of a call: first by `order` (the chunk it happened in), so that the same
 * failure is reported for any number of threads. `site` indexes the Program's table of sites. */
typedef struct gc_error {
    int32_t code;
    int32_t site;
    int64_t order;
    int64_t values[GC_ERROR_VALUES];
} gc_error;

/* One array. Strides are in bytes, as numpy has them; NULL where C order is understood. */
typedef struct gc_array {
    void *data;
    const int64_t *shape;
    const int64_t *strides;
} gc_array;

typedef struct gc_table gc_table;
typedef struct gc_frame gc_frame;

/* Everything that belongs to one call, so that a function may run in many threads at once. */
struct gc_frame {
    const gc_array *args; /* inputs, shared variables, constants: the Interface's order */
    gc_array *outs;       /* outputs, then updates; `shape` points into out_shapes */
    int64_t *out_shapes;  /* written by plan: the lengths of all outs, one after the other */
    int64_t *sizes;       /* written by plan: named lengths, read by every step */
    char **work;          /* one block of memory a segment, aligned to 64 bytes */
    int64_t *work_bytes;  /* written by plan, read by the caller before run */
    int64_t cost;         /* written by plan: about how many ps run takes on one thread */
    int64_t workers;      /* set by the caller before plan: most threads that may run chunks */
    int64_t fail_at;      /* GRADC_FAIL_AT builds: the step that fails, or -1 */
    double *seconds;      /* GRADC_PROFILE builds: what each step has taken in this call */
    void *task;           /* of a routine that shares its own work: what its chunks work on */
    gc_error error;
    int32_t lock;         /* guards error */
    void *owner;          /* the runtime's own */
};

/* One chunk of a nest. `worker` is below frame->workers: it selects scratch memory only and must
 * not change a result. Returns a gc_status. */
typedef int (*gc_chunk)(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker);

/* BLAS by its Fortran interface with 32-bit integers, which every implementation has. Complex
 * numbers are pairs of floats there, by address, so that this header need not know them. */
typedef struct gc_blas {
    void (*dgemm)(const char *, const char *, const int32_t *, const int32_t *, const int32_t *,
                  const double *, const double *, const int32_t *, const double *,
                  const int32_t *, const double *, double *, const int32_t *);
    void (*sgemm)(const char *, const char *, const int32_t *, const int32_t *, const int32_t *,
                  const float *, const float *, const int32_t *, const float *, const int32_t *,
                  const float *, float *, const int32_t *);
    void (*dgemv)(const char *, const int32_t *, const int32_t *, const double *, const double *,
                  const int32_t *, const double *, const int32_t *, const double *, double *,
                  const int32_t *);
    void (*sgemv)(const char *, const int32_t *, const int32_t *, const float *, const float *,
                  const int32_t *, const float *, const int32_t *, const float *, float *,
                  const int32_t *);
    void (*dger)(const int32_t *, const int32_t *, const double *, const double *,
                 const int32_t *, const double *, const int32_t *, double *, const int32_t *);
    void (*sger)(const int32_t *, const int32_t *, const float *, const float *, const int32_t *,
                 const float *, const int32_t *, float *, const int32_t *);
    void (*dtrsm)(const char *, const char *, const char *, const char *, const int32_t *,
                  const int32_t *, const double *, const double *, const int32_t *, double *,
                  const int32_t *);
    void (*strsm)(const char *, const char *, const char *, const char *, const int32_t *,
                  const int32_t *, const float *, const float *, const int32_t *, float *,
                  const int32_t *);
    void (*zgemm)(const char *, const char *, const int32_t *, const int32_t *, const int32_t *,
                  const void *, const void *, const int32_t *, const void *, const int32_t *,
                  const void *, void *, const int32_t *);
    void (*cgemm)(const char *, const char *, const int32_t *, const int32_t *, const int32_t *,
                  const void *, const void *, const int32_t *, const void *, const int32_t *,
                  const void *, void *, const int32_t *);
    void (*zgemv)(const char *, const int32_t *, const int32_t *, const void *, const void *,
                  const int32_t *, const void *, const int32_t *, const void *, void *,
                  const int32_t *);
    void (*cgemv)(const char *, const int32_t *, const int32_t *, const void *, const void *,
                  const int32_t *, const void *, const int32_t *, const void *, void *,
                  const int32_t *);
    void (*zgeru)(const int32_t *, const int32_t *, const void *, const void *, const int32_t *,
                  const void *, const int32_t *, void *, const int32_t *);
    void (*cgeru)(const int32_t *, const int32_t *, const void *, const void *, const int32_t *,
                  const void *, const int32_t *, void *, const int32_t *);
    void (*ztrsm)(const char *, const char *, const char *, const char *, const int32_t *,
                  const int32_t *, const void *, const void *, const int32_t *, void *,
                  const int32_t *);
    void (*ctrsm)(const char *, const char *, const char *, const char *, const int32_t *,
                  const int32_t *, const void *, const void *, const int32_t *, void *,
                  const int32_t *);
} gc_blas;

/* LAPACK, called alike. A function that calls it is opened with a library that has it only. */
typedef struct gc_lapack {
    void (*dpotrf)(const char *, const int32_t *, double *, const int32_t *, int32_t *);
    void (*spotrf)(const char *, const int32_t *, float *, const int32_t *, int32_t *);
    void (*dgetrf)(const int32_t *, const int32_t *, double *, const int32_t *, int32_t *,
                   int32_t *);
    void (*sgetrf)(const int32_t *, const int32_t *, float *, const int32_t *, int32_t *,
                   int32_t *);
    void (*dgelqf)(const int32_t *, const int32_t *, double *, const int32_t *, double *,
                   double *, const int32_t *, int32_t *);
    void (*sgelqf)(const int32_t *, const int32_t *, float *, const int32_t *, float *, float *,
                   const int32_t *, int32_t *);
    void (*dorglq)(const int32_t *, const int32_t *, const int32_t *, double *, const int32_t *,
                   const double *, double *, const int32_t *, int32_t *);
    void (*sorglq)(const int32_t *, const int32_t *, const int32_t *, float *, const int32_t *,
                   const float *, float *, const int32_t *, int32_t *);
    void (*dgesdd)(const char *, const int32_t *, const int32_t *, double *, const int32_t *,
                   double *, double *, const int32_t *, double *, const int32_t *, double *,
                   const int32_t *, int32_t *, int32_t *);
    void (*sgesdd)(const char *, const int32_t *, const int32_t *, float *, const int32_t *,
                   float *, float *, const int32_t *, float *, const int32_t *, float *,
                   const int32_t *, int32_t *, int32_t *);
    void (*dsyevd)(const char *, const char *, const int32_t *, double *, const int32_t *,
                   double *, double *, const int32_t *, int32_t *, const int32_t *, int32_t *);
    void (*ssyevd)(const char *, const char *, const int32_t *, float *, const int32_t *,
                   float *, float *, const int32_t *, int32_t *, const int32_t *, int32_t *);
    void (*dgeev)(const char *, const char *, const int32_t *, double *, const int32_t *, double *,
                  double *, double *, const int32_t *, double *, const int32_t *, double *,
                  const int32_t *, int32_t *);
    void (*sgeev)(const char *, const char *, const int32_t *, float *, const int32_t *, float *,
                  float *, float *, const int32_t *, float *, const int32_t *, float *,
                  const int32_t *, int32_t *);
    void (*zgeev)(const char *, const char *, const int32_t *, void *, const int32_t *, void *,
                  void *, const int32_t *, void *, const int32_t *, void *, const int32_t *,
                  double *, int32_t *);
    void (*cgeev)(const char *, const char *, const int32_t *, void *, const int32_t *, void *,
                  void *, const int32_t *, void *, const int32_t *, void *, const int32_t *,
                  float *, int32_t *);
    void (*zpotrf)(const char *, const int32_t *, void *, const int32_t *, int32_t *);
    void (*cpotrf)(const char *, const int32_t *, void *, const int32_t *, int32_t *);
    void (*zgetrf)(const int32_t *, const int32_t *, void *, const int32_t *, int32_t *,
                   int32_t *);
    void (*cgetrf)(const int32_t *, const int32_t *, void *, const int32_t *, int32_t *,
                   int32_t *);
    void (*zgelqf)(const int32_t *, const int32_t *, void *, const int32_t *, void *, void *,
                   const int32_t *, int32_t *);
    void (*cgelqf)(const int32_t *, const int32_t *, void *, const int32_t *, void *, void *,
                   const int32_t *, int32_t *);
    void (*zunglq)(const int32_t *, const int32_t *, const int32_t *, void *, const int32_t *,
                   const void *, void *, const int32_t *, int32_t *);
    void (*cunglq)(const int32_t *, const int32_t *, const int32_t *, void *, const int32_t *,
                   const void *, void *, const int32_t *, int32_t *);
    void (*zgesdd)(const char *, const int32_t *, const int32_t *, void *, const int32_t *,
                   double *, void *, const int32_t *, void *, const int32_t *, void *,
                   const int32_t *, double *, int32_t *, int32_t *);
    void (*cgesdd)(const char *, const int32_t *, const int32_t *, void *, const int32_t *,
                   float *, void *, const int32_t *, void *, const int32_t *, void *,
                   const int32_t *, float *, int32_t *, int32_t *);
    void (*zheevd)(const char *, const char *, const int32_t *, void *, const int32_t *, double *,
                   void *, const int32_t *, double *, const int32_t *, int32_t *, const int32_t *,
                   int32_t *);
    void (*cheevd)(const char *, const char *, const int32_t *, void *, const int32_t *, float *,
                   void *, const int32_t *, float *, const int32_t *, int32_t *, const int32_t *,
                   int32_t *);
} gc_lapack;

/* Products of row-major matrices with the right operand in panels, which all threads lay out once
 * and share: BLAS on blocks of rows would pack it anew in each. Both members of a type are NULL
 * where BLAS is the better choice. */
enum {
    GC_PANEL_ROWS = 4,            /* blocks of rows are cut at multiples: fewer wait for sums */
    GC_PANEL_COLUMNS = 32,        /* packing is shared out in multiples */
    GC_PANEL_NEAR = 1 << 19,      /* elements that stay in a third-level cache */
    GC_PANEL_SOME = 1 << 21,      /* that are packed at most, for some rows and for a loop */
    GC_PANEL_MOST = 1 << 23,      /* for more rows: 64 MiB of float64 */
    GC_PANEL_SCRATCH = 1024 << 10 /* bytes a worker needs; it uses a quarter where b is near */
};

typedef struct gc_panels {
    /* Lay columns first .. last - 1 of b[k, n] out; `first` is a multiple of GC_PANEL_COLUMNS.
     * `panels` has room for k * n elements, n rounded up to GC_PANEL_COLUMNS. */
    void (*pack_f64)(int64_t first, int64_t last, int64_t n, int64_t k, const double *b,
                     int64_t row, int64_t col, double *panels);
    void (*pack_f32)(int64_t first, int64_t last, int64_t n, int64_t k, const float *b,
                     int64_t row, int64_t col, float *panels);
    /* c[m, n] = alpha a[m, k] b + beta source, k at least 1; rows of c and of source are `stride`
     * apart. With beta = 0 `source` is not read. */
    void (*rows_f64)(int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t row,
                     int64_t col, const double *panels, double beta, const double *source,
                     double *c, int64_t stride, double *scratch);
    void (*rows_f32)(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t row,
                     int64_t col, const float *panels, float beta, const float *source, float *c,
                     int64_t stride, float *scratch);
} gc_panels;

/* Products with a small right operand (or of few rows), each of a stack in one call: c = alpha a b +
 * beta c. Operands of neighbours are `next` apart; of c either stride is 1, those of a and b may be
 * any. k is at least 1 and at most GC_SMALL_DEPTH. They are the better choice where the right operand
 * (the left one, if c lies by columns) has up to `most` elements, or up to `cached` and there are up
 * to `some` rows, or up to `near` and up to `few` rows; not where the members are NULL. */
enum {
    GC_SMALL_DEPTH = 1024,
    GC_SMALL_MOST = 10240, /* this and the rest: docs/performance.md */
    GC_SMALL_CACHED = 1 << 16,
    GC_SMALL_SOME = 64,
    GC_SMALL_NEAR = 1 << 19,
    GC_SMALL_FEW = 16
};

typedef struct gc_small {
    void (*stack_f64)(int64_t stack, int64_t m, int64_t n, int64_t k, double alpha,
                      const double *a, int64_t a_next, int64_t a_row, int64_t a_col,
                      const double *b, int64_t b_next, int64_t b_row, int64_t b_col, double beta,
                      double *c, int64_t c_next, int64_t c_row, int64_t c_col);
    void (*stack_f32)(int64_t stack, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                      int64_t a_next, int64_t a_row, int64_t a_col, const float *b, int64_t b_next,
                      int64_t b_row, int64_t b_col, float beta, float *c, int64_t c_next,
                      int64_t c_row, int64_t c_col);
    int64_t most, cached, some, near, few;
} gc_small;

struct gc_table {
    int32_t abi;
    int32_t reserved;
    /* Run chunks 0 .. count-1 on the pool, each once, in any order; returns the status of the
     * first chunk that failed, by number. */
    int (*parallel)(const gc_table *table, gc_frame *frame, gc_chunk chunk, int64_t count);
    /* Non-zero when the user wants out (Ctrl-C). Cheap. Never asked behind the commit point. */
    int (*poll)(gc_frame *frame);
    /* Record a failure in frame->error (thread safe, lowest order wins); returns code. */
    int (*fail)(gc_frame *frame, int32_t code, int32_t site, int64_t order,
                const int64_t values[GC_ERROR_VALUES]);
    /* Call Python callback `id` of the function: operands in, results written to `outs`, all of
     * them C-contiguous. On the thread that began the call, before the commit point. */
    int (*callback)(gc_frame *frame, int32_t id, const gc_array *ins, int64_t nin,
                    gc_array *outs, int64_t nout);
    double (*clock)(void); /* seconds, monotonic */
    gc_blas blas;
    gc_panels panels;
    gc_small small;
    gc_lapack lapack;
};

typedef int (*gc_stage)(const gc_table *table, gc_frame *frame);

/* The one symbol of a generated library. */
typedef struct gc_library {
    int32_t abi;
    int32_t args;
    int32_t outs;
    int32_t out_lengths; /* length of out_shapes */
    int32_t sizes;       /* length of sizes */
    int32_t segments;
    int32_t fail_points; /* steps before the commit point; 0 unless built with GRADC_FAIL_AT */
    int32_t reserved;
    const gc_stage *plan; /* one a segment */
    const gc_stage *run;  /* one a segment */
} gc_library;

#endif

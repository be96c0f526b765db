/* What the files of the extension module share: numpy's arrays, cells, kernels.
 *
 * Every function here is called with the GIL held.
 */
#ifndef GRADC_PYTHON_INTERNAL_H
#define GRADC_PYTHON_INTERNAL_H

#include <stdbool.h>

#include "abi3.h"
#include "gradc/abi.h"
#include "runtime.h"

_Static_assert(sizeof(void *) == 8 && sizeof(long) == 8, "gradc needs a 64-bit Unix");

enum { MOST_AXES = 64 }; /* numpy 2's NPY_MAXDIMS */

/* Drop a reference that may be NULL; drop one for good. */
static inline void release(PyObject *object)
{
    if (object)
        Py_DecRef(object);
}

#define CLEAR(field) clear_field((PyObject **)(void *)&(field))

static inline void clear_field(PyObject **field)
{
    PyObject *old = *field;
    *field = NULL;
    release(old);
}

static inline PyObject *own(PyObject *object)
{
    Py_IncRef(object);
    return object;
}

/* -- array.c: numpy arrays, read where they lie ------------------------------------------------ */

/* The start of PyArrayObject_fields (numpy ndarraytypes.h), public and frozen. */
typedef struct array {
    PyObject base;
    char *data;
    int32_t nd;
    int64_t *dimensions;
    int64_t *strides;
    PyObject *owner;
    struct descriptor *descr;
    int32_t flags;
} array;

/* The start of PyArray_Descr, the same in numpy 1 and 2. */
typedef struct descriptor {
    PyObject base;
    PyTypeObject *scalar;
    char kind, type, byteorder, former_flags;
    int32_t type_num;
} descriptor;

enum { C_ORDER = 1, F_ORDER = 2, ALIGNED = 0x100, WRITEABLE = 0x400 };
enum { TYPE_LONG = 7, TYPE_FLOAT = 11, TYPE_DOUBLE = 12 }; /* NPY_LONG is int64 here */

/* One array of the border: gradc/kernel/interface.py, Port. */
typedef struct port {
    descriptor *descr; /* owned */
    int64_t itemsize;
    int32_t ndim;
    int32_t segment;  /* of an out */
    int32_t shared;   /* of an update: the arg it replaces; else -1 */
    int32_t units;    /* of an arg: bit k says that axis k may be the one of stride 1; 0: C order */
} port;

bool load_numpy(void); /* false: an exception is set */
bool is_array(const PyObject *object); /* exactly numpy.ndarray */
/* Whether an array (is_array) has the port's dtype in native byte order, and its rank. */
bool has_type(const array *self, const port *wanted);
bool has_order(const array *self, const port *wanted); /* as its port's units say, and aligned */
bool has_shape(const array *self, const int64_t *shape);
bool overlap(const array *x, const port *x_type, const array *y, const port *y_type);
array *new_array(const port *type, const int64_t *shape); /* NULL: an exception is set */
array *packed_copy(const array *self);
/* Somebody else's memory as an array in C order. */
array *array_on(descriptor *type, int32_t ndim, const gc_array *memory, bool is_writeable);
/* Both C-contiguous and of one shape. */
void copy_elements(array *to, const array *from, const port *type);
/* Which numbers of Python's will do where an array is wanted: those of the dtype itself, those that
 * it holds exactly, any float that it does not turn into an infinity. */
typedef enum numbers { NUMBERS_OWN, NUMBERS_EXACT, NUMBERS_ROUNDED } numbers;
/* A 0-d array of a Python number, where that will do for `type`; else NULL, no exception. */
array *number_array(PyObject *value, const port *type, numbers allowed);

/* -- cell.c: storage of shared variables, and its lock ---------------------------------------- */

typedef struct cell {
    PyObject base;
    array *array;         /* C-contiguous, aligned, native; never written if read-only */
    uintptr_t owner;      /* the thread that holds the lock; 0: nobody */
    int64_t depth;        /* how often it holds it */
    int64_t runs;         /* how many of these are calls of functions */
    int64_t forks;        /* in which process: an owner does not live on in a child */
    struct waiter *first; /* waiting threads, oldest first */
    bool is_lent;         /* somebody else may hold the array */
} cell;

typedef enum entry { ENTRY_OK, ENTRY_RAISED, ENTRY_REENTRANT } entry;

extern PyTypeObject *cell_type;
bool load_cells(PyObject *module);
/* Take the lock for a call that writes the cell or only reads it. */
entry cell_enter_run(cell *self, bool writes);
void cell_leave_run(cell *self);
void cells_run(int64_t step); /* +1 when a call has all its locks, -1 before it gives them back */
void raise_reentrant(void);

/* -- kernel.c: a generated library that can be called ----------------------------------------- */

typedef struct kernel {
    PyObject base;
    gcr_function *function;
    PyObject *handle; /* keeps `function` open */
    PyObject *fail;   /* fail(code, site, values) -> exception, for calls from Python */
    PyObject *callbacks; /* a tuple of (callable, dtypes of ins and outs); callback.c */
    port *ports;      /* args, then outs */
    int64_t args, outs, segments;
} kernel;

/* One out of a run: in, an array that will do if it fits and nothing that is read overlaps it;
 * out, the array that was written. */
typedef struct target {
    array *candidate;
    array *array; /* owned */
    bool is_private; /* nobody but the call knows the candidate's memory */
    bool is_asked;   /* the user named it: one that does not fit is a failure */
} target;

typedef struct failure {
    int32_t code; /* 0: a Python exception is set */
    int32_t site;
    int64_t values[GC_ERROR_VALUES];
} failure;

extern PyTypeObject *kernel_type;
bool load_kernels(PyObject *module);
/* Run on `args`. False: nothing outside the call was written but candidates that the user named or
 * lent; what was put into targets is still theirs. */
bool kernel_run(const kernel *self, array *const *args, target *outs, failure *why);
PyObject *build_values(const failure *why); /* code, site, (values): arguments of `fail` */
/* Whether the array that the user wants out `k` in can take it. */
bool check_asked(const target *out, const port *type, int64_t k, const int64_t *shape,
                 failure *why);
/* A port from (dtype, itemsize, ndim, segment, shared, units). */
bool read_port(PyObject *tuple, port *into);

/* -- callback.c: from a running kernel back into Python ----------------------------------------- */

/* Callback `id` of the kernel `context`; takes the GIL. 0, or -1 with an exception set. */
int32_t call_back(void *context, int32_t id, const gc_array *ins, int64_t nin, gc_array *outs,
                  int64_t nout);

/* -- function.c ------------------------------------------------------------------------------- */

bool load_functions(PyObject *module);

/* -- dispatch.c ------------------------------------------------------------------------------- */

bool load_dispatches(PyObject *module);

#endif

/* A compiled function as an object: function.c makes it, invoke.c calls it. */
#ifndef GRADC_PYTHON_FUNCTION_H
#define GRADC_PYTHON_FUNCTION_H

#include "internal.h"

typedef enum form { FORM_ONE, FORM_LIST, FORM_DICT, FORM_TUPLE } form;

typedef struct rule {
    port type;
    int64_t *lengths; /* of each axis; -1: any */
    numbers allowed;  /* of Python's */
} rule;

typedef struct function {
    PyObject base;
    kernel *kernel; /* or, without a compiler: */
    PyObject *run;  /* run(list of arrays) -> list of arrays */
    PyObject *keys; /* of a dict */
    form form;
    int64_t inputs, cells, constants, outputs, updates;
    rule *rules;
    port *out_types; /* outputs, then updates */
    cell **cell;
    bool *writes;     /* by cell */
    int64_t *order;   /* of locking */
    int64_t *updated; /* by update, the cell */
    array **constant;
    bool *is_borrowed; /* by output */
    array **kept;      /* by borrowed output: the array of the last call */
} function;

bool is_function(const PyObject *object);
/* Whether it was made for just such arguments: arrays of the dtypes, ranks and axes of length 1 that
 * its rules say, Python numbers where any float will do. */
bool function_accepts(const function *self, PyObject *const *items, Py_ssize_t count);
PyObject *function_call(PyObject *self, PyObject *args, PyObject *kwargs);

#endif

/* From a running kernel back into Python: its callbacks.
 *
 * A kernel's callbacks are a tuple of (callable, types of operands, types of results), a type being
 * (dtype, ndim). The callable is handed two tuples of arrays that lie in the kernel's own memory,
 * results to be written and operands to be read; both are gone when it returns, so whoever calls
 * functions of the user's copies what these might keep (gradc/call/callbacks.py).
 */
#include "internal.h"

/* The arrays of one side, or NULL with an exception. */
static PyObject *wrap(PyObject *types, const gc_array *memory, int64_t count, bool is_writeable)
{
    PyObject *arrays = PyTuple_New(count);
    for (int64_t i = 0; arrays && i < count; i++) {
        PyObject *item = PyTuple_GetItem(types, i), *descr;
        int ndim;
        if (!item || !PyArg_ParseTuple(item, "Oi", &descr, &ndim)) {
            CLEAR(arrays);
            break;
        }
        array *made = array_on((descriptor *)descr, ndim, &memory[i], is_writeable);
        if (!made)
            CLEAR(arrays);
        else
            PyTuple_SetItem(arrays, i, (PyObject *)made);
    }
    return arrays;
}

int32_t call_back(void *context, int32_t id, const gc_array *ins, int64_t nin, gc_array *outs,
                  int64_t nout)
{
    const kernel *self = context;
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *item = PyTuple_GetItem(self->callbacks, id);
    PyObject *callable, *in_types, *out_types, *operands = NULL, *results = NULL, *done = NULL;
    if (item && PyArg_ParseTuple(item, "OOO", &callable, &in_types, &out_types)) {
        operands = wrap(in_types, ins, nin, false);
        results = operands ? wrap(out_types, outs, nout, true) : NULL;
        if (results)
            done = PyObject_CallFunctionObjArgs(callable, operands, results, NULL);
    }
    int32_t status = done ? 0 : -1;
    release(done);
    release(results);
    release(operands);
    PyGILState_Release(state);
    return status;
}

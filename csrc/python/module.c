/* gradc.runtime._call: the call path as an extension module of the stable ABI.
 *
 * It links to libgradc.so, which knows no Python; this is the only C of the project that does. One
 * phase of initialisation: an interpreter with a GIL of its own (PEP 684) refuses such a module,
 * and rightly, since the types below are the process's.
 */
#include "internal.h"

/* Ask Python whether a signal handler has raised; what it raised stays set for the call to return.
 * Called on the thread that began the call, which holds the GIL or has given it away. */
static int32_t ask_python(void)
{
    PyGILState_STATE state = PyGILState_Ensure();
    int raised = PyErr_CheckSignals();
    PyGILState_Release(state);
    return raised;
}

/* describe(array) -> (address, type_num, flags, [lengths, strides]): what _native.py compares. */
static PyObject *describe(PyObject *module, PyObject *object)
{
    (void)module;
    if (!is_array(object))
        return own(&_Py_NoneStruct);
    const array *self = (array *)object;
    PyObject *lengths = PyList_New((Py_ssize_t)self->nd * 2);
    for (int32_t axis = 0; lengths && axis < self->nd; axis++) {
        PyList_SetItem(lengths, axis, Py_BuildValue("L", (long long)self->dimensions[axis]));
        PyList_SetItem(lengths, self->nd + axis,
                       Py_BuildValue("L", (long long)self->strides[axis]));
    }
    return lengths ? Py_BuildValue("KiiN", (unsigned long long)(uintptr_t)self->data,
                                   self->descr->type_num, self->flags, lengths)
                   : NULL;
}

static PyMethodDef functions[] = {
    {"describe", describe, METH_O, "Where an array and its numbers lie."},
    {0},
};

static PyModuleDef definition = {
    .m_base = {.ob_base = {.ob_refcnt = 1}},
    .m_name = "gradc.runtime._call",
    .m_doc = "Calls of compiled functions, in C.",
    .m_size = -1,
    .m_methods = functions,
};

__attribute__((visibility("default"))) PyObject *PyInit__call(void);

PyObject *PyInit__call(void)
{
    PyObject *module = PyModule_Create2(&definition, PYTHON_ABI_VERSION);
    if (!module)
        return NULL;
    if (!load_numpy() || !load_cells(module) || !load_kernels(module) || !load_functions(module) ||
        !load_dispatches(module)) {
        Py_DecRef(module);
        return NULL;
    }
    gcr_set_poll(ask_python);
    gcr_set_callback(call_back);
    return module;
}

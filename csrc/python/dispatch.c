/* One callable in front of several compiled functions: the first that was made for such arguments.
 *
 * gradc.jit compiles a Python function anew for other dtypes, ranks and axes of length 1. Which one
 * a call needs is seen here, in a few nanoseconds an argument; what no function was made for goes to
 * the method _miss of the Python class, which makes one, and offers it to the calls that follow.
 */
#include "function.h"

typedef struct dispatch {
    PyObject base;
    PyObject *functions; /* a tuple of CallPath, the likeliest first */
} dispatch;

static PyTypeObject *dispatch_type;

static PyObject *dispatch_call(PyObject *object, PyObject *args, PyObject *kwargs)
{
    const dispatch *self = (dispatch *)object;
    PyObject *functions = self->functions;
    if (functions && (!kwargs || PyDict_Size(kwargs) == 0)) {
        Py_ssize_t count = PyTuple_Size(functions);
        for (Py_ssize_t i = 0; i < count; i++) {
            PyObject *each = PyTuple_GetItem(functions, i);
            if (!function_accepts((const function *)each, args))
                continue;
            Py_IncRef(each); /* another thread may offer others meanwhile */
            PyObject *result = function_call(each, args, NULL);
            Py_DecRef(each);
            return result;
        }
    }
    return PyObject_CallMethod(object, "_miss", "OO", args, kwargs ? kwargs : &_Py_NoneStruct);
}

/* _offer(functions): the tuple of functions that calls try, in order. */
static PyObject *dispatch_offer(PyObject *object, PyObject *functions)
{
    dispatch *self = (dispatch *)object;
    Py_ssize_t count = PyTuple_Size(functions);
    for (Py_ssize_t i = 0; i < count; i++)
        if (!is_function(PyTuple_GetItem(functions, i)))
            return PyErr_Format(PyExc_TypeError, "gradc: a compiled function is wanted");
    if (count < 0)
        return NULL;
    PyObject *old = self->functions;
    self->functions = own(functions);
    release(old);
    return own(&_Py_NoneStruct);
}

static int dispatch_visit(PyObject *object, visitproc visit, void *arg)
{
    const dispatch *self = (dispatch *)object;
    int stop = visit((PyObject *)object->ob_type, arg);
    return stop || !self->functions ? stop : visit(self->functions, arg);
}

static int dispatch_clear(PyObject *object)
{
    CLEAR(((dispatch *)object)->functions);
    return 0;
}

static void dispatch_free(PyObject *object)
{
    PyTypeObject *type = object->ob_type;
    PyObject_GC_UnTrack(object);
    dispatch_clear(object);
    ((freefunc)(uintptr_t)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DecRef((PyObject *)type);
}

static PyMethodDef methods[] = {
    {"_offer", dispatch_offer, METH_O, "The functions that calls try, in order."},
    {0},
};

bool load_dispatches(PyObject *module)
{
    PyType_Slot slots[] = {
        {Py_tp_doc, "Dispatch(): the C half of gradc.functional.jit.Jitted."},
        {Py_tp_new, (void *)(uintptr_t)PyType_GenericNew},
        {Py_tp_call, (void *)(uintptr_t)dispatch_call},
        {Py_tp_methods, methods},
        {Py_tp_dealloc, (void *)(uintptr_t)dispatch_free},
        {Py_tp_traverse, (void *)(uintptr_t)dispatch_visit},
        {Py_tp_clear, (void *)(uintptr_t)dispatch_clear},
        {0, NULL},
    };
    PyType_Spec spec = {"gradc.runtime._call.Dispatch", sizeof(dispatch), 0,
                        Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
    dispatch_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return dispatch_type &&
           PyModule_AddObjectRef(module, "Dispatch", (PyObject *)dispatch_type) == 0;
}

/* One callable in front of several compiled functions: the first that was made for such arguments.
 *
 * gradc.jit compiles a Python function anew for other containers, dtypes, ranks and axes of length
 * 1. Which one a call needs is seen here, in a few nanoseconds an argument; what no function was made
 * for goes to the method _miss of the Python class, which makes one, and offers it to the calls that
 * follow.
 */
#include "function.h"
#include "tree.h"

/* A compiled function, and the trees it was made for; never changed. */
typedef struct choice {
    PyObject base;
    PyObject *function; /* a CallPath */
    tree arguments;     /* of the tuple of arguments; FIXED are those that are static */
    tree results;       /* size 0: the function's own form */
    bool is_flat;       /* the arguments are leaves */
} choice;

typedef struct dispatch {
    PyObject base;
    PyObject *choices; /* a tuple of choices, the likeliest first */
} dispatch;

static PyTypeObject *choice_type, *dispatch_type;

static void free_object(PyObject *object)
{
    PyTypeObject *type = object->ob_type;
    ((freefunc)(uintptr_t)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DecRef((PyObject *)type);
}

/* -- choices ----------------------------------------------------------------------------------- */

static int choice_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    choice *self = (choice *)object;
    PyObject *called, *arguments, *results;
    if (self->arguments.tokens) {
        PyErr_Format(PyExc_RuntimeError, "gradc: a choice is set up once");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "OOO", &called, &arguments, &results))
        return -1;
    if (!is_function(called)) {
        PyErr_Format(PyExc_TypeError, "gradc: a compiled function is wanted");
        return -1;
    }
    if (!read_tree(arguments, &self->arguments) ||
        (results != &_Py_NoneStruct && !read_tree(results, &self->results)))
        return -1;
    self->is_flat = self->arguments.size == self->arguments.leaves + 1;
    self->function = own(called);
    return 0;
}

static int choice_visit(PyObject *object, visitproc visit, void *arg)
{
    const choice *self = (choice *)object;
    int stop = visit((PyObject *)object->ob_type, arg);
    return stop || !self->function ? stop : visit(self->function, arg);
}

static int choice_clear(PyObject *object)
{
    CLEAR(((choice *)object)->function);
    return 0;
}

static void choice_free(PyObject *object)
{
    choice *self = (choice *)object;
    PyObject_GC_UnTrack(object);
    choice_clear(object);
    free_tree(&self->arguments);
    free_tree(&self->results);
    free_object(object);
}

static PyObject *tuple_of(PyObject *const *items, Py_ssize_t count)
{
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0; tuple && i < count; i++)
        PyTuple_SetItem(tuple, i, own(items[i]));
    return tuple;
}

/* The result of the call; NULL without an exception if the function was made for other arguments. */
static PyObject *choice_try(const choice *self, PyObject *args)
{
    PyObject *leaves[MOST_PARTS];
    Py_ssize_t count = self->arguments.leaves;
    if (!self->function || !tree_leaves(&self->arguments, args, leaves) ||
        !function_accepts((const function *)self->function, leaves, count))
        return NULL;
    PyObject *flat = self->is_flat ? own(args) : tuple_of(leaves, count);
    PyObject *found = flat ? function_call(self->function, flat, NULL) : NULL;
    release(flat);
    if (!found || self->results.size == 0)
        return found;
    PyObject *built = tree_build(&self->results, found);
    release(found);
    return built;
}

/* -- dispatch ---------------------------------------------------------------------------------- */

static PyObject *dispatch_call(PyObject *object, PyObject *args, PyObject *kwargs)
{
    const dispatch *self = (dispatch *)object;
    if (self->choices && (!kwargs || PyDict_Size(kwargs) == 0)) {
        PyObject *choices = own(self->choices); /* another thread may offer others meanwhile */
        PyObject *result = NULL;
        Py_ssize_t count = PyTuple_Size(choices);
        for (Py_ssize_t i = 0; i < count && !result && !PyErr_Occurred(); i++)
            result = choice_try((const choice *)PyTuple_GetItem(choices, i), args);
        Py_DecRef(choices);
        if (result || PyErr_Occurred())
            return result;
    }
    return PyObject_CallMethod(object, "_miss", "OO", args, kwargs ? kwargs : &_Py_NoneStruct);
}

/* _offer(choices): the tuple of choices that calls try, in order. */
static PyObject *dispatch_offer(PyObject *object, PyObject *choices)
{
    dispatch *self = (dispatch *)object;
    Py_ssize_t count = PyTuple_Size(choices);
    for (Py_ssize_t i = 0; i < count; i++)
        if (PyTuple_GetItem(choices, i)->ob_type != choice_type)
            return PyErr_Format(PyExc_TypeError, "gradc: a tuple of choices is wanted");
    if (count < 0)
        return NULL;
    PyObject *old = self->choices;
    self->choices = own(choices);
    release(old);
    return own(&_Py_NoneStruct);
}

static int dispatch_visit(PyObject *object, visitproc visit, void *arg)
{
    const dispatch *self = (dispatch *)object;
    int stop = visit((PyObject *)object->ob_type, arg);
    return stop || !self->choices ? stop : visit(self->choices, arg);
}

static int dispatch_clear(PyObject *object)
{
    CLEAR(((dispatch *)object)->choices);
    return 0;
}

static void dispatch_free(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    dispatch_clear(object);
    free_object(object);
}

static PyMethodDef methods[] = {
    {"_offer", dispatch_offer, METH_O, "The choices that calls try, in order."},
    {0},
};

static PyTypeObject *make_type(PyObject *module, PyType_Spec *spec, const char *name)
{
    PyTypeObject *type = (PyTypeObject *)PyType_FromSpec(spec);
    if (type && PyModule_AddObjectRef(module, name, (PyObject *)type) != 0)
        return NULL;
    return type;
}

bool load_dispatches(PyObject *module)
{
    PyType_Slot of_choice[] = {
        {Py_tp_doc, "Choice(function, arguments, results): for which trees it was made."},
        {Py_tp_new, (void *)(uintptr_t)PyType_GenericNew},
        {Py_tp_init, (void *)(uintptr_t)choice_init},
        {Py_tp_dealloc, (void *)(uintptr_t)choice_free},
        {Py_tp_traverse, (void *)(uintptr_t)choice_visit},
        {Py_tp_clear, (void *)(uintptr_t)choice_clear},
        {0, NULL},
    };
    PyType_Slot of_dispatch[] = {
        {Py_tp_doc, "Dispatch(): the C half of gradc.functional.jit.Jitted."},
        {Py_tp_new, (void *)(uintptr_t)PyType_GenericNew},
        {Py_tp_call, (void *)(uintptr_t)dispatch_call},
        {Py_tp_methods, methods},
        {Py_tp_dealloc, (void *)(uintptr_t)dispatch_free},
        {Py_tp_traverse, (void *)(uintptr_t)dispatch_visit},
        {Py_tp_clear, (void *)(uintptr_t)dispatch_clear},
        {0, NULL},
    };
    PyType_Spec choices = {"gradc.runtime._call.Choice", sizeof(choice), 0, Py_TPFLAGS_HAVE_GC,
                           of_choice};
    PyType_Spec dispatches = {"gradc.runtime._call.Dispatch", sizeof(dispatch), 0,
                              Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, of_dispatch};
    choice_type = make_type(module, &choices, "Choice");
    dispatch_type = choice_type ? make_type(module, &dispatches, "Dispatch") : NULL;
    return dispatch_type;
}

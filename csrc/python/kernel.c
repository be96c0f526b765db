/* A generated library as an object: from arrays to a run, and back.
 *
 * Segment by segment: plan, provide outs, run. Everything that Python may do in between (allocate,
 * raise) happens before the last run; behind it nothing can fail.
 *
 * A short run keeps the GIL: whoever gives it away gets it back from a busy Python thread after 5 ms
 * (its switch interval), up to 13 measured. How long a run will take is estimated from the sizes by
 * its plan, so that the same call always behaves the same.
 */
#include "internal.h"

/* In the plan's picoseconds: 20 us, which no other thread will notice. */
static const int64_t SHORT = 20 * 1000 * 1000;

PyTypeObject *kernel_type;

static bool fail(failure *why, int32_t code, int64_t position, int64_t found, int64_t wanted)
{
    *why = (failure){.code = code, .site = -1, .values = {position, found, wanted}};
    return false;
}

/* What the kernel recorded, or, where it recorded nothing, its status alone. */
static bool fail_with(failure *why, const gcr_call *call, int32_t status)
{
    const gc_error *error = call->error;
    *why = (failure){.code = status, .site = -1};
    if (PyErr_Occurred()) { /* a signal handler raised */
        why->code = 0;
        return false;
    }
    if (error->code == GC_OK)
        return false;
    why->code = error->code;
    why->site = error->site;
    for (int i = 0; i < GC_ERROR_VALUES; i++)
        why->values[i] = error->values[i];
    return false;
}

static bool give_args(const kernel *self, gcr_call *call, array *const *args, failure *why)
{
    int64_t *shape = call->arg_shapes, *strides = call->arg_strides;
    for (int64_t i = 0; i < self->args; i++) {
        const port *wanted = &self->ports[i];
        const array *arg = args[i];
        if (!is_array(&arg->base))
            return fail(why, GCR_BAD_LIST, i, 0, 0);
        if (!has_type(arg, wanted) || !has_order(arg, wanted))
            return fail(why, GCR_BAD_ARRAY, i, arg->nd, wanted->ndim);
        call->args[i].data = arg->data;
        for (int32_t axis = 0; axis < wanted->ndim; axis++) {
            *shape++ = arg->dimensions[axis];
            *strides++ = arg->strides[axis];
        }
    }
    return true;
}

/* Whether out `k` may be written into its candidate while everything else is read and written. */
static bool is_apart(const kernel *self, array *const *args, const target *outs, int64_t k)
{
    const port *types = self->ports, *mine = &self->ports[self->args + k];
    const array *candidate = outs[k].candidate;
    for (int64_t i = 0; i < self->args; i++)
        if (i != mine->shared && overlap(candidate, mine, args[i], &types[i]))
            return false;
    for (int64_t i = 0; i < self->outs; i++) {
        const array *other = outs[i].is_asked ? outs[i].candidate : outs[i].array;
        if (i != k && other && overlap(candidate, mine, other, &types[self->args + i]))
            return false;
    }
    return true;
}

static bool fits(const array *candidate, const port *type, const int64_t *shape)
{
    const int32_t flags = C_ORDER | ALIGNED | WRITEABLE;
    return is_array(&candidate->base) && has_type(candidate, type) &&
           (candidate->flags & flags) == flags && has_shape(candidate, shape);
}

bool check_asked(const target *out, const port *type, int64_t k, const int64_t *shape,
                 failure *why)
{
    const array *given = out->candidate;
    if (fits(given, type, shape))
        return true;
    fail(why, GCR_BAD_OUT, k, -1, 0);
    for (int32_t axis = type->ndim - 1; given->nd == type->ndim && axis >= 0; axis--)
        if (given->dimensions[axis] != shape[axis]) {
            why->values[1] = axis;
            why->values[2] = given->dimensions[axis];
            why->values[3] = shape[axis];
        }
    return false;
}

/* Choose or make the array that out `k` is written into. */
static bool provide(const kernel *self, array *const *args, target *outs, int64_t k,
                    const int64_t *shape, failure *why)
{
    const port *type = &self->ports[self->args + k];
    target *out = &outs[k];
    array *candidate = out->candidate;
    bool is_fit = candidate && fits(candidate, type, shape);
    if (out->is_asked && !check_asked(out, type, k, shape, why))
        return false;
    if (is_fit && (out->is_private || is_apart(self, args, outs, k)))
        out->array = (array *)own(&candidate->base);
    else
        out->array = new_array(type, shape);
    why->code = 0;
    return out->array != NULL;
}

static bool give_outs(const kernel *self, gcr_call *call, array *const *args, target *outs,
                      int32_t segment, failure *why)
{
    const int64_t *shape = call->out_shapes;
    int64_t *strides = call->out_strides;
    for (int64_t k = 0; k < self->outs; k++) {
        const port *type = &self->ports[self->args + k];
        if (type->segment == segment) {
            if (!provide(self, args, outs, k, shape, why))
                return false;
            call->outs[k].data = outs[k].array->data;
            for (int32_t axis = 0; axis < type->ndim; axis++)
                strides[axis] = outs[k].array->strides[axis];
        }
        shape += type->ndim;
        strides += type->ndim;
    }
    return true;
}

static int32_t run_segment(gcr_call *call, int32_t segment)
{
    if (call->cost <= SHORT)
        return gcr_run(call, segment);
    PyThreadState *state = PyEval_SaveThread();
    int32_t status = gcr_run(call, segment);
    PyEval_RestoreThread(state);
    return status;
}

static bool run_all(const kernel *self, gcr_call *call, array *const *args, target *outs,
                    failure *why)
{
    if (!give_args(self, call, args, why))
        return false;
    for (int32_t segment = 0; segment < self->segments; segment++) {
        int32_t status = gcr_plan(call, segment);
        if (status != GC_OK)
            return fail_with(why, call, status);
        if (!give_outs(self, call, args, outs, segment, why))
            return false;
        status = run_segment(call, segment);
        if (status != GC_OK)
            return fail_with(why, call, status);
    }
    return true;
}

bool kernel_run(const kernel *self, array *const *args, target *outs, failure *why)
{
    gcr_call *call = self->function ? gcr_begin(self->function) : NULL;
    if (!call)
        return fail(why, GC_ERR_MEMORY, 0, 0, 0);
    call->context = (void *)(uintptr_t)self;
    bool ok = run_all(self, call, args, outs, why);
    gcr_end(call);
    return ok;
}

PyObject *build_values(const failure *why)
{
    return Py_BuildValue("ii(LLLL)", why->code, why->site, (long long)why->values[0],
                         (long long)why->values[1], (long long)why->values[2],
                         (long long)why->values[3]);
}

/* -- what Python sees -------------------------------------------------------------------------- */

static void raise_failure(const kernel *self, const failure *why)
{
    PyObject *parts = build_values(why);
    PyObject *error = parts ? PyObject_CallFunctionObjArgs(
                                  self->fail, PyTuple_GetItem(parts, 0), PyTuple_GetItem(parts, 1),
                                  PyTuple_GetItem(parts, 2), NULL)
                            : NULL;
    if (error)
        PyErr_SetObject((PyObject *)error->ob_type, error);
    release(error);
    release(parts);
}

static PyObject *take_outs(const kernel *self, target *outs)
{
    PyObject *list = PyList_New(self->outs);
    for (int64_t k = 0; list && k < self->outs; k++) {
        PyList_SetItem(list, k, &outs[k].array->base);
        outs[k].array = NULL;
    }
    return list;
}

static PyObject *run_on_list(const kernel *self, PyObject *list, array **args, target *outs)
{
    failure why;
    for (int64_t i = 0; i < self->args; i++)
        args[i] = (array *)own(PyList_GetItem(list, i));
    for (int64_t k = 0; k < self->outs; k++) {
        int32_t shared = self->ports[self->args + k].shared;
        outs[k].candidate = shared < 0 ? NULL : args[shared];
    }
    PyObject *result = NULL;
    if (kernel_run(self, args, outs, &why))
        result = take_outs(self, outs);
    else if (why.code != 0)
        raise_failure(self, &why);
    for (int64_t i = 0; i < self->args; i++)
        release((PyObject *)args[i]);
    for (int64_t k = 0; k < self->outs; k++)
        release((PyObject *)outs[k].array);
    return result;
}

/* kernel(list of arrays) -> list of arrays; an update of the same length is the argument itself. */
static PyObject *kernel_call(PyObject *object, PyObject *args, PyObject *kwargs)
{
    const kernel *self = (kernel *)object;
    PyObject *list;
    if (!self->function || (kwargs && PyDict_Size(kwargs) > 0))
        return PyErr_Format(PyExc_TypeError, "gradc: a kernel takes one list of arrays");
    if (!PyArg_ParseTuple(args, "O", &list))
        return NULL;
    failure why;
    if (PyList_Size(list) != self->args) {
        if (!PyErr_Occurred()) {
            fail(&why, GCR_BAD_LIST, -1, PyList_Size(list), self->args);
            raise_failure(self, &why);
        }
        return NULL;
    }
    array **arrays = PyMem_Calloc((size_t)self->args + 1, sizeof *arrays);
    target *outs = PyMem_Calloc((size_t)self->outs + 1, sizeof *outs);
    PyObject *result = arrays && outs ? run_on_list(self, list, arrays, outs) : PyErr_NoMemory();
    PyMem_Free(arrays);
    PyMem_Free(outs);
    return result;
}

bool read_port(PyObject *tuple, port *into)
{
    PyObject *descr;
    int ndim, segment, shared, units;
    long long itemsize;
    if (!PyArg_ParseTuple(tuple, "OLiiii", &descr, &itemsize, &ndim, &segment, &shared,
                          &units))
        return false;
    *into = (port){.descr = (descriptor *)own(descr), .itemsize = itemsize, .ndim = ndim,
                   .segment = segment, .shared = shared, .units = units};
    return true;
}

static bool read_ports(kernel *self, PyObject *args, PyObject *outs)
{
    self->args = PyTuple_Size(args);
    self->outs = PyTuple_Size(outs);
    if (self->args < 0 || self->outs < 0)
        return false;
    self->ports = PyMem_Calloc((size_t)(self->args + self->outs) + 1, sizeof *self->ports);
    if (!self->ports)
        return PyErr_NoMemory(), false;
    for (int64_t i = 0; i < self->args + self->outs; i++) {
        bool is_arg = i < self->args;
        PyObject *item = PyTuple_GetItem(is_arg ? args : outs, is_arg ? i : i - self->args);
        if (!read_port(item, &self->ports[i]))
            return false;
    }
    return true;
}

static int kernel_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    kernel *self = (kernel *)object;
    PyObject *handle, *arg_ports, *out_ports, *fail_with_this, *callbacks;
    unsigned long long address;
    long long segments;
    if (self->ports) {
        PyErr_Format(PyExc_RuntimeError, "gradc: a kernel is set up once");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "KOOOLOO", &address, &handle, &arg_ports, &out_ports, &segments,
                          &fail_with_this, &callbacks))
        return -1;
    if (!read_ports(self, arg_ports, out_ports))
        return -1;
    self->handle = own(handle);
    self->fail = own(fail_with_this);
    self->callbacks = own(callbacks);
    self->segments = segments;
    self->function = (gcr_function *)(uintptr_t)address;
    return 0;
}

static int kernel_visit(PyObject *object, visitproc visit, void *arg)
{
    const kernel *self = (kernel *)object;
    PyObject *const known[] = {(PyObject *)object->ob_type, self->handle, self->fail,
                               self->callbacks};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        int stop = known[i] ? visit(known[i], arg) : 0;
        if (stop)
            return stop;
    }
    return 0;
}

static int kernel_clear(PyObject *object)
{
    kernel *self = (kernel *)object;
    self->function = NULL;
    CLEAR(self->fail);
    CLEAR(self->callbacks);
    CLEAR(self->handle);
    return 0;
}

static void kernel_free(PyObject *object)
{
    kernel *self = (kernel *)object;
    PyTypeObject *type = object->ob_type;
    PyObject_GC_UnTrack(object);
    kernel_clear(object);
    for (int64_t i = 0; self->ports && i < self->args + self->outs; i++)
        release((PyObject *)self->ports[i].descr);
    PyMem_Free(self->ports);
    ((freefunc)(uintptr_t)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DecRef((PyObject *)type);
}

bool load_kernels(PyObject *module)
{
    PyType_Slot slots[] = {
        {Py_tp_doc, "Kernel(address, handle, args, outs, segments, fail, callbacks): a library to "
                    "call."},
        {Py_tp_new, (void *)(uintptr_t)PyType_GenericNew},
        {Py_tp_init, (void *)(uintptr_t)kernel_init},
        {Py_tp_call, (void *)(uintptr_t)kernel_call},
        {Py_tp_dealloc, (void *)(uintptr_t)kernel_free},
        {Py_tp_traverse, (void *)(uintptr_t)kernel_visit},
        {Py_tp_clear, (void *)(uintptr_t)kernel_clear},
        {0, NULL},
    };
    PyType_Spec spec = {"gradc.runtime._call.Kernel", sizeof(kernel), 0,
                        Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
    kernel_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return kernel_type && PyModule_AddObjectRef(module, "Kernel", (PyObject *)kernel_type) == 0;
}

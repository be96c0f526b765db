/* A compiled function: everything between f(x) in Python and the run of a kernel.
 *
 * Take the arguments; take the locks of the shared variables, in an order that is the same for all
 * functions; run; let the updates take effect; give the locks back; hand out the results.
 * While locks are held no Python code runs but signal handlers, and from the last run to the end of
 * the updates none at all: nothing is allocated there, nothing freed, nothing asked.
 *
 * Positional arrays of the right types are taken here. Whatever else a caller may pass (keywords,
 * lists, other dtypes, defaults, out=) is brought to that form by the method _canonical of the
 * Python class, which also finds the words for what is wrong, and then goes the same way.
 */
#include <string.h>

#include "function.h"

enum { FEW = 24 };

/* A call under way. */
typedef struct invocation {
    function *function;
    array **args; /* owned: inputs, storages, constants */
    target *outs;
    PyObject *canonical; /* what _canonical gave; keeps arrays alive */
    PyObject *container; /* of the results, made before anything happens */
    array *few_args[FEW];
    target few_outs[FEW];
} invocation;

static int64_t count_args(const function *self)
{
    return self->inputs + self->cells + self->constants;
}

static int64_t count_outs(const function *self) { return self->outputs + self->updates; }

static bool open_invocation(invocation *call, function *self)
{
    size_t args = (size_t)count_args(self), outs = (size_t)count_outs(self);
    call->function = self;
    call->canonical = call->container = NULL;
    call->args = args <= FEW ? call->few_args : PyMem_Calloc(args, sizeof *call->args);
    call->outs = outs <= FEW ? call->few_outs : PyMem_Calloc(outs, sizeof *call->outs);
    if (call->args == call->few_args)
        memset(call->few_args, 0, args * sizeof *call->args);
    if (call->outs == call->few_outs)
        memset(call->few_outs, 0, outs * sizeof *call->outs);
    if (call->args && call->outs)
        return true;
    PyErr_NoMemory();
    return false;
}

static void close_invocation(invocation *call)
{
    const function *self = call->function;
    for (int64_t i = 0; call->args && i < count_args(self); i++)
        release((PyObject *)call->args[i]);
    for (int64_t k = 0; call->outs && k < count_outs(self); k++) {
        release((PyObject *)call->outs[k].array);
        release((PyObject *)call->outs[k].candidate);
    }
    if (call->args != call->few_args)
        PyMem_Free(call->args);
    if (call->outs != call->few_outs)
        PyMem_Free(call->outs);
    release(call->canonical);
    release(call->container);
}

/* -- arguments --------------------------------------------------------------------------------- */

/* The array a kernel may read; NULL with an exception, or without one for the unusual. */
static array *take(const rule *wanted, PyObject *given)
{
    if (!is_array(given))
        return number_array(given, &wanted->type, wanted->allowed);
    array *found = (array *)given;
    if (!has_type(found, &wanted->type))
        return NULL;
    for (int32_t axis = 0; axis < wanted->type.ndim; axis++)
        if (wanted->lengths[axis] >= 0 && wanted->lengths[axis] != found->dimensions[axis])
            return NULL;
    return has_order(found, &wanted->type) ? (array *)own(given) : packed_copy(found);
}

static bool accepts(const rule *wanted, const PyObject *given)
{
    int32_t number = wanted->type.descr->type_num;
    if (!is_array(given))
        return wanted->allowed == NUMBERS_ROUNDED &&
               (given->ob_type == &PyFloat_Type ? number == TYPE_DOUBLE || number == TYPE_FLOAT
                                                : given->ob_type == &PyLong_Type &&
                                                      number == TYPE_LONG);
    const array *found = (const array *)given;
    if (wanted->allowed == NUMBERS_ROUNDED || !has_type(found, &wanted->type))
        return false;
    for (int32_t axis = 0; axis < wanted->type.ndim; axis++) {
        int64_t length = wanted->lengths[axis];
        if (length < 0 ? found->dimensions[axis] == 1 : found->dimensions[axis] != length)
            return false;
    }
    return true;
}

bool function_accepts(const function *self, PyObject *const *items, Py_ssize_t count)
{
    if (count != self->inputs)
        return false;
    for (int64_t i = 0; i < self->inputs; i++)
        if (!accepts(&self->rules[i], items[i]))
            return false;
    return true;
}

/* Whether all items were taken; if not, there may be an exception. */
static bool take_all(invocation *call, PyObject *items)
{
    const function *self = call->function;
    if (PyTuple_Size(items) != self->inputs)
        return false;
    for (int64_t i = 0; i < self->inputs; i++) {
        call->args[i] = take(&self->rules[i], PyTuple_GetItem(items, i));
        if (!call->args[i])
            return false;
    }
    return true;
}

static bool take_asked(invocation *call, PyObject *outs)
{
    const function *self = call->function;
    for (int64_t k = 0; outs != &_Py_NoneStruct && k < self->outputs; k++) {
        PyObject *given = PyTuple_GetItem(outs, k);
        if (!given)
            return false;
        if (given != &_Py_NoneStruct) {
            call->outs[k].candidate = (array *)own(given);
            call->outs[k].is_asked = true;
        }
    }
    return true;
}

static bool take_inputs(invocation *call, PyObject *args, PyObject *kwargs)
{
    function *self = call->function;
    if ((!kwargs || PyDict_Size(kwargs) == 0) && take_all(call, args))
        return true;
    if (PyErr_Occurred())
        return false;
    for (int64_t i = 0; i < self->inputs; i++)
        CLEAR(call->args[i]);
    call->canonical = PyObject_CallMethod(&self->base, "_canonical", "OO", args,
                                          kwargs ? kwargs : &_Py_NoneStruct);
    PyObject *arrays, *outs;
    if (!call->canonical || !PyArg_ParseTuple(call->canonical, "OO", &arrays, &outs))
        return false;
    if (take_all(call, arrays))
        return take_asked(call, outs);
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_RuntimeError, "gradc: _canonical gave arrays of other types");
    return false;
}

/* -- locks ------------------------------------------------------------------------------------- */

static void unlock(const function *self, int64_t count)
{
    for (int64_t i = count - 1; i >= 0; i--)
        cell_leave_run(self->cell[self->order[i]]);
}

static bool lock(const function *self)
{
    for (int64_t i = 0; i < self->cells; i++) {
        int64_t k = self->order[i];
        entry result = cell_enter_run(self->cell[k], self->writes[k]);
        if (result == ENTRY_OK)
            continue;
        unlock(self, i);
        if (result == ENTRY_REENTRANT)
            raise_reentrant();
        return false;
    }
    return true;
}

/* -- the run ----------------------------------------------------------------------------------- */

/* Fill in what the call uses beside its inputs, under the locks. */
static void take_state(invocation *call)
{
    function *self = call->function;
    array **args = call->args + self->inputs;
    for (int64_t i = 0; i < self->cells; i++)
        *args++ = (array *)own((PyObject *)self->cell[i]->array);
    for (int64_t i = 0; i < self->constants; i++)
        *args++ = (array *)own((PyObject *)self->constant[i]);
    for (int64_t k = 0; k < self->outputs; k++)
        if (self->kept[k] && !call->outs[k].candidate) {
            call->outs[k].candidate = self->kept[k];
            self->kept[k] = NULL;
        }
    for (int64_t k = 0; k < self->updates; k++) {
        const cell *updated = self->cell[self->updated[k]];
        target *out = &call->outs[self->outputs + k];
        out->candidate = (array *)own((PyObject *)updated->array);
        out->is_private = !updated->is_lent;
    }
}

static bool keep_results(invocation *call, PyObject *list, failure *why)
{
    const function *self = call->function;
    if (PyList_Size(list) != count_outs(self))
        return PyErr_Format(PyExc_RuntimeError, "gradc: not as many results as outputs"), false;
    for (int64_t k = 0; k < count_outs(self); k++) {
        target *out = &call->outs[k];
        PyObject *item = PyList_GetItem(list, k);
        if (!item || !is_array(item) || !has_type((array *)item, &self->out_types[k]) ||
            !has_order((array *)item, &self->out_types[k]))
            return PyErr_Format(PyExc_TypeError, "gradc: a result of another type"), false;
        out->array = (array *)own(item);
        if (out->is_asked && !check_asked(out, &self->out_types[k], k, out->array->dimensions, why))
            return false;
    }
    return true;
}

/* The same by a Python callable. */
static bool interpret(invocation *call, failure *why)
{
    const function *self = call->function;
    PyObject *list = PyList_New(count_args(self));
    for (int64_t i = 0; list && i < count_args(self); i++)
        PyList_SetItem(list, i, own((PyObject *)call->args[i]));
    PyObject *results = list ? PyObject_CallFunctionObjArgs(self->run, list, NULL) : NULL;
    release(list);
    why->code = 0;
    bool ok = results && keep_results(call, results, why);
    release(results);
    return ok;
}

/* Put new values in place. Nothing here can fail. */
static void commit(invocation *call)
{
    function *self = call->function;
    for (int64_t k = 0; k < self->updates; k++) {
        cell *updated = self->cell[self->updated[k]];
        target *out = &call->outs[self->outputs + k];
        if (updated->array == out->array)
            continue;
        array *old = updated->array;
        updated->is_lent = out->array == out->candidate && !out->is_private;
        updated->array = out->array;
        out->array = old; /* dropped when the locks are free */
    }
    for (int64_t k = 0; k < self->outputs; k++) {
        target *out = &call->outs[k];
        if (!out->is_asked || out->array == out->candidate)
            continue;
        copy_elements(out->candidate, out->array, &self->out_types[k]);
        array *temporary = out->array;
        out->array = out->candidate;
        out->candidate = temporary;
    }
}

/* The array of a borrowed output serves the next call again. */
static void keep_borrowed(invocation *call, bool ok)
{
    function *self = call->function;
    for (int64_t k = 0; k < self->outputs; k++) {
        target *out = &call->outs[k];
        if (!self->is_borrowed[k] || out->is_asked || self->kept[k])
            continue;
        array *next = ok ? out->array : out->candidate;
        self->kept[k] = next ? (array *)own((PyObject *)next) : NULL;
    }
}

/* -- results ----------------------------------------------------------------------------------- */

static bool make_container(invocation *call)
{
    const function *self = call->function;
    if (self->form == FORM_ONE)
        return true;
    call->container = self->form == FORM_LIST    ? PyList_New(self->outputs)
                      : self->form == FORM_TUPLE ? PyTuple_New(self->outputs)
                                                 : PyDict_New();
    if (!call->container)
        return false;
    for (int64_t k = 0; self->form == FORM_DICT && k < self->outputs; k++)
        if (PyDict_SetItem(call->container, PyTuple_GetItem(self->keys, k), &_Py_NoneStruct) != 0)
            return false;
    return true;
}

static PyObject *hand_out(invocation *call)
{
    const function *self = call->function;
    PyObject *result = call->container;
    if (self->form == FORM_ONE) {
        result = (PyObject *)call->outs[0].array;
        call->outs[0].array = NULL;
        return result;
    }
    for (int64_t k = 0; k < self->outputs; k++) {
        PyObject *value = (PyObject *)call->outs[k].array;
        if (self->form != FORM_DICT) {
            if (self->form == FORM_LIST)
                PyList_SetItem(result, k, value);
            else
                PyTuple_SetItem(result, k, value);
            call->outs[k].array = NULL;
        } else if (PyDict_SetItem(result, PyTuple_GetItem(self->keys, k), value) != 0) {
            return NULL;
        }
    }
    call->container = NULL;
    return result;
}

static PyObject *raise_failure(const invocation *call, const failure *why)
{
    const function *self = call->function;
    if (why->code == 0)
        return NULL; /* Python has the exception */
    PyObject *arrays = PyTuple_New(count_args(self));
    for (int64_t i = 0; arrays && i < count_args(self); i++)
        PyTuple_SetItem(arrays, i, own((PyObject *)call->args[i]));
    PyObject *parts = arrays ? build_values(why) : NULL;
    PyObject *error = parts ? PyObject_CallMethod(&call->function->base, "_explain", "OO", parts,
                                                  arrays)
                            : NULL;
    if (error)
        PyErr_SetObject((PyObject *)error->ob_type, error);
    release(error);
    release(parts);
    release(arrays);
    return NULL;
}

static PyObject *invoke(invocation *call, PyObject *args, PyObject *kwargs)
{
    function *self = call->function;
    failure why = {0};
    if (!take_inputs(call, args, kwargs) || !make_container(call) || !lock(self))
        return NULL;
    cells_run(self->cells);
    take_state(call);
    bool ok = self->kernel ? kernel_run(self->kernel, call->args, call->outs, &why)
                           : interpret(call, &why);
    if (ok)
        commit(call);
    keep_borrowed(call, ok);
    cells_run(-self->cells);
    unlock(self, self->cells);
    return ok ? hand_out(call) : raise_failure(call, &why);
}

PyObject *function_call(PyObject *object, PyObject *args, PyObject *kwargs)
{
    function *self = (function *)object;
    invocation call;
    if (!self->kernel && !self->run)
        return PyErr_Format(PyExc_RuntimeError, "gradc: this function was never set up");
    if (!open_invocation(&call, self))
        return close_invocation(&call), NULL;
    PyObject *result = invoke(&call, args, kwargs);
    close_invocation(&call);
    return result;
}

/* A compiled function as an object: set up once from plain data, never changed. */
#include "function.h"

static PyTypeObject *function_type;

static void *zeros(int64_t count, size_t size)
{
    void *memory = PyMem_Calloc((size_t)count + 1, size);
    if (!memory)
        PyErr_NoMemory();
    return memory;
}

/* A rule from ((a port's numbers), (lengths), numbers allowed). */
static bool read_rule(PyObject *tuple, rule *into)
{
    PyObject *type, *lengths;
    int allowed;
    if (!PyArg_ParseTuple(tuple, "OOi", &type, &lengths, &allowed) ||
        !read_port(type, &into->type))
        return false;
    into->allowed = (numbers)allowed;
    into->lengths = zeros(into->type.ndim, sizeof *into->lengths);
    for (int32_t axis = 0; into->lengths && axis < into->type.ndim; axis++) {
        PyObject *length = PyTuple_GetItem(lengths, axis);
        into->lengths[axis] = length ? PyLong_AsLongLong(length) : -1;
    }
    return !PyErr_Occurred();
}

static bool read_rules(function *self, PyObject *rules)
{
    self->inputs = PyTuple_Size(rules);
    self->rules = self->inputs < 0 ? NULL : zeros(self->inputs, sizeof *self->rules);
    for (int64_t i = 0; self->rules && i < self->inputs; i++)
        if (!read_rule(PyTuple_GetItem(rules, i), &self->rules[i]))
            return false;
    return self->rules != NULL;
}

/* Cells, and the order in which all functions lock them: that of their addresses. */
static bool read_cells(function *self, PyObject *cells)
{
    self->cells = PyTuple_Size(cells);
    if (self->cells < 0)
        return false;
    self->cell = zeros(self->cells, sizeof(cell *));
    self->writes = zeros(self->cells, sizeof(bool));
    self->order = zeros(self->cells, sizeof(int64_t));
    if (!self->cell || !self->writes || !self->order)
        return false;
    for (int64_t i = 0; i < self->cells; i++) {
        PyObject *item = PyTuple_GetItem(cells, i);
        if (item->ob_type != cell_type || !((cell *)item)->array)
            return PyErr_Format(PyExc_TypeError, "gradc: a cell is wanted"), false;
        self->cell[i] = (cell *)own(item);
        int64_t place = i;
        for (; place > 0 && (uintptr_t)self->cell[self->order[place - 1]] > (uintptr_t)item;
             place--)
            self->order[place] = self->order[place - 1];
        self->order[place] = i;
    }
    return true;
}

static bool read_updated(function *self, PyObject *updated)
{
    self->updates = PyTuple_Size(updated);
    self->updated = self->updates < 0 ? NULL : zeros(self->updates, sizeof(int64_t));
    for (int64_t k = 0; self->updated && k < self->updates; k++) {
        int64_t number = PyLong_AsLongLong(PyTuple_GetItem(updated, k));
        if (number < 0 || number >= self->cells)
            return PyErr_Format(PyExc_ValueError, "gradc: there is no such cell"), false;
        self->updated[k] = number;
        self->writes[number] = true;
    }
    return self->updated != NULL;
}

static bool read_constants(function *self, PyObject *constants)
{
    self->constants = PyTuple_Size(constants);
    self->constant = self->constants < 0 ? NULL : zeros(self->constants, sizeof(array *));
    for (int64_t i = 0; self->constant && i < self->constants; i++)
        self->constant[i] = (array *)own(PyTuple_GetItem(constants, i));
    return self->constant != NULL;
}

/* The types of outputs and updates; by output, whether it is borrowed. */
static bool read_outs(function *self, PyObject *types, PyObject *borrowed)
{
    int64_t outs = PyTuple_Size(types);
    self->outputs = PyTuple_Size(borrowed);
    if (self->outputs < 0 || outs != self->outputs + self->updates)
        return PyErr_Format(PyExc_ValueError, "gradc: outputs and updates do not add up"), false;
    self->out_types = zeros(outs, sizeof(port));
    self->is_borrowed = zeros(self->outputs, sizeof(bool));
    self->kept = zeros(self->outputs, sizeof(array *));
    if (!self->out_types || !self->is_borrowed || !self->kept)
        return false;
    for (int64_t k = 0; k < outs; k++)
        if (!read_port(PyTuple_GetItem(types, k), &self->out_types[k]))
            return false;
    for (int64_t k = 0; k < self->outputs; k++)
        self->is_borrowed[k] = PyLong_AsLongLong(PyTuple_GetItem(borrowed, k)) != 0;
    return !PyErr_Occurred();
}

static bool read_run(function *self, PyObject *run)
{
    if (!PyType_IsSubtype(run->ob_type, kernel_type)) {
        self->run = own(run);
        return true;
    }
    const kernel *given = (kernel *)run;
    if (given->args != self->inputs + self->cells + self->constants ||
        given->outs != self->outputs + self->updates)
        return PyErr_Format(PyExc_ValueError, "gradc: the kernel has another border"), false;
    self->kernel = (kernel *)own(run);
    return true;
}

static bool read_form(function *self, int number, PyObject *keys)
{
    self->form = (form)number;
    self->keys = own(keys);
    int64_t wanted = number == FORM_ONE ? 1 : self->outputs;
    if (number < FORM_ONE || number > FORM_TUPLE || wanted != self->outputs ||
        (number == FORM_DICT && PyTuple_Size(keys) != self->outputs))
        return PyErr_Format(PyExc_ValueError, "gradc: no such form of results"), false;
    return true;
}

static int function_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    function *self = (function *)object;
    PyObject *run, *rules, *cells, *constants, *updated, *outs, *borrowed, *keys;
    int number;
    if (self->rules) {
        PyErr_Format(PyExc_RuntimeError, "gradc: a function is set up once");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "OOOOOOOiO", &run, &rules, &cells, &constants, &updated, &outs,
                          &borrowed, &number, &keys))
        return -1;
    bool ok = read_rules(self, rules) && read_cells(self, cells) &&
              read_constants(self, constants) && read_updated(self, updated) &&
              read_outs(self, outs, borrowed) && read_form(self, number, keys) &&
              read_run(self, run);
    return ok ? 0 : -1;
}

/* -- memory ------------------------------------------------------------------------------------ */

static int visit_each(PyObject *const *objects, int64_t count, visitproc visit, void *arg)
{
    int stop = 0;
    for (int64_t i = 0; objects && !stop && i < count; i++)
        stop = objects[i] ? visit(objects[i], arg) : 0;
    return stop;
}

#define EACH(field) (PyObject *const *)(const void *)(field)

static int function_visit(PyObject *object, visitproc visit, void *arg)
{
    const function *self = (function *)object;
    PyObject *const single[] = {(PyObject *)object->ob_type, (PyObject *)self->kernel, self->run,
                                self->keys};
    int stop = visit_each(single, sizeof single / sizeof *single, visit, arg);
    if (!stop)
        stop = visit_each(EACH(self->cell), self->cells, visit, arg);
    if (!stop)
        stop = visit_each(EACH(self->constant), self->constants, visit, arg);
    if (!stop)
        stop = visit_each(EACH(self->kept), self->outputs, visit, arg);
    return stop;
}

/* Only what can be part of a circle; cells and arrays go with the memory. */
static int function_clear(PyObject *object)
{
    function *self = (function *)object;
    CLEAR(self->kernel);
    CLEAR(self->run);
    CLEAR(self->keys);
    return 0;
}

static void free_each(void *objects, int64_t count)
{
    PyObject **each = objects;
    for (int64_t i = 0; each && i < count; i++)
        release(each[i]);
    PyMem_Free(each);
}

static void function_free(PyObject *object)
{
    function *self = (function *)object;
    PyTypeObject *type = object->ob_type;
    PyObject_GC_UnTrack(object);
    function_clear(object);
    free_each(self->cell, self->cells);
    free_each(self->constant, self->constants);
    free_each(self->kept, self->outputs);
    for (int64_t i = 0; self->rules && i < self->inputs; i++) {
        release((PyObject *)self->rules[i].type.descr);
        PyMem_Free(self->rules[i].lengths);
    }
    for (int64_t k = 0; self->out_types && k < self->outputs + self->updates; k++)
        release((PyObject *)self->out_types[k].descr);
    void *const blocks[] = {self->rules,   self->out_types, self->writes,
                            self->order,   self->updated,   self->is_borrowed};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        PyMem_Free(blocks[i]);
    ((freefunc)(uintptr_t)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DecRef((PyObject *)type);
}

bool is_function(const PyObject *object)
{
    return PyType_IsSubtype(object->ob_type, function_type);
}

bool load_functions(PyObject *module)
{
    PyType_Slot slots[] = {
        {Py_tp_doc, "CallPath(run, rules, cells, constants, updated, outs, borrowed, form, keys): "
                    "the C half of gradc.call.function.Function."},
        {Py_tp_new, (void *)(uintptr_t)PyType_GenericNew},
        {Py_tp_init, (void *)(uintptr_t)function_init},
        {Py_tp_call, (void *)(uintptr_t)function_call},
        {Py_tp_dealloc, (void *)(uintptr_t)function_free},
        {Py_tp_traverse, (void *)(uintptr_t)function_visit},
        {Py_tp_clear, (void *)(uintptr_t)function_clear},
        {0, NULL},
    };
    PyType_Spec spec = {"gradc.runtime._call.CallPath", sizeof(function), 0,
                        Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
    function_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return function_type &&
           PyModule_AddObjectRef(module, "CallPath", (PyObject *)function_type) == 0;
}

/* numpy arrays, read where they lie, and made through numpy's C interface.
 *
 * Asking through Python costs 0.1 us (the pointer) to 1 us (pointer, shape and strides) an array;
 * reading the struct costs nothing, and its layout is public and frozen. The functions come from
 * the table that every extension gets from the capsule _ARRAY_API, by index; numpy's policy (NEP
 * 53) is that an index keeps its meaning within a major version of the ABI, and 2 is asked for.
 * module.c tries all of this on a known array when it is loaded.
 */
#include <math.h>
#include <string.h>

#include "internal.h"

enum { ABI_OF_NUMPY_2 = 0x02000000 };

/* numpy/__multiarray_api.h: PyArray_API[...] */
enum {
    GET_VERSION = 0,
    ARRAY_TYPE = 2,
    NEW_COPY = 85,
    NEW_FROM_DESCR = 94
};

static struct {
    const PyTypeObject *array_type;
    const PyTypeObject *float64_type; /* numpy.float64 */
    PyObject *(*new_copy)(const array *self, int order);
    PyObject *(*new_from_descr)(const PyTypeObject *type, descriptor *descr, int nd,
                                const int64_t *shape, const int64_t *strides, void *data,
                                int flags, PyObject *like);
} numpy;

/* ISO C has no cast from an object pointer to a function pointer; POSIX says they are alike. */
#define TAKE(target, table, index) (*(void **)(void *)&(target) = (table)[index])

bool load_numpy(void)
{
    PyObject *module = PyImport_ImportModule("numpy._core._multiarray_umath");
    PyObject *capsule = module ? PyObject_GetAttrString(module, "_ARRAY_API") : NULL;
    void **table = capsule ? PyCapsule_GetPointer(capsule, NULL) : NULL;
    PyObject *face = table ? PyImport_ImportModule("numpy") : NULL;
    PyObject *scalar = face ? PyObject_GetAttrString(face, "float64") : NULL;
    if (scalar) {
        unsigned (*version)(void);
        TAKE(version, table, GET_VERSION);
        TAKE(numpy.new_copy, table, NEW_COPY);
        TAKE(numpy.new_from_descr, table, NEW_FROM_DESCR);
        numpy.array_type = table[ARRAY_TYPE];
        numpy.float64_type = (const PyTypeObject *)scalar; /* lives as long as numpy */
        if (version() < ABI_OF_NUMPY_2)
            PyErr_Format(PyExc_RuntimeError, "gradc: numpy 2 is needed");
    }
    release(face);
    release(capsule);
    release(module);
    return !PyErr_Occurred();
}

bool is_array(const PyObject *object) { return object->ob_type == numpy.array_type; }

bool has_type(const array *self, const port *wanted)
{
    const descriptor *descr = self->descr;
    return self->nd == wanted->ndim &&
           (descr == wanted->descr || (descr->type_num == wanted->descr->type_num &&
                                       descr->byteorder == wanted->descr->byteorder));
}

/* Whether a product can read the array as it lies: one of the port's unit axes steps from element to
 * element, and every other axis over that one. */
static bool has_unit_axis(const array *self, const port *wanted)
{
    int64_t width = 0;
    int32_t unit = -1;
    for (int32_t axis = 0; axis < self->nd && unit < 0; axis++)
        if ((wanted->units >> axis & 1) != 0 &&
            (self->dimensions[axis] <= 1 || self->strides[axis] == wanted->itemsize)) {
            width = self->dimensions[axis] > 1 ? self->dimensions[axis] : 1;
            unit = axis;
        }
    for (int32_t axis = 0; axis < self->nd; axis++) {
        int64_t stride = self->strides[axis];
        if (axis == unit || self->dimensions[axis] <= 1)
            continue;
        if (stride < width * wanted->itemsize || stride % wanted->itemsize != 0)
            return false;
    }
    return unit >= 0;
}

bool has_order(const array *self, const port *wanted)
{
    if ((self->flags & ALIGNED) == 0)
        return false;
    return (self->flags & C_ORDER) != 0 || (wanted->units != 0 && has_unit_axis(self, wanted));
}

bool has_shape(const array *self, const int64_t *shape)
{
    for (int32_t axis = 0; axis < self->nd; axis++)
        if (self->dimensions[axis] != shape[axis])
            return false;
    return true;
}

/* Where the elements lie: the first byte, and one behind the last. */
static void find_extent(const array *self, const port *type, uintptr_t *low, uintptr_t *high)
{
    uintptr_t first = (uintptr_t)self->data, last = first + (uintptr_t)type->itemsize;
    for (int32_t axis = 0; axis < self->nd; axis++) {
        int64_t span = (self->dimensions[axis] - 1) * self->strides[axis];
        if (span < 0)
            first += (uintptr_t)span;
        else
            last += (uintptr_t)span;
    }
    *low = first;
    *high = last;
}

static bool is_empty(const array *self)
{
    for (int32_t axis = 0; axis < self->nd; axis++)
        if (self->dimensions[axis] == 0)
            return true;
    return false;
}

bool overlap(const array *x, const port *x_type, const array *y, const port *y_type)
{
    if (is_empty(x) || is_empty(y))
        return false;
    uintptr_t x_low, x_high, y_low, y_high;
    find_extent(x, x_type, &x_low, &x_high);
    find_extent(y, y_type, &y_low, &y_high);
    return x_low < y_high && y_low < x_high;
}

array *new_array(const port *type, const int64_t *shape)
{
    Py_IncRef(&type->descr->base); /* numpy takes it over */
    return (array *)numpy.new_from_descr(numpy.array_type, type->descr, type->ndim, shape, NULL,
                                         NULL, 0, NULL);
}

array *array_on(descriptor *type, int32_t ndim, const gc_array *memory, bool is_writeable)
{
    Py_IncRef(&type->base); /* numpy takes it over */
    return (array *)numpy.new_from_descr(numpy.array_type, type, ndim, memory->shape, NULL,
                                         memory->data, ALIGNED | (is_writeable ? WRITEABLE : 0),
                                         NULL);
}

array *packed_copy(const array *self) { return (array *)numpy.new_copy(self, 0); }

void copy_elements(array *to, const array *from, const port *type)
{
    int64_t bytes = type->itemsize;
    for (int32_t axis = 0; axis < type->ndim; axis++)
        bytes *= to->dimensions[axis];
    if (bytes)
        memcpy(to->data, from->data, (size_t)bytes);
}

static array *float_array(double value, const port *type)
{
    array *result = new_array(type, NULL);
    if (result && type->descr->type_num == TYPE_DOUBLE)
        *(double *)(void *)result->data = value;
    else if (result)
        *(float *)(void *)result->data = (float)value;
    return result;
}

static bool float_holds(double number, bool may_round)
{
    float rounded = (float)number;
    return (double)rounded == number || isnan(number) || (may_round && !isinf(rounded));
}

array *number_array(PyObject *value, const port *type, numbers allowed)
{
    int32_t wanted = type->descr->type_num;
    if (type->ndim != 0)
        return NULL;
    if (value->ob_type == &PyFloat_Type || value->ob_type == numpy.float64_type) {
        bool is_python = value->ob_type == &PyFloat_Type;
        double number = PyFloat_AsDouble(value);
        bool holds = wanted == TYPE_DOUBLE ||
                     (wanted == TYPE_FLOAT && allowed != NUMBERS_OWN &&
                      float_holds(number, is_python && allowed == NUMBERS_ROUNDED));
        return holds ? float_array(number, type) : NULL;
    }
    if (value->ob_type != &PyLong_Type)
        return NULL;
    int overflow;
    int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow)
        return NULL;
    if (wanted == TYPE_LONG) {
        array *result = new_array(type, NULL);
        if (result)
            *(int64_t *)(void *)result->data = number;
        return result;
    }
    int64_t most = (int64_t)1 << 24; /* above, float32 leaves some out; Python looks at these */
    bool holds = wanted == TYPE_DOUBLE ||
                 (wanted == TYPE_FLOAT && number >= -most && number <= most);
    return holds && allowed != NUMBERS_OWN ? float_array((double)number, type) : NULL;
}

/* Trees of Python containers, by the postfix structure that gradc/tree.py states. */
#include "tree.h"

/* A token from None (a leaf), (type, keys), or (object, (value,)), which is that value. */
static bool read_token(PyObject *item, token *into)
{
    if (item == &_Py_NoneStruct)
        return true;
    PyObject *type = PyTuple_GetItem(item, 0), *keys = PyTuple_GetItem(item, 1);
    into->count = type && keys ? PyTuple_Size(keys) : -1;
    if (into->count < 0)
        return false;
    if (type == (PyObject *)&PyTuple_Type) {
        into->part = PART_TUPLE;
    } else if (type == (PyObject *)&PyList_Type) {
        into->part = PART_LIST;
    } else if (type == (PyObject *)_Py_NoneStruct.ob_type && into->count == 0) {
        into->part = PART_NONE;
    } else if (type == (PyObject *)&PyDict_Type) {
        into->part = PART_DICT;
        into->keys = own(keys);
    } else if (type == (PyObject *)&PyBaseObject_Type && into->count == 1) {
        into->part = PART_FIXED;
        into->count = 0;
        into->keys = own(PyTuple_GetItem(keys, 0));
    } else {
        return false;
    }
    return true;
}

bool read_tree(PyObject *structure, tree *into)
{
    *into = (tree){0};
    Py_ssize_t size = PyTuple_Size(structure), open = 0;
    if (size < 0)
        return false; /* Python has the exception */
    into->tokens = PyMem_Calloc((size_t)size + 1, sizeof(token));
    if (!into->tokens)
        return PyErr_NoMemory(), false;
    bool ok = size <= MOST_PARTS;
    for (; ok && into->size < size; into->size++) {
        token *each = &into->tokens[into->size];
        ok = read_token(PyTuple_GetItem(structure, into->size), each) && open >= each->count;
        open += 1 - each->count;
        into->leaves += each->part == PART_LEAF;
    }
    if (ok && open == 1)
        return true;
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "gradc: this is the structure of no tree");
    free_tree(into);
    return false;
}

void free_tree(tree *self)
{
    for (Py_ssize_t i = 0; self->tokens && i < self->size; i++)
        release(self->tokens[i].keys);
    PyMem_Free(self->tokens);
    *self = (tree){0};
}

/* Whether two objects are one, or equal as text or numbers; others may be equal and not found so. */
static bool is_same(PyObject *x, PyObject *y)
{
    if (x == y)
        return true;
    if (x->ob_type != y->ob_type)
        return false;
    if (x->ob_type == &PyUnicode_Type)
        return PyUnicode_Compare(x, y) == 0;
    int far_x, far_y;
    return x->ob_type == &PyLong_Type &&
           PyLong_AsLongLongAndOverflow(x, &far_x) == PyLong_AsLongLongAndOverflow(y, &far_y) &&
           !far_x && !far_y;
}

/* What a dict holds, if its keys are these in this order. */
static bool open_dict(PyObject *dict, const token *wanted, PyObject **held)
{
    if (dict->ob_type != &PyDict_Type || PyDict_Size(dict) != wanted->count)
        return false;
    Py_ssize_t place = 0, k = 0;
    PyObject *key;
    while (PyDict_Next(dict, &place, &key, &held[k]))
        if (!is_same(key, PyTuple_GetItem(wanted->keys, k++)))
            return false;
    return true;
}

/* What a container holds, if it is the wanted one. */
static bool open_part(PyObject *object, const token *wanted, PyObject **held)
{
    if (wanted->part == PART_NONE)
        return object == &_Py_NoneStruct;
    if (wanted->part == PART_FIXED)
        return is_same(object, wanted->keys);
    if (wanted->part == PART_DICT)
        return open_dict(object, wanted, held);
    bool is_tuple = wanted->part == PART_TUPLE;
    if (object->ob_type != (is_tuple ? &PyTuple_Type : &PyList_Type) ||
        (is_tuple ? PyTuple_Size(object) : PyList_Size(object)) != wanted->count)
        return false;
    for (Py_ssize_t k = 0; k < wanted->count; k++)
        held[k] = is_tuple ? PyTuple_GetItem(object, k) : PyList_GetItem(object, k);
    return true;
}

bool tree_leaves(const tree *self, PyObject *root, PyObject **leaves)
{
    PyObject *stack[MOST_PARTS + 1];
    Py_ssize_t depth = 0, left = self->leaves;
    stack[depth++] = root;
    for (Py_ssize_t i = self->size - 1; i >= 0; i--) { /* a container before what it holds */
        const token *wanted = &self->tokens[i];
        PyObject *object = stack[--depth];
        if (wanted->part == PART_LEAF)
            leaves[--left] = object;
        else if (!open_part(object, wanted, stack + depth))
            return false;
        depth += wanted->count;
    }
    return true;
}

/* A container of what stands on the stack, which it takes; NULL: an exception is set. */
static PyObject *close_part(const token *wanted, PyObject **held)
{
    if (wanted->part == PART_NONE)
        return own(&_Py_NoneStruct);
    PyObject *made = wanted->part == PART_TUPLE  ? PyTuple_New(wanted->count)
                     : wanted->part == PART_LIST ? PyList_New(wanted->count)
                                                 : PyDict_New();
    bool ok = made != NULL;
    for (Py_ssize_t k = 0; k < wanted->count; k++) {
        if (ok && wanted->part == PART_TUPLE)
            PyTuple_SetItem(made, k, own(held[k]));
        else if (ok && wanted->part == PART_LIST)
            PyList_SetItem(made, k, own(held[k]));
        else if (ok)
            ok = PyDict_SetItem(made, PyTuple_GetItem(wanted->keys, k), held[k]) == 0;
        release(held[k]);
    }
    if (!ok && made)
        CLEAR(made);
    return made;
}

PyObject *tree_build(const tree *self, PyObject *list)
{
    PyObject *stack[MOST_PARTS + 1];
    Py_ssize_t depth = 0, next = 0;
    if (PyList_Size(list) != self->leaves)
        return PyErr_Format(PyExc_ValueError, "gradc: the tree has another number of leaves");
    for (Py_ssize_t i = 0; i < self->size; i++) {
        const token *wanted = &self->tokens[i];
        depth -= wanted->count;
        PyObject *made = wanted->part == PART_LEAF ? own(PyList_GetItem(list, next++))
                                                   : close_part(wanted, stack + depth);
        if (!made) {
            while (depth > 0)
                release(stack[--depth]);
            return NULL;
        }
        stack[depth++] = made;
    }
    return stack[0];
}

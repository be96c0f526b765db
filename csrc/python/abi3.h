/* The part of CPython's stable ABI that gradc calls, declared by hand.
 *
 * Python.h is not there on a machine with Python, venv and a C compiler alone (Debian splits it
 * off), and installing gradc promises to need nothing else. PEP 384 and PEP 652 promise that what
 * stands here keeps its name, its signature and, for structs, its layout in every CPython 3 from
 * the version named in Misc/stable_abi.toml on, which for all of it is 3.11 or earlier; so one
 * extension file, named *.abi3.so, serves all of them. tests/runtime/test_native.py compares each
 * line with a Python.h where there is one.
 *
 * Builds with another object header (free-threaded, Py_TRACE_REFS) are refused before this file's
 * code is loaded (gradc/runtime/_native.py).
 */
#ifndef GRADC_PYTHON_ABI3_H
#define GRADC_PYTHON_ABI3_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

typedef ptrdiff_t Py_ssize_t;
typedef struct _typeobject PyTypeObject;
typedef struct _ts PyThreadState;

typedef struct _object {
    Py_ssize_t ob_refcnt;
    PyTypeObject *ob_type;
} PyObject;

typedef PyObject *(*PyCFunction)(PyObject *, PyObject *);
typedef int (*visitproc)(PyObject *, void *);
typedef int (*traverseproc)(PyObject *, visitproc, void *);
typedef int (*inquiry)(PyObject *);
typedef void (*freefunc)(void *);
typedef PyObject *(*getter)(PyObject *, void *);
typedef int (*setter)(PyObject *, PyObject *, void *);

typedef struct PyMethodDef {
    const char *ml_name;
    PyCFunction ml_meth;
    int ml_flags;
    const char *ml_doc;
} PyMethodDef;

typedef struct PyGetSetDef {
    const char *name;
    getter get;
    setter set;
    const char *doc;
    void *closure;
} PyGetSetDef;

typedef struct PyType_Slot {
    int slot;
    void *pfunc;
} PyType_Slot;

typedef struct PyType_Spec {
    const char *name;
    int basicsize;
    int itemsize;
    unsigned int flags;
    PyType_Slot *slots;
} PyType_Spec;

typedef struct PyModuleDef {
    struct {
        PyObject ob_base;
        PyObject *(*m_init)(void);
        Py_ssize_t m_index;
        PyObject *m_copy;
    } m_base;
    const char *m_name;
    const char *m_doc;
    Py_ssize_t m_size;
    PyMethodDef *m_methods;
    void *m_slots;
    traverseproc m_traverse;
    inquiry m_clear;
    freefunc m_free;
} PyModuleDef;

enum { METH_VARARGS = 1, METH_NOARGS = 4, METH_O = 8 };
enum { Py_TPFLAGS_BASETYPE = 1 << 10, Py_TPFLAGS_HAVE_GC = 1 << 14 };
enum { PYTHON_ABI_VERSION = 3 };

/* Include/typeslots.h: "these numbers are part of the stable ABI" */
enum {
    Py_tp_call = 50,
    Py_tp_clear = 51,
    Py_tp_dealloc = 52,
    Py_tp_doc = 56,
    Py_tp_init = 60,
    Py_tp_methods = 64,
    Py_tp_new = 65,
    Py_tp_traverse = 71,
    Py_tp_getset = 73,
    Py_tp_free = 74
};

extern PyObject _Py_NoneStruct;
extern PyTypeObject PyBaseObject_Type;
extern PyTypeObject PyDict_Type;
extern PyTypeObject PyFloat_Type;
extern PyTypeObject PyList_Type;
extern PyTypeObject PyLong_Type;
extern PyTypeObject PyTuple_Type;
extern PyTypeObject PyUnicode_Type;
extern PyObject *PyExc_MemoryError;
extern PyObject *PyExc_RuntimeError;
extern PyObject *PyExc_TypeError;
extern PyObject *PyExc_ValueError;

void Py_IncRef(PyObject *object);
void Py_DecRef(PyObject *object);

PyObject *PyModule_Create2(PyModuleDef *definition, int version);
int PyModule_AddObjectRef(PyObject *module, const char *name, PyObject *value);
PyObject *PyImport_ImportModule(const char *name);
void *PyCapsule_GetPointer(PyObject *capsule, const char *name);

PyObject *PyType_FromSpec(PyType_Spec *spec);
void *PyType_GetSlot(PyTypeObject *type, int slot);
PyObject *PyType_GenericNew(PyTypeObject *type, PyObject *args, PyObject *kwargs);
int PyType_IsSubtype(PyTypeObject *type, PyTypeObject *base);
void PyObject_GC_UnTrack(void *object);

PyObject *PyObject_GetAttrString(PyObject *object, const char *name);
PyObject *PyObject_CallFunctionObjArgs(PyObject *callable, ...);
PyObject *PyObject_CallMethod(PyObject *object, const char *name, const char *format, ...);

int PyArg_ParseTuple(PyObject *args, const char *format, ...);
PyObject *Py_BuildValue(const char *format, ...);
Py_ssize_t PyDict_Size(PyObject *dict);
PyObject *PyDict_New(void);
int PyDict_Next(PyObject *dict, Py_ssize_t *place, PyObject **key, PyObject **value);
int PyDict_SetItem(PyObject *dict, PyObject *key, PyObject *value);
PyObject *PyList_New(Py_ssize_t length);
Py_ssize_t PyList_Size(PyObject *list);
PyObject *PyList_GetItem(PyObject *list, Py_ssize_t index);
int PyList_SetItem(PyObject *list, Py_ssize_t index, PyObject *item);
PyObject *PyTuple_New(Py_ssize_t length);
Py_ssize_t PyTuple_Size(PyObject *tuple);
PyObject *PyTuple_GetItem(PyObject *tuple, Py_ssize_t index);
int PyTuple_SetItem(PyObject *tuple, Py_ssize_t index, PyObject *item);

int PyUnicode_Compare(PyObject *left, PyObject *right);

PyObject *PyBool_FromLong(long value);
double PyFloat_AsDouble(PyObject *value);
long long PyLong_AsLongLong(PyObject *value);
long long PyLong_AsLongLongAndOverflow(PyObject *value, int *overflow);
unsigned long long PyLong_AsUnsignedLongLong(PyObject *value);

PyObject *PyErr_Occurred(void);
void PyErr_SetObject(PyObject *type, PyObject *value);
PyObject *PyErr_Format(PyObject *exception, const char *format, ...);
PyObject *PyErr_NoMemory(void);
int PyErr_CheckSignals(void);

typedef enum { PyGILState_LOCKED, PyGILState_UNLOCKED } PyGILState_STATE;
PyGILState_STATE PyGILState_Ensure(void);
void PyGILState_Release(PyGILState_STATE state);
PyThreadState *PyEval_SaveThread(void);
void PyEval_RestoreThread(PyThreadState *state);

void *PyMem_Calloc(size_t count, size_t size);
void PyMem_Free(void *memory);

#pragma GCC visibility pop

#endif

/* The storage of a shared variable, and the lock that calls hold while they use it.
 *
 * The lock's state is guarded by the GIL, so taking a free lock costs a few instructions. A thread
 * that has to wait releases the GIL, and looks every 50 ms whether Python has a signal for it.
 * Whoever comes first takes a free lock, waiting or not, because handing it over from call to call
 * would cost a change of threads each; but a thread that has waited longer than PATIENCE is served
 * next, so that a loop of long calls cannot starve it.
 *
 * The thread that holds a lock may take it again. One thing is refused: a signal handler (or
 * anything else that runs inside a call, on its thread) that would write what the call is reading,
 * or wait while the call holds locks others may be waiting for.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "internal.h"

static const double PATIENCE = 1e-3;
enum { LOOK_NS = 50 * 1000 * 1000 };

typedef struct waiter {
    struct waiter *next;
    uintptr_t thread;
    double since;
    bool is_served; /* the lock was handed over */
} waiter;

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    _Atomic uint64_t number; /* of releases that somebody may wait for */
    int64_t forks;           /* how many lie between this process and the first */
} releases = {.mutex = PTHREAD_MUTEX_INITIALIZER, .condition = PTHREAD_COND_INITIALIZER};

static _Thread_local int64_t running; /* calls of this thread that hold locks */

PyTypeObject *cell_type;

static PyObject *reentrant_error;

static void after_fork_in_child(void)
{
    releases.mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    releases.condition = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    releases.forks++;
}

static void announce_release(void)
{
    pthread_mutex_lock(&releases.mutex);
    atomic_fetch_add(&releases.number, 1);
    pthread_cond_broadcast(&releases.condition);
    pthread_mutex_unlock(&releases.mutex);
}

/* Wait for a release after number `seen`, or some time. Without the GIL. */
static void await_release(uint64_t seen)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += LOOK_NS;
    if (end.tv_nsec >= 1000000000) {
        end.tv_nsec -= 1000000000;
        end.tv_sec++;
    }
    PyThreadState *state = PyEval_SaveThread();
    pthread_mutex_lock(&releases.mutex);
    while (atomic_load(&releases.number) == seen)
        if (pthread_cond_timedwait(&releases.condition, &releases.mutex, &end) != 0)
            break;
    pthread_mutex_unlock(&releases.mutex);
    PyEval_RestoreThread(state);
}

static void unqueue(cell *self, const waiter *gone)
{
    for (waiter **place = &self->first; *place; place = &(*place)->next)
        if (*place == gone) {
            *place = gone->next;
            return;
        }
}

static void hold(cell *self, uintptr_t thread)
{
    self->owner = thread;
    self->depth = 1;
    self->forks = releases.forks;
}

static void forget_the_dead(cell *self, uintptr_t thread)
{
    if (self->forks == releases.forks)
        return;
    self->forks = releases.forks;
    self->first = NULL; /* whoever waited is not in this process */
    if (self->owner == thread)
        return;
    self->owner = 0;
    self->depth = self->runs = 0;
}

static void leave(cell *self)
{
    forget_the_dead(self, self->owner);
    if (--self->depth > 0)
        return;
    self->owner = 0;
    waiter *oldest = self->first;
    if (!oldest)
        return;
    if (gcr_clock() - oldest->since > PATIENCE) {
        self->first = oldest->next;
        oldest->is_served = true;
        hold(self, oldest->thread);
    }
    announce_release();
}

/* Stand in line until the lock is ours. False: a signal handler raised. */
static bool wait_for(cell *self, uintptr_t thread)
{
    waiter self_waiting = {.thread = thread, .since = gcr_clock()};
    waiter **end = &self->first;
    while (*end)
        end = &(*end)->next;
    *end = &self_waiting;
    for (;;) {
        await_release(atomic_load(&releases.number));
        running++; /* a handler may not wait in its turn: this call may hold other locks */
        bool raised = PyErr_CheckSignals() != 0;
        running--;
        if (self_waiting.is_served && raised)
            leave(self);
        if (!self_waiting.is_served && (raised || self->owner == 0))
            unqueue(self, &self_waiting);
        if (raised)
            return false;
        if (self_waiting.is_served)
            return true;
        if (self->owner == 0) {
            hold(self, thread);
            return true;
        }
    }
}

static entry enter(cell *self)
{
    uintptr_t thread = gcr_this_thread();
    forget_the_dead(self, thread);
    if (self->owner == thread)
        self->depth++;
    else if (self->owner == 0)
        hold(self, thread);
    else if (running > 0)
        return ENTRY_REENTRANT;
    else if (!wait_for(self, thread))
        return ENTRY_RAISED;
    return ENTRY_OK;
}

entry cell_enter_run(cell *self, bool writes)
{
    if (writes && self->runs > 0 && self->owner == gcr_this_thread())
        return ENTRY_REENTRANT;
    entry result = enter(self);
    if (result == ENTRY_OK)
        self->runs++;
    return result;
}

void cell_leave_run(cell *self)
{
    self->runs--;
    leave(self);
}

void cells_run(int64_t step) { running += step; }

void raise_reentrant(void)
{
    PyErr_Format(reentrant_error,
                 "a shared variable was asked for inside a running call of a function, on its "
                 "thread (by a signal handler?), in a way that could mix values or wait for "
                 "ever.\n  Fix: let the handler set a flag, and act on it after the call.");
}

/* -- what Python sees -------------------------------------------------------------------------- */

static bool enter_for_python(cell *self)
{
    entry result = enter(self);
    if (result == ENTRY_REENTRANT)
        raise_reentrant();
    return result == ENTRY_OK;
}

static PyObject *cell_enter(PyObject *self, PyObject *none)
{
    (void)none;
    return enter_for_python((cell *)self) ? own(self) : NULL;
}

static PyObject *cell_leave(PyObject *object, PyObject *args)
{
    (void)args;
    cell *self = (cell *)object;
    if (self->owner != gcr_this_thread())
        return PyErr_Format(PyExc_RuntimeError, "gradc: this thread does not hold the lock");
    leave(self);
    return own(&_Py_NoneStruct);
}

static bool is_plain(PyObject *value)
{
    const int32_t flags = C_ORDER | ALIGNED;
    return is_array(value) && (((array *)value)->flags & flags) == flags;
}

static bool put(cell *self, PyObject *value, bool is_lent)
{
    if (!is_plain(value)) {
        PyErr_Format(PyExc_ValueError, "gradc: storage must be a numpy array, C-contiguous "
                                       "and aligned");
        return false;
    }
    array *old = self->array;
    self->array = (array *)own(value);
    self->is_lent = is_lent;
    release((PyObject *)old);
    return true;
}

static PyObject *cell_get(PyObject *object, void *closure)
{
    (void)closure;
    cell *self = (cell *)object;
    if (!self->array)
        return PyErr_Format(PyExc_RuntimeError, "gradc: this storage was never set");
    self->is_lent = true;
    return own((PyObject *)self->array);
}

static int cell_set(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    if (!value) {
        PyErr_Format(PyExc_TypeError, "gradc: storage cannot be deleted");
        return -1;
    }
    return put((cell *)self, value, true) ? 0 : -1;
}

static PyObject *cell_keep(PyObject *object, PyObject *value)
{
    cell *self = (cell *)object;
    if (!enter_for_python(self))
        return NULL;
    bool ok = put(self, value, false);
    leave(self);
    return ok ? own(&_Py_NoneStruct) : NULL;
}

static PyObject *cell_copy(PyObject *object, PyObject *none)
{
    (void)none;
    cell *self = (cell *)object;
    if (!self->array)
        return PyErr_Format(PyExc_RuntimeError, "gradc: this storage was never set");
    if (!enter_for_python(self))
        return NULL;
    array *copy = packed_copy(self->array);
    leave(self);
    return (PyObject *)copy;
}

static int cell_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    PyObject *value;
    int is_lent = 0;
    if (!PyArg_ParseTuple(args, "O|p", &value, &is_lent))
        return -1;
    return put((cell *)self, value, is_lent) ? 0 : -1;
}

static void cell_free(PyObject *self)
{
    PyTypeObject *type = self->ob_type;
    CLEAR(((cell *)self)->array);
    ((freefunc)(uintptr_t)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DecRef((PyObject *)type);
}

bool load_cells(PyObject *module)
{
    static PyMethodDef methods[] = {
        {"__enter__", cell_enter, METH_NOARGS, "Take the lock."},
        {"__exit__", cell_leave, METH_VARARGS, "Give it back."},
        {"keep", cell_keep, METH_O, "Put in an array that nobody else knows."},
        {"copy", cell_copy, METH_NOARGS, "A copy of the array, made under the lock."},
        {0},
    };
    static PyGetSetDef fields[] = {
        {"array", cell_get, cell_set, "The array that calls work on; others know it from now on.",
         NULL},
        {0},
    };
    PyType_Slot slots[] = {
        {Py_tp_doc, "Cell(array, is_lent=False): the storage of a shared variable and its lock."},
        {Py_tp_new, (void *)(uintptr_t)PyType_GenericNew},
        {Py_tp_init, (void *)(uintptr_t)cell_init},
        {Py_tp_dealloc, (void *)(uintptr_t)cell_free},
        {Py_tp_methods, methods},
        {Py_tp_getset, fields},
        {0, NULL},
    };
    PyType_Spec spec = {"gradc.runtime._call.Cell", sizeof(cell), 0, 0, slots};
    PyObject *errors = PyImport_ImportModule("gradc.errors");
    reentrant_error = errors ? PyObject_GetAttrString(errors, "ReentrantCall") : NULL;
    release(errors);
    if (!reentrant_error || pthread_atfork(NULL, NULL, after_fork_in_child) != 0)
        return false;
    cell_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return cell_type && PyModule_AddObjectRef(module, "Cell", (PyObject *)cell_type) == 0;
}

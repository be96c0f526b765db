/* One call: a frame and its workspaces, from the first plan to the last run.
 *
 * A function keeps the calls that are over, workspaces and all, for the next: in steady state a
 * call allocates nothing here, and as many threads as like may be inside one function.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { ALIGNMENT = 64 }; /* one cache line, and the widest vector there is */

typedef struct call {
    gcr_call face; /* first: what the caller sees */
    gc_frame frame;
    gcr_function *function;
    struct call *next;
    poll_state poll;
    gc_array *args;
    int64_t *arg_shapes, *arg_strides;
    int64_t *out_strides;
    int64_t *capacity; /* bytes of each workspace */
    int32_t code;      /* of a failure of the caller, with its values; else 0 */
    int64_t values[GC_ERROR_VALUES];
} call;

/* A call and all its arrays are one block; `take` deals out pieces of it, or, with no block,
 * counts. */
typedef struct block {
    char *memory;
    size_t used;
} block;

static void *take(block *from, int64_t count, size_t size)
{
    void *piece = from->memory ? from->memory + from->used : NULL;
    from->used += ((size_t)count * size + 15) / 16 * 16;
    return piece;
}

static call *deal_out(block *from, gcr_function *function)
{
    const gcr_spec *spec = &function->spec;
    call layout = {.function = function};
    call *self = take(from, 1, sizeof *self);
    layout.args = take(from, spec->args, sizeof(gc_array));
    layout.arg_shapes = take(from, function->arg_axes, sizeof(int64_t));
    layout.arg_strides = take(from, function->arg_axes, sizeof(int64_t));
    layout.out_strides = take(from, function->out_axes, sizeof(int64_t));
    layout.capacity = take(from, spec->segments, sizeof(int64_t));
    layout.frame.args = layout.args;
    layout.frame.outs = take(from, spec->outs, sizeof(gc_array));
    layout.frame.out_shapes = take(from, function->out_axes, sizeof(int64_t));
    layout.frame.sizes = take(from, spec->sizes, sizeof(int64_t));
    layout.frame.work = take(from, spec->segments, sizeof(char *));
    layout.frame.work_bytes = take(from, spec->segments, sizeof(int64_t));
    layout.face.out_shapes = layout.frame.out_shapes;
    if (self)
        *self = layout;
    return self;
}

static call *new_call(gcr_function *function)
{
    block count = {0};
    deal_out(&count, function);
    block memory = {calloc(1, count.used), 0};
    if (!memory.memory)
        return NULL;
    atomic_fetch_add(&function->allocations, 1);
    call *self = deal_out(&memory, function);
    self->frame.owner = &self->poll;
    return self;
}

static call *take_idle(gcr_function *function)
{
    gcr_lists_lock();
    call *self = function->idle;
    if (self)
        function->idle = self->next;
    gcr_lists_unlock();
    return self;
}

static void put_idle(call *self)
{
    gcr_lists_lock();
    self->next = self->function->idle;
    self->function->idle = self;
    gcr_lists_unlock();
}

void gcr_free_calls(gcr_function *function)
{
    for (call *self = function->idle, *next; self; self = next) {
        next = self->next;
        for (int32_t i = 0; i < function->spec.segments; i++)
            free(self->frame.work[i]);
        free(self);
    }
    function->idle = NULL;
}

static int32_t refuse(call *self, int32_t code, int64_t position, int64_t found, int64_t wanted)
{
    self->code = code;
    self->values[0] = position;
    self->values[1] = found;
    self->values[2] = wanted;
    return code;
}

static int32_t read_args(call *self, uintptr_t id)
{
    const gcr_spec *spec = &self->function->spec;
    array_list list = gcr_list(id, spec->header);
    if (list.length != spec->args)
        return refuse(self, GCR_BAD_LIST, -1, list.length, spec->args);
    int64_t *shape = self->arg_shapes, *strides = self->arg_strides;
    for (int32_t i = 0; i < spec->args; i++) {
        int32_t ndim = spec->arg_ndims[i];
        int32_t status = gcr_read_array(&list, i, spec, ndim, shape, strides, &self->args[i]);
        if (status != GC_OK)
            return refuse(self, status, i, 0, ndim);
        shape += ndim;
        strides += ndim;
    }
    return GC_OK;
}

/* Take the arrays of this segment; their lengths must be the planned ones, for they decide what
 * memory is written. */
static int32_t read_outs(call *self, uintptr_t id)
{
    const gcr_spec *spec = &self->function->spec;
    array_list list = gcr_list(id, spec->header);
    if (list.length != spec->outs)
        return refuse(self, GCR_BAD_LIST, -1, list.length, spec->outs);
    int64_t *planned = self->frame.out_shapes, *strides = self->out_strides;
    for (int32_t i = 0; i < spec->outs; i++) {
        int32_t ndim = spec->out_ndims[i];
        if (spec->out_segments[i] == self->face.segment) {
            int64_t shape[64]; /* numpy has at most 64 axes */
            gc_array *out = &self->frame.outs[i];
            int32_t status = gcr_read_array(&list, i, spec, ndim, shape, strides, out);
            if (status != GC_OK)
                return refuse(self, status, i, 0, ndim);
            for (int32_t axis = 0; axis < ndim; axis++)
                if (shape[axis] != planned[axis])
                    return refuse(self, GCR_BAD_LENGTH, i, shape[axis], planned[axis]);
            out->shape = planned;
        }
        planned += ndim;
        strides += ndim;
    }
    return GC_OK;
}

static int32_t provide_workspace(call *self, int32_t segment)
{
    gc_frame *frame = &self->frame;
    int64_t wanted = frame->work_bytes[segment];
    if (wanted <= self->capacity[segment])
        return GC_OK;
    free(frame->work[segment]);
    self->capacity[segment] = 0;
    /* Above the largest multiple of the alignment there is nothing to ask for. */
    bool possible = wanted <= INT64_MAX - ALIGNMENT;
    size_t bytes = ((size_t)wanted + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    frame->work[segment] = possible ? aligned_alloc(ALIGNMENT, bytes) : NULL;
    if (!frame->work[segment]) {
        const int64_t values[GC_ERROR_VALUES] = {wanted};
        return gcr_fail(frame, GC_ERR_MEMORY, -1, 0, values);
    }
    self->capacity[segment] = wanted;
    atomic_fetch_add(&self->function->allocations, 1);
    return GC_OK;
}

static int32_t plan(call *self)
{
    int32_t segment = self->face.segment;
    gcr_function *function = self->function;
    self->frame.work_bytes[segment] = 0;
    int32_t status = function->entry->plan[segment](&function->table, &self->frame);
    if (status == GC_OK)
        status = provide_workspace(self, segment);
    return self->face.status = status;
}

static int32_t run(call *self)
{
    gcr_function *function = self->function;
    return self->face.status =
               function->entry->run[self->face.segment](&function->table, &self->frame);
}

static call *start(gcr_function *function)
{
    call *self = take_idle(function);
    if (!self)
        self = new_call(function);
    if (!self)
        return NULL;
    self->code = 0;
    self->face.segment = 0;
    self->frame.workers = gcr_threads();
    self->frame.fail_at = atomic_load_explicit(&function->fail_at, memory_order_relaxed);
    self->frame.error = (gc_error){.site = -1};
    self->poll.thread = gcr_this_thread();
    self->poll.next = 0;
    atomic_store_explicit(&self->poll.wanted_out, false, memory_order_relaxed);
    return self;
}

/* Stands for a call that there was no memory for. */
static gcr_call no_call = {.status = GC_ERR_MEMORY};

uintptr_t gcr_begin(uintptr_t address, uintptr_t args, uintptr_t guess)
{
    gcr_function *function = (gcr_function *)address;
    call *self = start(function);
    if (!self)
        return (uintptr_t)&no_call;
    self->face.status = read_args(self, args);
    if (self->face.status != GC_OK || plan(self) != GC_OK)
        return (uintptr_t)self;
    if (guess == 0 || function->spec.segments > 1)
        return (uintptr_t)self;
    if (read_outs(self, guess) != GC_OK) {
        self->code = 0; /* guessed wrongly: no failure */
        return (uintptr_t)self;
    }
    if (run(self) != GC_OK)
        return (uintptr_t)self;
    put_idle(self);
    return 0;
}

int32_t gcr_next(gcr_call *face, uintptr_t outs)
{
    call *self = (call *)face;
    face->status = read_outs(self, outs);
    if (face->status != GC_OK || run(self) != GC_OK)
        return face->status;
    face->segment++;
    if (face->segment < self->function->spec.segments)
        return plan(self);
    put_idle(self);
    return GC_OK;
}

void gcr_abandon(gcr_call *face, int64_t *fields)
{
    if (face == &no_call) {
        memset(fields, 0, GCR_FAILURE_FIELDS * sizeof *fields);
        fields[0] = GC_ERR_MEMORY;
        fields[1] = -1;
        return;
    }
    call *self = (call *)face;
    const gc_error *error = &self->frame.error;
    bool known = error->code != GC_OK && !self->code;
    fields[0] = known ? error->code : face->status;
    fields[1] = known ? error->site : -1;
    memcpy(fields + 2, self->code ? self->values : error->values, sizeof error->values);
    put_idle(self);
}

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

static const int64_t LEAST_PACED = 20000000; /* ps of a run, by its plan: less is too short */

typedef struct call {
    gcr_call face; /* first: what the caller sees */
    gc_frame frame;
    gcr_function *function;
    struct call *next;
    poll_state poll;
    int64_t *capacity; /* bytes of each workspace */
    double plan_seconds, run_seconds; /* where a profile is kept */
    gcr_pace pace;
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
    gcr_call *face = &layout.face;
    call *self = take(from, 1, sizeof *self);
    face->args = take(from, spec->args, sizeof(gc_array));
    face->arg_shapes = take(from, function->arg_axes, sizeof(int64_t));
    face->arg_strides = take(from, function->arg_axes, sizeof(int64_t));
    face->outs = take(from, spec->outs, sizeof(gc_array));
    face->out_shapes = take(from, function->out_axes, sizeof(int64_t));
    face->out_strides = take(from, function->out_axes, sizeof(int64_t));
    layout.capacity = take(from, spec->segments, sizeof(int64_t));
    if (function->profile)
        layout.frame.seconds = take(from, function->profile->steps, sizeof(double));
    layout.frame.args = face->args;
    layout.frame.outs = face->outs;
    layout.frame.out_shapes = face->out_shapes;
    layout.frame.sizes = take(from, spec->sizes, sizeof(int64_t));
    layout.frame.work = take(from, spec->segments, sizeof(char *));
    layout.frame.work_bytes = take(from, spec->segments, sizeof(int64_t));
    if (self)
        *self = layout;
    return self;
}

/* Point each array at its numbers. */
static void connect(gc_array *arrays, const int32_t *ndims, int32_t count, const int64_t *shape,
                    const int64_t *strides)
{
    for (int32_t i = 0; i < count; i++) {
        arrays[i].shape = shape;
        arrays[i].strides = strides;
        shape += ndims[i];
        strides += ndims[i];
    }
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
    const gcr_spec *spec = &function->spec;
    gcr_call *face = &self->face;
    connect(face->args, spec->arg_ndims, spec->args, face->arg_shapes, face->arg_strides);
    connect(face->outs, spec->out_ndims, spec->outs, face->out_shapes, face->out_strides);
    face->error = &self->frame.error;
    self->frame.owner = &self->poll;
    gcr_pace_begin(&self->pace, 0);
    return self;
}

/* A function that is in no other thread finds its call in one instruction, without a lock. */
static call *take_idle(gcr_function *function)
{
    call *self = atomic_exchange(&function->ready, NULL);
    if (self)
        return self;
    gcr_lists_lock();
    self = function->idle;
    if (self)
        function->idle = self->next;
    gcr_lists_unlock();
    return self;
}

static void put_in_list(call *self)
{
    gcr_lists_lock();
    self->next = self->function->idle;
    self->function->idle = self;
    gcr_lists_unlock();
}

static void put_idle(call *self)
{
    call *none = NULL;
    if (!atomic_compare_exchange_strong(&self->function->ready, &none, self))
        put_in_list(self);
}

void gcr_free_calls(gcr_function *function)
{
    call *ready = atomic_exchange(&function->ready, NULL);
    if (ready)
        put_in_list(ready);
    for (call *self = function->idle, *next; self; self = next) {
        next = self->next;
        for (int32_t i = 0; i < function->spec.segments; i++)
            free(self->frame.work[i]);
        free(self);
    }
    function->idle = NULL;
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

gcr_call *gcr_begin(gcr_function *function)
{
    call *self = take_idle(function);
    if (!self)
        self = new_call(function);
    if (!self)
        return NULL;
    gcr_blas_keep_alone(function->blas);
    self->frame.workers = gcr_threads();
    self->frame.fail_at = atomic_load_explicit(&function->fail_at, memory_order_relaxed);
    self->frame.error = (gc_error){.site = -1};
    self->poll.thread = gcr_this_thread();
    self->poll.next = 0;
    atomic_store_explicit(&self->poll.wanted_out, false, memory_order_relaxed);
    return &self->face;
}

int32_t gcr_plan(gcr_call *face, int32_t segment)
{
    call *self = (call *)face;
    gcr_function *function = self->function;
    self->frame.work_bytes[segment] = 0;
    self->frame.cost = INT64_MAX; /* unless the plan knows better */
    double since = function->profile ? gcr_clock() : 0;
    int32_t status = function->entry->plan[segment](&function->table, &self->frame);
    if (function->profile)
        self->plan_seconds += gcr_clock() - since;
    face->cost = self->frame.cost;
    return status == GC_OK ? provide_workspace(self, segment) : status;
}

int32_t gcr_run(gcr_call *face, int32_t segment)
{
    call *self = (call *)face;
    gcr_function *function = self->function;
    self->poll.context = face->context;
    const bool is_known = face->cost >= LEAST_PACED && face->cost < INT64_MAX;
    const bool is_paced = is_known && function->spec.segments == 1;
    const bool is_timed = is_paced || function->profile;
    self->poll.is_alone = is_paced && gcr_pace_is_alone(&self->pace, face->cost);
    const int64_t jobs = gcr_jobs();
    const double since = is_timed ? gcr_clock() : 0;
    int32_t status = function->entry->run[segment](&function->table, &self->frame);
    const double seconds = is_timed ? gcr_clock() - since : 0;
    if (function->profile)
        self->run_seconds += seconds;
    if (is_paced && status == GC_OK)
        gcr_pace_took(&self->pace, face->cost, gcr_jobs() - jobs, seconds);
    return status;
}

/* Enter what a call has taken into the account, and begin a new one. */
static void settle(call *self)
{
    struct profile *profile = self->function->profile;
    gcr_lists_lock();
    profile->calls++;
    profile->plan += self->plan_seconds;
    profile->run += self->run_seconds;
    for (int64_t k = 0; k < profile->steps; k++)
        profile->seconds[k] += self->frame.seconds[k];
    for (int32_t k = 0; k < self->function->spec.sizes; k++)
        profile->sizes[k] = self->frame.sizes[k];
    gcr_lists_unlock();
    self->plan_seconds = self->run_seconds = 0;
    memset(self->frame.seconds, 0, (size_t)profile->steps * sizeof(double));
}

void gcr_end(gcr_call *face)
{
    call *self = (call *)face;
    if (self->function->profile)
        settle(self);
    put_idle(self);
}

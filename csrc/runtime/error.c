/* Failures of a call, and whether the user wants out. */
#include "internal.h"

static const double POLL_INTERVAL = 0.05; /* half of the 100 ms that Ctrl-C may take */

static _Atomic(int32_t (*)(void)) ask_user;

void gcr_set_poll(int32_t (*ask)(void)) { atomic_store(&ask_user, ask); }

int gcr_fail(gc_frame *frame, int32_t code, int32_t site, int64_t order,
             const int64_t values[GC_ERROR_VALUES])
{
    while (__atomic_exchange_n(&frame->lock, 1, __ATOMIC_ACQUIRE) != 0) {
    }
    gc_error *error = &frame->error;
    if (error->code == GC_OK || order < error->order) {
        error->code = code;
        error->site = site;
        error->order = order;
        for (int i = 0; i < GC_ERROR_VALUES; i++)
            error->values[i] = values ? values[i] : 0;
    }
    __atomic_store_n(&frame->lock, 0, __ATOMIC_RELEASE);
    return code;
}

/* Only the thread that began the call asks, since only Python's main thread sees signals and a
 * worker knows no Python; the others learn the answer from the call. */
int gcr_poll(gc_frame *frame)
{
    poll_state *state = frame->owner;
    if (atomic_load_explicit(&state->wanted_out, memory_order_relaxed))
        return 1;
    int32_t (*ask)(void) = atomic_load_explicit(&ask_user, memory_order_relaxed);
    if (!ask || state->thread != gcr_this_thread())
        return 0;
    double now = gcr_clock();
    if (state->next > 0 && now < state->next)
        return 0;
    bool first = state->next <= 0;
    state->next = now + POLL_INTERVAL;
    if (first || !ask())
        return 0;
    atomic_store(&state->wanted_out, true);
    return 1;
}

typedef int32_t (*callback)(void *context, int32_t id, const gc_array *ins, int64_t nin,
                            gc_array *outs, int64_t nout);

static _Atomic(callback) call_back;

void gcr_set_callback(callback call) { atomic_store(&call_back, call); }

int gcr_callback(gc_frame *frame, int32_t id, const gc_array *ins, int64_t nin, gc_array *outs,
                 int64_t nout)
{
    const poll_state *state = frame->owner;
    callback call = atomic_load(&call_back);
    if (call && call(state->context, id, ins, nin, outs, nout) == 0)
        return GC_OK;
    const int64_t values[GC_ERROR_VALUES] = {id};
    return gcr_fail(frame, GC_ERR_CALLBACK, -1, 0, values);
}

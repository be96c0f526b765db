/* How many threads a call may use.
 *
 * There is one limit for the process, and each thread may have one of its own for the calls it
 * begins (that is how threadpoolctl wants it). Where the process's limit follows the affinity, a
 * change of the affinity is noticed at the next step that could be shared: a narrower one holds
 * from there on, a wider one from the next call on, since a call's workspaces are planned for the
 * number of threads it begins with.
 */
#include "internal.h"

static const double AFFINITY_INTERVAL = 10e-3; /* asking for it takes 0.4 us */

static struct {
    _Atomic int64_t limit;
    atomic_bool follows_affinity;
} process = {.limit = 1};

/* Of the calling thread, as threads may have affinities of their own. */
static _Thread_local struct {
    int64_t own_limit;  /* 0: the process's */
    int64_t processors; /* it could run on, when last asked; 0: not asked yet */
    double asked;
} caller;

static void ask_for_affinity(double now)
{
    caller.asked = now;
    caller.processors = gcr_processors();
}

int64_t gcr_threads(void)
{
    if (caller.own_limit > 0)
        return caller.own_limit;
    int64_t limit = atomic_load_explicit(&process.limit, memory_order_relaxed);
    if (!atomic_load_explicit(&process.follows_affinity, memory_order_relaxed))
        return limit;
    if (caller.processors == 0)
        ask_for_affinity(gcr_clock());
    return caller.processors < limit ? caller.processors : limit;
}

int64_t gcr_threads_at(double now)
{
    if (now - caller.asked >= AFFINITY_INTERVAL)
        ask_for_affinity(now);
    return gcr_threads();
}

static int64_t clip(int64_t limit)
{
    return limit < 1 ? 1 : limit > MAX_THREADS ? MAX_THREADS : limit;
}

void gcr_set_threads(int64_t limit, int32_t follow_affinity)
{
    ask_for_affinity(gcr_clock());
    atomic_store(&process.limit, clip(limit));
    atomic_store(&process.follows_affinity, follow_affinity != 0);
}

void gcr_set_own_threads(int64_t limit) { caller.own_limit = limit < 1 ? 0 : clip(limit); }

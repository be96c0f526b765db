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
    _Atomic int64_t processors; /* that a calling thread could run on, when last asked */
    _Atomic double asked;       /* when that was */
} process = {.limit = 1, .processors = MAX_PROCESSORS};

static _Thread_local int64_t own_limit; /* 0: the process's */

int64_t gcr_threads(void)
{
    if (own_limit > 0)
        return own_limit;
    int64_t limit = atomic_load_explicit(&process.limit, memory_order_relaxed);
    if (!atomic_load_explicit(&process.follows_affinity, memory_order_relaxed))
        return limit;
    int64_t processors = atomic_load_explicit(&process.processors, memory_order_relaxed);
    return processors < limit ? processors : limit;
}

static void ask_for_affinity(double now)
{
    atomic_store_explicit(&process.asked, now, memory_order_relaxed);
    atomic_store_explicit(&process.processors, gcr_processors(), memory_order_relaxed);
}

int64_t gcr_threads_at(double now)
{
    if (now - atomic_load_explicit(&process.asked, memory_order_relaxed) >= AFFINITY_INTERVAL)
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

void gcr_set_own_threads(int64_t limit) { own_limit = limit < 1 ? 0 : clip(limit); }

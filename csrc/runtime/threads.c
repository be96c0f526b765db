/* The one thread pool of the process.
 *
 * Work is offered, never assigned: every worker has a share of the chunks, one word with the first
 * chunk that nobody has claimed, the one after the last, and how many workers may claim. Whoever
 * moves one of its ends owns a chunk. A worker takes its own share from the front, then the others'
 * from the back, so rows of an array are mostly worked on by the thread, and the cache, that had
 * them in the step before and in the call before. The caller takes part like everybody else and
 * waits only for chunks that somebody has claimed: a worker that wakes late, or never, costs
 * nothing. When chunk k fails, those above it that have not begun are skipped and all those below
 * it run, so the lowest failure is the same for any number of threads.
 *
 * One job at a time. A second caller (another Python thread, or a step inside a chunk) finds the
 * pool busy and runs its chunks itself: no queue, hence no deadlock.
 *
 * Idle workers look for work for a while, giving the processor away to anyone who wants it, and
 * then sleep: SPIN seconds, or longer where jobs have been coming at short intervals. Whether a
 * step is shared at all is decided by what sharing it has won so far (payoff.c).
 *
 * A job costs 0.5 us while a worker is awake, 15 us where one must be woken, which takes part
 * after 50 to 110 us. Two chunks on two threads, by the time of one chunk and the pause since the
 * last job, in brackets on one thread (25 Nov 2026, before there were shares; 2 processors, Zen 3,
 * Linux 6.18; medians):
 *     chunk     no pause      20 us of work   some 160 us asleep   3 ms asleep
 *     20 us     25 (40)       26 (40)         41 (40)              42 (42) us
 *     60 us     62 (120)      68 (120)        78 (121)             125 (123)
 *     200 us    202 (400)     205 (401)       242 (403)            336 (416)
 *     1 ms      1093 (2080)   1066 (2071)     1106 (2067)          1203 (2125)
 */
#define _GNU_SOURCE
#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "internal.h"

enum {
    PAUSES = 64, /* between two looks at clock and shares: 1.6 us at 26 ns each, on Zen 3 */
    SMOOTHING = 8,
    CHUNK_BITS = 24, /* of a number of chunks; what is left of a share's 64 is for workers */
    CACHE_LINE = 64
};
_Static_assert(MAX_THREADS < 1 << (64 - 2 * CHUNK_BITS), "a share holds a number of workers");

/* Longer than the gap between two parallel steps of one call, much shorter than a time slice. */
static const double SPIN = 50e-6;
/* Where the gap between jobs is up to this, workers are patient enough to bridge it. */
static const double LONGEST_GAP = 200e-6;
static const double RETRY_INTERVAL = 1; /* after the system refused a thread */

typedef struct job {
    const gc_table *table;
    gc_frame *frame;
    gc_chunk chunk;
    int64_t count;
    fenv_t environment; /* rounding and flush-to-zero of the caller: same bits on every thread */
} job;

static struct {
    pthread_mutex_t mutex; /* guards both conditions, and failures from each other */
    pthread_cond_t wake;   /* workers: there is an offer */
    pthread_cond_t done;   /* caller: no chunk is unfinished */
    pthread_mutex_t lists;
    atomic_flag busy;            /* a job is under way */
    atomic_bool always;          /* share whatever may be shared */
    _Atomic int64_t shares;      /* how many the chunks of the job were cut into */
    _Atomic int64_t unfinished;  /* chunks of the job that are not done */
    _Atomic int64_t sleeping;    /* workers waiting for `wake` */
    atomic_bool waiting;         /* the caller waits for `done` */
    _Atomic double patience;     /* how long workers look for work */
    _Atomic int64_t started;
    _Atomic int64_t failed;      /* the lowest chunk that did; INT64_MAX: none */
    int status;                  /* what it returned */
    int64_t forks;               /* how many fork()s lie between this process and the first */
    job job;                     /* readable by whoever holds an unfinished chunk */
    /* Of whoever holds `busy`: */
    double last;  /* when the last job ended */
    double gap;   /* between jobs, on average */
    double retry; /* when to ask for threads again */
} pool = {
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
    .done = PTHREAD_COND_INITIALIZER,
    .lists = PTHREAD_MUTEX_INITIALIZER,
    .busy = ATOMIC_FLAG_INIT,
    .gap = 2e-3,
};

static struct {
    _Alignas(CACHE_LINE) _Atomic uint64_t share; /* chunks nobody has claimed, see `as_share` */
    _Alignas(CACHE_LINE) _Atomic int processor;  /* where it was last seen */
    pthread_t thread;
} workers[MAX_THREADS];

/* Which call and which scratch this thread is working for, so that a parallel step inside a chunk
 * keeps the chunk's own scratch. */
static _Thread_local struct {
    const gc_frame *frame;
    int64_t worker;
    int64_t jobs; /* that it has shared, ever */
} current;

double gcr_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Chunks first .. end - 1, and that workers below `allowed` may take them. */
static uint64_t as_share(int64_t first, int64_t end, int64_t allowed)
{
    return (uint64_t)allowed << 2 * CHUNK_BITS | (uint64_t)end << CHUNK_BITS | (uint64_t)first;
}

static int64_t first_of(uint64_t share) { return share & ((UINT64_C(1) << CHUNK_BITS) - 1); }

static int64_t end_of(uint64_t share) { return first_of(share >> CHUNK_BITS); }

static bool is_offered(uint64_t share, int64_t worker)
{
    return first_of(share) < end_of(share) && (int64_t)(share >> 2 * CHUNK_BITS) > worker;
}

/* The number of a chunk of this share that is now ours, or -1. The word says all there is to know,
 * so it does not matter when it was read: whoever changes it, in a later job too, owns a chunk. */
static int64_t claim_of(int64_t number, int64_t worker)
{
    const bool is_own = number == worker;
    uint64_t share = atomic_load(&workers[number].share);
    while (is_offered(share, worker))
        if (atomic_compare_exchange_weak(&workers[number].share, &share,
                                         is_own ? share + as_share(1, 0, 0)
                                                : share - as_share(0, 1, 0)))
            return is_own ? first_of(share) : end_of(share) - 1;
    return -1;
}

/* The number of a chunk that is now ours, or -1. */
static int64_t claim(int64_t worker)
{
    const int64_t shares = atomic_load(&pool.shares);
    for (int64_t i = 0; i < shares; i++) {
        const int64_t chunk = claim_of((worker + i) % shares, worker);
        if (chunk >= 0)
            return chunk;
    }
    return -1;
}

/* Whether there is anything to claim. */
static bool is_there_work(int64_t worker)
{
    const int64_t shares = atomic_load(&pool.shares);
    for (int64_t i = 0; i < shares; i++)
        if (is_offered(atomic_load(&workers[(worker + i) % shares].share), worker))
            return true;
    return false;
}

static void offer(int64_t count, int64_t shares, int64_t allowed)
{
    atomic_store(&pool.shares, shares);
    for (int64_t i = 0; i < shares; i++)
        atomic_store(&workers[i].share,
                     as_share(count * i / shares, count * (i + 1) / shares, allowed));
}

static void finish_chunk(void)
{
    if (atomic_fetch_sub(&pool.unfinished, 1) != 1 || !atomic_load(&pool.waiting))
        return;
    pthread_mutex_lock(&pool.mutex);
    pthread_cond_signal(&pool.done);
    pthread_mutex_unlock(&pool.mutex);
}

static void record_failure(int64_t chunk, int status)
{
    pthread_mutex_lock(&pool.mutex);
    if (chunk < atomic_load(&pool.failed)) {
        pool.status = status;
        atomic_store(&pool.failed, chunk);
    }
    pthread_mutex_unlock(&pool.mutex);
}

static int run_chunk(const job *work, int64_t chunk, int64_t worker)
{
    const gc_frame *frame = current.frame;
    int64_t outer = current.worker;
    current.frame = work->frame;
    current.worker = worker;
    int status = work->chunk(work->table, work->frame, chunk, worker);
    current.frame = frame;
    current.worker = outer;
    return status;
}

/* Run chunks, or skip them behind a failure, until there are none to claim; says how many. Where a
 * chunk has forked, and this is the child, the pool is that of other jobs already. */
static int64_t take_part(int64_t worker)
{
    const int64_t forks = pool.forks;
    int64_t done = 0;
    for (int64_t chunk = claim(worker); chunk >= 0; chunk = claim(worker)) {
        if (chunk < atomic_load(&pool.failed)) {
            if (worker > 0)
                fesetenv(&pool.job.environment);
            int status = run_chunk(&pool.job, chunk, worker);
            if (pool.forks != forks)
                break;
            if (status != GC_OK)
                record_failure(chunk, status);
        }
        finish_chunk();
        done++;
    }
    return done;
}

static void look_for_work(int64_t worker)
{
    const _Atomic uint64_t *own = &workers[worker].share;
    double end = gcr_clock() + atomic_load_explicit(&pool.patience, memory_order_relaxed);
    do {
        atomic_store_explicit(&workers[worker].processor, gcr_this_processor(),
                              memory_order_relaxed);
        for (int i = 0; i < PAUSES; i++) {
            if (is_offered(atomic_load_explicit(own, memory_order_relaxed), worker))
                return;
            pause_briefly();
        }
        if (is_there_work(worker))
            return;
        sched_yield();
    } while (gcr_clock() < end);
    pthread_mutex_lock(&pool.mutex);
    atomic_fetch_add(&pool.sleeping, 1);
    while (!is_there_work(worker))
        pthread_cond_wait(&pool.wake, &pool.mutex);
    atomic_fetch_sub(&pool.sleeping, 1);
    pthread_mutex_unlock(&pool.mutex);
}

static void *worker_main(void *number)
{
    int64_t worker = (int64_t)(intptr_t)number;
    for (;;)
        if (take_part(worker) == 0)
            look_for_work(worker);
    return NULL;
}

static bool start_worker(int64_t number)
{
    pthread_t *thread = &workers[number].thread;
    atomic_store(&workers[number].processor, -1);
    if (pthread_create(thread, NULL, worker_main, (void *)(intptr_t)number) != 0)
        return false;
    gcr_name(*thread, "gradc");
    pthread_detach(*thread);
    return true;
}

/* Start workers up to number `last`, as far as the system lets us. Signals stay with Python. */
static void start_workers(int64_t last, double now)
{
    int64_t started = atomic_load(&pool.started);
    if (started >= last || now < pool.retry)
        return;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < last && start_worker(started + 1))
        atomic_store(&pool.started, ++started);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started < last)
        pool.retry = now + RETRY_INTERVAL;
}

/* Workers that would run on the caller's processor would take turns with it. */
static void keep_apart(int64_t last)
{
    int here = gcr_this_processor();
    for (int64_t i = 1; i <= last; i++)
        if (atomic_load_explicit(&workers[i].processor, memory_order_relaxed) == here) {
            gcr_keep_off(workers[i].thread, here);
            atomic_store_explicit(&workers[i].processor, -1, memory_order_relaxed);
        }
}

static void wake_workers(int64_t allowed, int64_t chunks)
{
    int64_t sleeping = atomic_load(&pool.sleeping);
    if (sleeping == 0)
        return;
    pthread_mutex_lock(&pool.mutex);
    if (atomic_load(&pool.started) < allowed && chunks - 1 < sleeping)
        for (int64_t i = 1; i < chunks; i++)
            pthread_cond_signal(&pool.wake);
    else
        pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.mutex);
}

static void wait_for_claimed(void)
{
    double end = gcr_clock() + SPIN;
    do {
        for (int i = 0; i < PAUSES; i++) {
            if (atomic_load(&pool.unfinished) <= 0)
                return;
            pause_briefly();
        }
        sched_yield();
    } while (gcr_clock() < end);
    pthread_mutex_lock(&pool.mutex);
    atomic_store(&pool.waiting, true);
    while (atomic_load(&pool.unfinished) > 0)
        pthread_cond_wait(&pool.done, &pool.mutex);
    atomic_store(&pool.waiting, false);
    pthread_mutex_unlock(&pool.mutex);
}

static int run_alone(const job *work)
{
    int64_t worker = current.frame == work->frame ? current.worker : 0;
    for (int64_t chunk = 0; chunk < work->count; chunk++) {
        int status = run_chunk(work, chunk, worker);
        if (status != GC_OK)
            return status;
    }
    return GC_OK;
}

static void expect_next_job(double begin)
{
    double gap = begin - pool.last;
    pool.gap += ((gap < 10 * LONGEST_GAP ? gap : 10 * LONGEST_GAP) - pool.gap) / SMOOTHING;
    double patience = pool.gap < LONGEST_GAP ? SPIN + 2 * pool.gap : SPIN;
    atomic_store_explicit(&pool.patience, patience, memory_order_relaxed);
}

/* Gives the pool back. */
static int run_together(int64_t allowed, double begin, gcr_payoff *account)
{
    int64_t count = pool.job.count;
    int64_t forks = pool.forks;
    int64_t last = (allowed < count ? allowed : count) - 1;
    pool.status = GC_OK;
    atomic_store(&pool.failed, INT64_MAX);
    expect_next_job(begin);
    start_workers(last, begin);
    keep_apart(atomic_load(&pool.started) < last ? atomic_load(&pool.started) : last);
    atomic_store(&pool.unfinished, count);
    offer(count, last + 1, allowed);
    current.jobs++;
    wake_workers(allowed, count);
    double awake = gcr_clock();
    int64_t chunks = take_part(0);
    if (pool.forks != forks) /* the other chunks died with their threads */
        return GC_ERR_INTERRUPT;
    double own = gcr_clock() - awake;
    wait_for_claimed();
    pool.last = gcr_clock();
    int status = pool.status;
    if (status == GC_OK)
        gcr_payoff_shared(account, pool.last - begin, own, chunks);
    atomic_flag_clear(&pool.busy);
    return status;
}

/* The step has lost by sharing: run it alone, and count the time. Gives the pool back. */
static int run_resting(const job *work, double begin)
{
    atomic_flag_clear(&pool.busy);
    int status = run_alone(work);
    double seconds = gcr_clock() - begin;
    if (!atomic_flag_test_and_set(&pool.busy)) {
        /* Another step may have taken the account's place in the meantime. */
        gcr_payoff_alone(gcr_payoff_of(work->chunk, work->count), seconds);
        atomic_flag_clear(&pool.busy);
    }
    return status;
}

/* Whether sharing would leave the other steps of this call with more than it wins (pace.c). */
static bool wants_to_be_alone(const gc_frame *frame)
{
    const poll_state *owner = frame->owner;
    return owner && owner->is_alone && !atomic_load(&pool.always);
}

int gcr_parallel(const gc_table *table, gc_frame *frame, gc_chunk chunk, int64_t count)
{
    job work = {.table = table, .frame = frame, .chunk = chunk, .count = count};
    if (count <= 1 || count >> CHUNK_BITS != 0 || wants_to_be_alone(frame))
        return run_alone(&work);
    double begin = gcr_clock();
    int64_t limit = gcr_threads_at(begin);
    int64_t allowed = frame->workers < limit ? frame->workers : limit;
    if (allowed <= 1 || atomic_flag_test_and_set(&pool.busy))
        return run_alone(&work);
    gcr_payoff *account = gcr_payoff_of(chunk, count);
    if (!gcr_payoff_is_likely(account) && !atomic_load(&pool.always))
        return run_resting(&work, begin);
    fegetenv(&work.environment);
    pool.job = work;
    return run_together(allowed, begin, account);
}

void gcr_set_always_share(int32_t always) { atomic_store(&pool.always, always != 0); }

int64_t gcr_jobs(void) { return current.jobs; }

int64_t gcr_workers(void) { return atomic_load(&pool.started); }

void gcr_lists_lock(void) { pthread_mutex_lock(&pool.lists); }

void gcr_lists_unlock(void) { pthread_mutex_unlock(&pool.lists); }

uintptr_t gcr_this_thread(void) { return (uintptr_t)pthread_self(); }

/* fork() copies the forking thread alone: the child's pool starts afresh, at its first job. */

static void before_fork(void)
{
    pthread_mutex_lock(&pool.lists);
    pthread_mutex_lock(&pool.mutex);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&pool.mutex);
    pthread_mutex_unlock(&pool.lists);
}

static void after_fork_in_child(void)
{
    after_fork_in_parent();
    pool.wake = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    pool.done = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    for (int64_t i = 0; i < atomic_load(&pool.shares); i++)
        atomic_store(&workers[i].share, 0);
    atomic_store(&pool.unfinished, 0);
    atomic_store(&pool.sleeping, 0);
    atomic_store(&pool.waiting, false);
    atomic_store(&pool.started, 0);
    pool.retry = 0;
    gcr_payoff_forget();
    atomic_flag_clear(&pool.busy);
    pool.forks++;
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

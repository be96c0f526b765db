/* Does it pay to share the chunks of this step among threads?
 *
 * It does on an idle machine, when the workers are awake or the step is long. It does not when a
 * worker must be woken for a short step (some 30 to 100 us in a virtual machine), nor when other
 * processes hold the processors: then a worker claims a chunk, is stopped, and the caller waits a
 * time slice for it. None of that can be known beforehand, so it is measured: a step keeps an
 * account of what sharing has won and lost. When it is overdrawn, the step runs alone for a
 * multiple of the loss and tries again, later and later as long as it loses. What is lost in all
 * is bounded by a part of the time the step takes; results do not depend on any of it.
 *
 * The time one thread would have taken is that of a chunk, the least one seen, times their number.
 * The least, because a chunk during which the caller itself was stopped says nothing; it is
 * forgotten slowly, because the same step may be called with larger arrays.
 *
 * Only the thread that holds the pool may call these functions.
 */
#include <string.h>

#include "internal.h"

enum {
    STEPS = 256,        /* accounts kept; two steps in one place push each other out */
    REST_AT_FIRST = 8,  /* times the loss, doubled for every loss in a row */
    REST_DOUBLINGS = 2, /* so at most 1/32 of the time is lost in the long run */
    FORGETTING = 32,    /* the least time grows by this part a run */
    OTHER_SIZE = 4      /* a chunk so many times slower is another problem, or was stopped */
};

/* Enough for some stops of a time slice: accidents on an idle machine, or on a shared one that the
 * hypervisor takes away now and then, cost nothing. */
static const double MOST_CREDIT = 20e-3;

struct gcr_payoff {
    gc_chunk step;
    int64_t count;
    double unit;   /* seconds a chunk takes one thread; 0: not known */
    double credit; /* seconds that sharing has won */
    double rest;   /* seconds the step still spends alone */
    int losses;    /* in a row */
};

static gcr_payoff accounts[STEPS];

gcr_payoff *gcr_payoff_of(gc_chunk step, int64_t count)
{
    uintptr_t address = (uintptr_t)step;
    uint64_t hash = ((uint64_t)address ^ (uint64_t)count << 40) * UINT64_C(0x9E3779B97F4A7C15);
    gcr_payoff *account = &accounts[hash >> 56 & (STEPS - 1)];
    if (account->step != step || account->count != count)
        *account = (gcr_payoff){.step = step, .count = count};
    return account;
}

bool gcr_payoff_is_likely(const gcr_payoff *account) { return account->rest <= 0; }

/* Whether `unit` can be compared with what was seen before. */
static bool learn(gcr_payoff *account, double unit)
{
    double known = account->unit;
    bool comparable = known > 0 && unit <= OTHER_SIZE * known;
    double forgotten = known + known / FORGETTING;
    account->unit = comparable && forgotten < unit ? forgotten : unit;
    return comparable;
}

void gcr_payoff_alone(gcr_payoff *account, double seconds)
{
    learn(account, seconds / (double)account->count);
    account->rest -= seconds;
}

void gcr_payoff_shared(gcr_payoff *account, double seconds, double own, int64_t chunks)
{
    if (chunks == 0 || !learn(account, own / (double)chunks))
        return;
    double won = account->unit * (double)account->count - seconds;
    account->credit += won;
    if (account->credit > MOST_CREDIT)
        account->credit = MOST_CREDIT;
    if (won > 0 && account->losses > 0)
        account->losses--;
    if (account->credit >= 0)
        return;
    account->rest = -account->credit * (double)(REST_AT_FIRST << account->losses);
    account->credit = 0;
    if (account->losses < REST_DOUBLINGS)
        account->losses++;
}

void gcr_payoff_forget(void) { memset(accounts, 0, sizeof accounts); }

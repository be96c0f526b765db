/* Does it pay to share the steps of this call among threads?
 *
 * A step's own account (payoff.c) knows what the step won, not what it left behind: short steps on
 * one thread between shared ones fetch half of their operands from the other thread's cache, and
 * where two processors have no cache in common that can cost more than all sharing wins. So calls
 * of short steps are tried: every now and then some run in the other way, alone or shared, and what
 * is clearly faster twice in a row is the way from then on, until a trial says otherwise. A trial
 * ends at once where its first call is clearly slower, and the next one comes so late that trials
 * take a hundredth of the time at most. Only calls of one cost are compared, the one that most
 * have, so a last batch of fewer rows does not matter. Results do not depend on any of it.
 *
 * Of whoever holds the call; no other thread reads it.
 */
#include "internal.h"

enum {
    PERIOD = 256,     /* calls between two trials, at least */
    LATEST = 1 << 16, /* and at most: a call may be stopped for a minute */
    SETTLE = 2,       /* calls until caches hold what this way of running leaves in them */
    CALLS = 4,        /* that are compared, the fastest of each way: one may be stopped */
    PART = 100,       /* of the time, that trials may take */
    STRANGERS = 8     /* more calls of another cost than of this one: that is the cost now */
};

static const double LONG_STEP = 200e-6; /* does not mind what its neighbours fetch */
static const double LESS = 0.95;        /* clearly faster */
static const double MORE = 1.5;         /* clearly slower, by one call */

static bool is_on_trial(const gcr_pace *pace) { return pace->tried >= 0; }

bool gcr_pace_is_alone(const gcr_pace *pace, int64_t cost)
{
    return cost == pace->cost && pace->is_alone != is_on_trial(pace);
}

void gcr_pace_begin(gcr_pace *pace, int64_t cost)
{
    *pace = (gcr_pace){.cost = cost, .left = PERIOD, .tried = -1};
}

/* Whether this call is one of those that are compared: those of the cost that most calls have. */
static bool is_counted(gcr_pace *pace, int64_t cost)
{
    if (pace->cost == 0)
        gcr_pace_begin(pace, cost);
    if (cost == pace->cost) {
        pace->strangers -= pace->strangers > 0;
        return true;
    }
    if (pace->strangers == 0)
        pace->rival = cost;
    pace->strangers += cost == pace->rival ? 1 : -1;
    if (pace->strangers == STRANGERS)
        gcr_pace_begin(pace, cost);
    return cost == pace->cost;
}

static int64_t calls_until_next(const gcr_pace *pace)
{
    const double calls = pace->own > 0 ? PART * pace->lost / pace->own : 0;
    return calls < PERIOD ? PERIOD : calls < LATEST ? (int64_t)calls : LATEST;
}

static void end_trial(gcr_pace *pace, bool is_better)
{
    pace->tried = -1;
    pace->wins = is_better ? pace->wins + 1 : 0;
    pace->left = pace->wins == 1 ? SETTLE + CALLS : calls_until_next(pace);
    if (pace->wins != 1)
        pace->lost = 0;
    if (pace->wins < 2)
        return;
    pace->is_alone = !pace->is_alone;
    pace->wins = 0;
}

static void weigh(gcr_pace *pace, double seconds)
{
    pace->lost += seconds > pace->own ? seconds - pace->own : 0;
    if (pace->tried >= SETTLE && (pace->tried == SETTLE || seconds < pace->other))
        pace->other = seconds;
    pace->tried++;
    if (pace->tried == SETTLE + CALLS)
        end_trial(pace, pace->other < LESS * pace->own);
    else if (seconds > MORE * pace->own)
        end_trial(pace, false);
}

void gcr_pace_took(gcr_pace *pace, int64_t cost, int64_t shared, double seconds)
{
    if (!is_counted(pace, cost))
        return;
    if (is_on_trial(pace)) {
        weigh(pace, seconds);
        return;
    }
    if (!pace->is_alone && seconds >= LONG_STEP * (double)shared)
        return; /* nothing to try: few steps were shared, long ones, or none */
    pace->left--;
    if (pace->left == CALLS - 1 || (pace->left < CALLS && seconds < pace->own))
        pace->own = seconds;
    if (pace->left > 0)
        return;
    pace->tried = 0;
}

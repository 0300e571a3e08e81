/* SPDX-License-Identifier: MIT */

#include "deliver/courier.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "deliver/turn.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_LEAST (100 * NS_PER_MS)
#define WAIT_MOST  (30 * NS_PER_S)
#define IDLE_NS    NS_PER_S /* how often an idle thread looks whether there is something to save */
enum {
    RESEND_MAX = 3
}; /* times in a row that a sink may ask for what is kept without a pause */

/* One sink's thread. Only the atomics are seen by others. */
struct leg {
    struct courier *courier;
    struct sink *sink;
    char name[64];
    pthread_t thread;
    bool running, done; /* of the thread; done is guarded by the courier's mutex */
    struct journal_reader reader;
    uint64_t confirmed_n;
    int64_t wait_ns, trouble_since_ns;
    unsigned attempts, resends;
    bool asked; /* the far end has said where it stands */
    _Atomic uint64_t confirmed, published, errors;
    atomic_bool troubled, stopped;
};

struct courier {
    struct journal *journal;
    atomic_bool stop;
    _Atomic int64_t stop_at_ns; /* written before stop */
    pthread_mutex_t mutex;
    pthread_cond_t ended; /* a thread is done */
    size_t count;
    struct leg legs[COURIER_SINKS_MAX];
};

/* ---- trouble ------------------------------------------------------------ */

/* Half of it sure, half by chance: hosts that lost the same server do not come back together. */
static int64_t jittered(int64_t ns)
{
    int64_t half = ns / 2;
    return half + (int64_t)((double)half * (turn_chance() / 4294967296.0));
}

static void note_trouble(struct leg *leg, const struct error *error)
{
    leg->attempts++;
    atomic_fetch_add(&leg->errors, 1);
    if (!atomic_exchange(&leg->troubled, true)) {
        leg->trouble_since_ns = clock_monotonic_ns();
        log_warning("sink %s: %s; findings wait in the outbox", leg->name, error->text);
    }
    leg->wait_ns = leg->wait_ns ? leg->wait_ns * 2 : WAIT_LEAST;
    if (leg->wait_ns > WAIT_MOST)
        leg->wait_ns = WAIT_MOST;
}

static void note_health(struct leg *leg)
{
    char text[CLOCK_TEXT_SIZE];
    if (atomic_exchange(&leg->troubled, false))
        log_notice("sink %s: works again after %s, %u attempts", leg->name,
                   clock_format_duration(clock_monotonic_ns() - leg->trouble_since_ns, text),
                   leg->attempts);
    leg->attempts = leg->resends = 0;
    leg->wait_ns = 0;
}

static void stop_for_ever(struct leg *leg, const char *why)
{
    atomic_fetch_add(&leg->errors, 1);
    atomic_store(&leg->stopped, true);
    log_error("sink %s: stopped: %s", leg->name, why);
}

/* ---- carrying ----------------------------------------------------------- */

static void confirm(struct leg *leg, uint64_t n)
{
    if (n == leg->confirmed_n)
        return;
    leg->confirmed_n = n;
    atomic_store(&leg->confirmed, n);
    journal_confirm(leg->courier->journal, leg->name, n);
}

/* Did the sink forget what we no longer have? Then it is said. */
static void note_lost(struct leg *leg)
{
    uint64_t first = journal_first_n(leg->courier->journal);
    if (leg->confirmed_n + 1 < first && first < journal_next_n(leg->courier->journal))
        log_warning("sink %s: findings %" PRIu64 " to %" PRIu64
                    " are not kept here any more and cannot be sent",
                    leg->name, leg->confirmed_n + 1, first - 1);
}

static void resend(struct leg *leg, uint64_t confirmed, struct error *error)
{
    if (++leg->resends > RESEND_MAX) {
        note_trouble(leg, error);
        return;
    }
    atomic_fetch_add(&leg->errors, 1);
    if (confirmed != leg->confirmed_n) {
        log_warning("sink %s: %s", leg->name, error->text);
        confirm(leg, confirmed);
        note_lost(leg);
    }
}

/* What became of a publish. */
static void settle(struct leg *leg, int r, uint64_t confirmed, struct error *error)
{
    if (confirmed >= journal_next_n(leg->courier->journal)) {
        stop_for_ever(leg, "the far end has findings that this state directory never made: was "
                           "an old copy of it put "
                           "back? 'oddline run --new-epoch' goes on");
        return;
    }
    if (r == -ESTALE) {
        stop_for_ever(leg, error->text);
        return;
    }
    if (r == -ENODATA) {
        resend(leg, confirmed, error);
        return;
    }
    if (confirmed > leg->confirmed_n)
        atomic_fetch_add(&leg->published, confirmed - leg->confirmed_n);
    confirm(leg, confirmed);
    if (r < 0)
        note_trouble(leg, error);
    else
        note_health(leg);
}

/* One publish. False: there was nothing to carry. */
static bool carry(struct leg *leg)
{
    struct error error = {"no reason given"};
    uint64_t confirmed = leg->confirmed_n;
    if (leg->asked)
        journal_read(leg->courier->journal, &leg->reader, leg->confirmed_n, JOURNAL_READ_MAX);
    if (leg->asked && leg->reader.count == 0)
        return false;
    size_t count = leg->asked ? leg->reader.count : 0;
    int r = leg->sink->ops->publish(leg->sink, leg->reader.entries, count, &confirmed, &error);
    CRASH_POINT("acked");
    leg->asked |= r == 0 || r == -ENODATA;
    settle(leg, r, confirmed, &error);
    return true;
}

/* ---- the thread --------------------------------------------------------- */

static bool time_is_up(const struct courier *courier)
{
    return atomic_load(&courier->stop) &&
           clock_monotonic_ns() >= atomic_load(&courier->stop_at_ns);
}

static void pause_leg(struct leg *leg, bool idle)
{
    struct courier *courier = leg->courier;
    int64_t now = clock_monotonic_ns();
    if (idle)
        journal_wait(courier->journal, leg->confirmed_n, now + IDLE_NS, &courier->stop);
    else if (leg->wait_ns)
        journal_wait(courier->journal, UINT64_MAX, now + jittered(leg->wait_ns),
                     &courier->stop);
}

/* True: the sink does not want to be called yet, and some of the time has passed. At the end it is called all the same. */
static bool rested(struct leg *leg)
{
    struct courier *courier = leg->courier;
    int64_t ns = leg->sink->ops->rest ? leg->sink->ops->rest(leg->sink) : 0;
    if (ns <= 0 || atomic_load(&courier->stop))
        return false;
    journal_wait(courier->journal, UINT64_MAX,
                 clock_monotonic_ns() + (ns < IDLE_NS ? ns : IDLE_NS), &courier->stop);
    return true;
}

/* Nothing is told of a sink before the far end has said where it stands: it may be another's. */
static void tend(struct leg *leg, bool last)
{
    struct sink_place place = {journal_next_n(leg->courier->journal) - 1, leg->confirmed_n};
    if (leg->sink->ops->tend && leg->asked && !atomic_load(&leg->stopped))
        leg->sink->ops->tend(leg->sink, place, last);
}

static void run(struct leg *leg)
{
    struct courier *courier = leg->courier;
    while (!atomic_load(&leg->stopped) && !time_is_up(courier)) {
        if (rested(leg))
            continue;
        bool idle = !carry(leg);
        if (atomic_load(&courier->stop) && (idle || atomic_load(&leg->troubled)))
            break;
        tend(leg, false);
        pause_leg(leg, idle);
    }
    tend(leg, true);
}

static void *thread(void *data)
{
    struct leg *leg = data;
    run(leg);
    CHECK(pthread_mutex_lock(&leg->courier->mutex) == 0);
    leg->done = true;
    pthread_cond_broadcast(&leg->courier->ended);
    CHECK(pthread_mutex_unlock(&leg->courier->mutex) == 0);
    return NULL;
}

/* Signals are for the main thread; SIGPIPE is for nobody. */
static int start_thread(struct leg *leg)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int r = pthread_create(&leg->thread, NULL, thread, leg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    leg->running = r == 0;
    return -r;
}

/* ---- starting and stopping ---------------------------------------------- */

static int prepare(struct courier *courier, const struct courier_sink *from,
                   struct error *reterr)
{
    struct leg *leg = &courier->legs[courier->count];
    if (strlen(from->name) >= sizeof(leg->name))
        return error_set(reterr, -EINVAL, "sink %.20s…: name too long", from->name);
    int r = journal_follow(courier->journal, from->name, reterr);
    if (r == 0 && journal_reader_init(&leg->reader) < 0)
        r = error_set(reterr, -ENOMEM, "sink %s: out of memory", from->name);
    if (r < 0)
        return r;
    leg->courier = courier;
    leg->sink = from->sink;
    memcpy(leg->name, from->name, strlen(from->name) + 1);
    leg->confirmed_n = journal_confirmed(courier->journal, from->name);
    atomic_store(&leg->confirmed, leg->confirmed_n);
    if (leg->confirmed_n) // else it is a new one, and gets what there is
        note_lost(leg);
    courier->count++;
    return 0;
}

static bool join(struct leg *leg, int64_t until_ns)
{
    struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    struct courier *courier = leg->courier;
    int r = 0;
    if (!leg->running)
        return true;
    CHECK(pthread_mutex_lock(&courier->mutex) == 0);
    while (!leg->done && r == 0)
        r = pthread_cond_timedwait(&courier->ended, &courier->mutex, &until);
    bool done = leg->done;
    CHECK(pthread_mutex_unlock(&courier->mutex) == 0);
    leg->running = !done || pthread_join(leg->thread, NULL) != 0;
    return !leg->running;
}

/* No call begins in the second half of the time: the last one needs its own to come back. */
static bool join_all(struct courier *courier, int64_t until_ns)
{
    bool all = true;
    int64_t now = clock_monotonic_ns();
    atomic_store(&courier->stop_at_ns, until_ns > now ? now + (until_ns - now) / 2 : now);
    atomic_store(&courier->stop, true);
    journal_wake(courier->journal);
    for (size_t i = 0; i < courier->count; i++)
        all &= join(&courier->legs[i], until_ns);
    return all;
}

static void init_sync(struct courier *courier)
{
    pthread_condattr_t attributes;
    CHECK(pthread_mutex_init(&courier->mutex, NULL) == 0);
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&courier->ended, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
}

static void free_courier(struct courier *courier, bool with_sinks)
{
    for (size_t i = 0; i < courier->count; i++) {
        journal_reader_free(&courier->legs[i].reader);
        if (with_sinks)
            courier->legs[i].sink->ops->close(courier->legs[i].sink);
    }
    pthread_cond_destroy(&courier->ended);
    pthread_mutex_destroy(&courier->mutex);
    free(courier);
}

int courier_start(struct journal *journal, const struct courier_sink *sinks, size_t count,
                  struct courier **ret, struct error *reterr)
{
    struct courier *courier = calloc(1, sizeof(*courier));
    if (!courier)
        return error_set(reterr, -ENOMEM, "courier: out of memory");
    CHECK(count <= COURIER_SINKS_MAX);
    courier->journal = journal;
    init_sync(courier);
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = prepare(courier, &sinks[i], reterr);
    for (size_t i = 0; r == 0 && i < courier->count; i++) {
        r = start_thread(&courier->legs[i]);
        if (r < 0)
            error_set(reterr, r, "sink %s: cannot start its thread: %s", sinks[i].name,
                      strerror(-r));
    }
    if (r < 0) {
        CHECK(join_all(courier,
                       clock_monotonic_ns() + 3600 * NS_PER_S)); // each is bounded by its sink
        free_courier(courier, false);
        return r;
    }
    *ret = courier;
    return 0;
}

bool courier_stop(struct courier *courier, int64_t until_ns)
{
    bool all = join_all(courier, until_ns);
    for (size_t i = 0; i < courier->count; i++)
        if (courier->legs[i].running)
            log_warning("sink %s: does not come to an end and is left behind",
                        courier->legs[i].name);
    if (all)
        free_courier(courier, true);
    return all;
}

size_t courier_count(const struct courier *courier)
{
    return courier->count;
}

struct courier_stats courier_stats(struct courier *courier, size_t sink)
{
    CHECK(sink < courier->count);
    struct leg *leg = &courier->legs[sink];
    return (struct courier_stats){
        .name = leg->name,
        .committed = journal_next_n(courier->journal) - 1,
        .confirmed = atomic_load(&leg->confirmed),
        .published = atomic_load(&leg->published),
        .errors = atomic_load(&leg->errors),
        .troubled = atomic_load(&leg->troubled),
        .stopped = atomic_load(&leg->stopped),
    };
}

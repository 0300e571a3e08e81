/* SPDX-License-Identifier: MIT */

#include "tail/tail.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "tail/follow.h"
#include "tail/sys.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define POLL_NS        NS_PER_S
#define POLL_ALONE_NS  (250 * NS_PER_MS)
#define ROTATE_WAIT_NS (60 * NS_PER_S)

enum { RETRY_SWEEPS = 10 };

/* ---- what discover tells --------------------------------------------------- */

static void on_found(void *context, const char *path, struct tail_wish wish)
{
    rotate_found(context, path, wish);
}

static void on_changed(void *context, const char *path)
{
    rotate_check(context, path);
}

static void on_grew(void *context, const char *path)
{
    struct tail *tail = context;
    struct followed *f = crowd_named(tail, path);
    if (f)
        crowd_ready(tail, f);
    else if (tail->links || tail->nameless > 0)
        rotate_check(tail,
                     path); // the end of a symlink, or what was renamed and is still written
}

static void on_lost(void *context)
{
    struct tail *tail = context;
    tail->next_sweep_ns = 0;
    tail->lost = true;
}

static const struct discover_ops discover_ops = {on_found, on_changed, on_grew, on_lost};

/* ---- life ------------------------------------------------------------------ */

static size_t descriptors_allowed(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > OPEN_MAX + OPEN_RESERVE)
        return OPEN_MAX;
    if (limit.rlim_cur > 2 * OPEN_RESERVE)
        return limit.rlim_cur - OPEN_RESERVE;
    return limit.rlim_cur / 2 > 8 ? limit.rlim_cur / 2 : 8;
}

/* The clock that stamps files: behind the exact one by up to a tick. */
static int64_t files_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static struct tail_options with_defaults(const struct tail_options *given)
{
    struct tail_options o = *given;
    if (o.rotate_wait_ns == 0)
        o.rotate_wait_ns = ROTATE_WAIT_NS;
    if (o.files_max == 0)
        o.files_max = FILES_MAX;
    return o;
}

int tail_create(const struct tail_options *options, struct tail **ret, struct error *reterr)
{
    struct tail *tail = calloc(1, sizeof(*tail));
    if (!tail)
        return error_set(reterr, -ENOMEM, "tail: cannot start: out of memory");
    tail->options = with_defaults(options);
    tail->open_max = descriptors_allowed();
    TAILQ_INIT(&tail->all);
    TAILQ_INIT(&tail->ready);
    TAILQ_INIT(&tail->archives);
    TAILQ_INIT(&tail->fresh);
    TAILQ_INIT(&tail->open);
    TAILQ_INIT(&tail->dirty);
    TAILQ_INIT(&tail->trash);
    book_init(&tail->book);
    tail->boot = identity_boot();
    tail->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int r = tail->wake_fd < 0 ? -errno : 0;
    if (r < 0)
        error_set(reterr, r, "tail: cannot start: %s", strerror(-r));
    if (r == 0)
        r = discover_create(&discover_ops, tail, options->no_inotify, &tail->discover, reterr);
    if (r == 0)
        *ret = tail;
    else
        tail_free(tail);
    return r;
}

void tail_free(struct tail *tail)
{
    if (!tail)
        return;
    for (struct followed *f; (f = TAILQ_FIRST(&tail->all)) != NULL;)
        crowd_remove(tail, f);
    crowd_sweep(tail);
    book_free(&tail->book);
    discover_free(tail->discover);
    if (tail->wake_fd >= 0)
        close(tail->wake_fd);
    free(tail);
}

int tail_add(struct tail *tail, const char *pattern, struct tail_wish wish,
             struct error *reterr)
{
    int r = discover_add(tail->discover, pattern, wish, reterr);
    if (r < 0 || !tail->begun)
        return r;
    tail->adding = true; // what is found now was there before
    tail->began_ns = files_clock_ns();
    discover_first(tail->discover);
    tail->adding = false;
    return 0;
}

void tail_remove(struct tail *tail, uint32_t group)
{
    discover_remove(tail->discover, group);
}

/* ---- turns ----------------------------------------------------------------- */

static uint64_t shown_end(const struct source *source)
{
    return source->offset + source->shown;
}

/* The caller is done with its turn: was there anything, and may there be more? */
static void settle(struct tail *tail)
{
    struct followed *f = tail->lent;
    tail->lent = NULL;
    if (!f)
        return;
    if (shown_end(f->source) != f->lent_at)
        f->news_ns = clock_monotonic_ns();
    if (f->source->identity.head_len < IDENTITY_HEAD_BYTES)
        source_grow_head(f->source); // while it is there: it may be cut off any time
    if (f->source->ended)
        crowd_unpacked(tail, f);
    else if (!f->source->idle)
        crowd_ready(tail, f);
    if (f->source->ended || f->source->idle)
        crowd_resume(tail, f);
}

static struct source *lend(struct tail *tail, struct followed *f)
{
    if (f->source->fd < 0 && !f->source->final)
        rotate_reopen(tail, f);
    if (f->source->fd >= 0)
        crowd_opened(tail, f);
    else if (!f->source->final)
        return NULL; // not to be had just now; the next sweep or event tries again
    tail->lent = f;  // so that those before it do not take its descriptor
    if (crowd_waits(tail, f)) {
        tail->lent = NULL;
        return NULL;
    }
    f->source->idle = false;
    f->lent_at = shown_end(f->source);
    return f->source;
}

static void sweep(struct tail *tail, int64_t now)
{
    bool polling = discover_polling(tail->discover);
    int64_t poll_ns = tail->options.poll_ns;
    if (poll_ns == 0)
        poll_ns = polling ? POLL_ALONE_NS : POLL_NS;
    tail->next_sweep_ns = now + poll_ns;
    tail->counts.polling = polling;
    if (tail->counts.refused > 0 && tail->sweeps % RETRY_SWEEPS == 0)
        discover_again(
            tail->discover); // permissions may have changed, which no directory shows
    discover_sweep(tail->discover);
    rotate_sweep(tail);
}

/* Sleep until there is something to hear; true when woken by tail_wake(). */
static bool doze(struct tail *tail, int64_t until_ns)
{
    struct pollfd fds[2] = {
        {.fd = tail->wake_fd, .events = POLLIN},
        {.fd = discover_fd(tail->discover), .events = POLLIN}, // -1 is skipped
    };
    int64_t left = until_ns - clock_monotonic_ns();
    if (left > INT32_MAX * NS_PER_MS)
        left = INT32_MAX * NS_PER_MS;
    int ms = left > 0 ? (int)((left + NS_PER_MS - 1) / NS_PER_MS) : 0;
    uint64_t count;
    if (poll(fds, 2, ms) <= 0 || !(fds[0].revents & POLLIN))
        return false;
    return tail_sys.read(tail->wake_fd, &count, sizeof(count)) == sizeof(count);
}

/* When there is something to do even if nothing is heard, or `end`. */
static int64_t next_deed_ns(const struct tail *tail, int64_t end)
{
    int64_t next = end < tail->next_sweep_ns ? end : tail->next_sweep_ns;
    bool look = !TAILQ_EMPTY(&tail->fresh) && tail->next_look_ns < next;
    return look ? tail->next_look_ns : next;
}

int tail_begin(struct tail *tail)
{
    if (tail->begun)
        return 0;
    tail->began_ns = files_clock_ns();
    discover_first(tail->discover);
    absent_all(tail);
    tail->begun = true;
    return 0;
}

struct source *tail_next(struct tail *tail, int timeout_ms)
{
    int64_t now = clock_monotonic_ns();
    int64_t end = timeout_ms < 0 ? INT64_MAX : now + timeout_ms * NS_PER_MS;
    settle(tail);
    (void)tail_begin(tail);
    for (;;) {
        crowd_sweep(tail);
        discover_hear(tail->discover);
        if (now >= tail->next_sweep_ns)
            sweep(tail, now);
        unseen_look(tail);
        struct followed *f = crowd_turn(tail);
        struct source *source = f ? lend(tail, f) : NULL;
        if (source)
            return source;
        if (f)
            continue;
        if (now >= end)
            return NULL;
        if (doze(tail, next_deed_ns(tail, end)))
            return NULL;
        now = clock_monotonic_ns();
    }
}

void tail_tend(struct tail *tail)
{
    int64_t now = clock_monotonic_ns();
    if (!tail->begun || now < tail->next_sweep_ns)
        return;
    discover_hear(tail->discover);
    sweep(tail, now);
}

void tail_wake(struct tail *tail)
{
    uint64_t one = 1;
    if (write(tail->wake_fd, &one, sizeof(one)) < 0)
        return; // full: it is awake already
}

void tail_done(struct tail *tail, struct source *source)
{
    struct followed *f = source->owner;
    CHECK(f && f->source == source && f->state != FOLLOW_GONE);
    if (tail->lent == f)
        tail->lent = NULL;
    source->user = NULL;
    bool keep = f->state == FOLLOW_LIVE && source_kind(source) == SOURCE_ARCHIVE;
    if (keep) { // its name still means it: known as read, without a descriptor
        f->over = source->ended = true;
        crowd_unpacked(tail, f);
        crowd_parked(tail, f);
        crowd_changed(f);
        source_park(source);
        return;
    }
    resume_leave(tail, f);
    crowd_remove(tail, f);
}

struct source *tail_each(struct tail *tail, struct source *last)
{
    struct followed *f = last ? last->owner : NULL;
    f = f ? TAILQ_NEXT(f, all) : TAILQ_FIRST(&tail->all);
    while (f && f->over)
        f = TAILQ_NEXT(f, all);
    return f ? f->source : NULL;
}

/* ---- the caller's things ---------------------------------------------------- */

struct source *tail_predecessor(const struct source *source)
{
    const struct followed *f = source->owner;
    return f->after ? f->after->source : NULL;
}

uint32_t tail_group(const struct source *source)
{
    return source->group;
}

void *tail_user(const struct source *source)
{
    return source->user;
}

void tail_set_user(struct source *source, void *user)
{
    source->user = user;
}

uint64_t tail_note(const struct source *source)
{
    return source->note;
}

void tail_set_note(struct source *source, uint64_t note)
{
    if (source->note != note && source->watch)
        source->watch->changed(source);
    source->note = note;
}

uint64_t tail_serial(const struct source *source)
{
    return source->serial;
}

uint64_t tail_origin(const struct source *source)
{
    return source->origin;
}

uint64_t tail_serials(const struct tail *tail)
{
    return tail->serials;
}

struct tail_counts tail_counts(const struct tail *tail)
{
    struct tail_counts counts = tail->counts;
    counts.files = tail->count;
    counts.polling = discover_polling(tail->discover);
    return counts;
}

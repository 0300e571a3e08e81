/* SPDX-License-Identifier: MIT */

#include "host/desk_inner.h"

#include "base/check.h"
#include "base/clock.h"
#include "host/message.h"
#include "ring/closed.h"

#include <errno.h>
#include <stdio.h>

#define DEADLINE_NS    (2 * NS_PER_S)
#define LOOK_NS        (20 * NS_PER_MS) /* behind for so long: look whether it is still there */
#define FAILURES_IN_NS (60 * NS_PER_S)
#define BACKOFF_MIN_NS NS_PER_S
#define BACKOFF_MAX_NS (600 * NS_PER_S)
enum {
    MESSAGES_MAX = 256, /* taken at one poll: nobody may keep the judge busy */
};
static const uint64_t none = UINT64_MAX;

static int64_t deadline_of(const struct desk *desk)
{
    return desk->crew->options.deadline_ns ? desk->crew->options.deadline_ns : DEADLINE_NS;
}

static uint32_t first_seat(const struct desk *desk)
{
    uint32_t i = 0;
    while (i + 1 < desk->crew->seat_count && desk->crew->seats[i].desk != desk->number)
        i++;
    return i;
}

/* ---- trouble ------------------------------------------------------------ */

static void complain(struct desk *desk, const char *sentence)
{
    snprintf(desk->why, sizeof(desk->why), "%.255s", sentence);
    desk->crew->options.complain(desk->crew->options.context, CREW_PLUGIN, first_seat(desk),
                                 sentence);
}

/* Is this the last of DESK_FAILURES within a minute? */
static bool too_often(struct desk *desk, int64_t now)
{
    memmove(desk->failures + 1, desk->failures,
            sizeof(desk->failures) - sizeof(desk->failures[0]));
    desk->failures[0] = now;
    return desk->failures[DESK_FAILURES - 1] &&
           now - desk->failures[DESK_FAILURES - 1] < FAILURES_IN_NS;
}

static void quarantine(struct desk *desk, int64_t now)
{
    bool long_ago = now - desk->quarantine_until_ns > BACKOFF_MAX_NS; // it has been good since
    int64_t longer = desk->backoff_ns && !long_ago ? 2 * desk->backoff_ns : BACKOFF_MIN_NS;
    desk->backoff_ns = longer < BACKOFF_MAX_NS ? longer : BACKOFF_MAX_NS;
    desk->quarantine_until_ns = now + desk->backoff_ns;
    ring_let_go(desk->crew->options.ring, (int)desk->number + 1);
}

/*
 * The frame it is at, as far as it can be believed: forwards only and by whole frames, so that it has one deadline for each frame
 * and not for each lie.
 */
static uint64_t frame_at_work(struct desk *desk)
{
    const struct ring *ring = desk->crew->options.ring;
    uint64_t at = reply_position(desk->process.reply), head = ring_head(ring);
    if (desk->seen < desk->saved)
        desk->seen = desk->saved;
    while (desk->seen < head && desk->seen < at)
        desk->seen += ring_at(ring, desk->seen)->size;
    return desk->seen;
}

/* A stream that cannot be opened is not tried again: there is nobody who could score its windows. */
static bool close_stream(struct desk *desk, uint64_t at)
{
    const struct ring_frame *frame = ring_at(desk->crew->options.ring, at);
    const struct stream_notice *notice = ring_payload(frame);
    if (frame->kind != RING_STREAM)
        return false;
    for (uint32_t i = 0; i < desk->crew->seat_count; i++)
        if (desk_has(desk, &desk->crew->seats[i]) &&
            desk->crew->seats[i].stream == notice->stream)
            desk->crew->seats[i].dead = true;
    return true;
}

/* Leaving the frame out did not help: it fails when it loads its state, or saves it. Next time it starts without. */
static void forget_states(struct desk *desk)
{
    for (uint32_t i = 0; i < desk->crew->seat_count; i++)
        if (desk->crew->seats[i].desk == desk->number)
            desk->crew->seats[i].has_state = false;
}

/* What follows from a failure at this frame, in words; false when it is in quarantine and is not started again now. */
static bool decide(struct desk *desk, uint64_t at, char *words, size_t size)
{
    char wait[CLOCK_TEXT_SIZE];
    int64_t now = clock_monotonic_ns();
    // At the end of the ring there is no frame to blame: the next one would be left out for nothing.
    bool again = at == desk->failed_at && at != ring_head(desk->crew->options.ring),
         in_vain = again && at == desk->skip;
    desk->failed_at = at;
    if (in_vain)
        forget_states(desk);
    if (too_often(desk, now) || in_vain) {
        quarantine(desk, now);
        snprintf(words, size, "%s, in quarantine for %s",
                 in_vain ? "again without this frame" : "too often",
                 clock_format_duration(desk->backoff_ns, wait));
        return false;
    }
    if (again) {
        desk->skip = at;
        snprintf(words, size, "%s",
                 close_stream(desk, at) ? "again, so it is closed for this stream"
                                        : "again, so this frame is a gap");
    } else {
        snprintf(words, size, "a fresh one tries again");
    }
    return true;
}

/* It is over, one way or another: end it, decide what happens with the frame, begin again. */
static void fail(struct desk *desk, const char *why)
{
    char sentence[512], words[128];
    struct error error;
    uint64_t at = frame_at_work(desk);
    process_end(&desk->process);
    desk->running = desk->held = false;
    desk->crew->counts.restarts++;
    bool more = decide(desk, at, words, sizeof(words));
    snprintf(sentence, sizeof(sentence), "its worker %s at ring position %llu; %s", why,
             (unsigned long long)at, words);
    complain(desk, sentence);
    if (more && desk_try_start(desk, &error) < 0) {
        complain(desk, error.text);
        quarantine(desk, clock_monotonic_ns());
    }
}

/*
 * Back from quarantine, at the frame where the judge is, or behind it where it has saved: no window of its own lies between, since
 * the judge would have waited for that.
 */
static void come_back(struct desk *desk)
{
    struct error error;
    if (desk->running || clock_monotonic_ns() < desk->quarantine_until_ns)
        return;
    desk_hold(desk, desk->saved > desk->crew->position ? desk->saved : desk->crew->position);
    desk->absent_until = desk->saved;
    desk->failed_at = desk->skip = none;
    if (desk_try_start(desk, &error) < 0)
        quarantine(desk, clock_monotonic_ns());
}

/* Frames of the ring that no worker of this desk will see: which series begin anew in them? */
static void note_renewals(struct desk *desk, uint64_t from, uint64_t until)
{
    const struct ring *ring = desk->crew->options.ring;
    while (from < until) {
        const struct ring_frame *frame = ring_at(ring, from);
        if (frame->kind == RING_WINDOW)
            crew_renew(desk->crew, from, ring_payload(frame));
        from += frame->size;
    }
}

/* A stranger that is always too slow must not stop the log: it goes on with what comes next. */
static void skip_backlog(struct desk *desk)
{
    struct ring *ring = desk->crew->options.ring;
    struct error error;
    char sentence[128], wait[CLOCK_TEXT_SIZE];
    int64_t now = clock_monotonic_ns();
    process_end(&desk->process);
    desk->running = desk->held = false;
    if (too_often(desk, now)) {
        quarantine(desk, now);
        snprintf(sentence, sizeof(sentence),
                 "its worker is too slow for this log; too often, in quarantine for %s",
                 clock_format_duration(desk->backoff_ns, wait));
        complain(desk, sentence);
        return;
    }
    complain(desk, "its worker is too slow for this log; what waited is a gap");
    note_renewals(desk, desk->crew->position, ring_head(ring));
    desk_hold(desk, ring_head(ring));
    desk->absent_until = desk->saved;
    desk->behind_ns = 0;
    if (desk_try_start(desk, &error) < 0)
        quarantine(desk, clock_monotonic_ns());
}

void desk_start(struct desk *desk, uint64_t position)
{
    struct error error;
    desk->failed_at = desk->skip = none;
    desk->process = (struct process){.pidfd = -1, .brief = -1};
    desk_hold(desk, position);
    if (desk_try_start(desk, &error) < 0) {
        complain(desk, error.text);
        quarantine(desk, clock_monotonic_ns());
    }
}

void desk_stop(struct desk *desk)
{
    process_end(&desk->process);
    buffer_free(&desk->message);
}

/* ---- replies ------------------------------------------------------------ */

/* The window whose scores the judge wants now. */
struct wish {
    uint64_t position, nth;
    uint32_t stream;
};

bool desk_is_cut(const struct ring_frame *frame)
{
    const struct mark *mark = ring_payload(frame);
    return frame->kind == RING_MARK && mark->flags & MARK_SNAPSHOT;
}

/* 1 a message is there, 0 none (or none to be looked at yet), -EBADMSG. */
static int fetch(struct desk *desk)
{
    if (desk->held)
        return 1;
    if (desk->cut > desk->crew->position)
        return 0;
    int r = reply_next(desk->process.reply, &desk->kind, &desk->message);
    desk->held = r > 0;
    return r;
}

/* Anything but scores is dealt with as it comes. 0, or -EBADMSG. */
static int take_other(struct desk *desk)
{
    int r = message_take(desk);
    desk->held = false;
    if (r == 0 && desk->kind == REPLY_SAVED)
        desk_hold(desk, desk->saved);
    if (desk->kind == REPLY_STATE || desk->kind == REPLY_SAVED)
        desk->since_ns = clock_monotonic_ns(); // message_take() bounds how many there can be
    return r;
}

/* Scores of a window that the judge is past make way for what is behind them; others stay held. 0, or -EBADMSG. */
static int take_old(struct desk *desk)
{
    int r = message_old_scores(desk);
    desk->held = r == 0;
    return r < 0 ? r : 0;
}

void desk_finish(struct desk *desk, uint64_t position)
{
    int64_t until = clock_monotonic_ns() + deadline_of(desk);
    while (desk->running && desk->saved < position && clock_monotonic_ns() < until) {
        int r = fetch(desk);
        if (r > 0 && desk->kind == REPLY_SCORES)
            desk->held = false; // of a window that was a gap
        else if (r > 0)
            r = take_other(desk);
        if (r < 0)
            return; // what was saved before still holds
        if (r == 0) {
            reply_nudge(desk->process.reply);
            reply_wait(desk->process.reply, -1, 10);
        }
    }
}

/* Has it stood on one frame for longer than it may? */
static bool stands_still(struct desk *desk, int64_t now)
{
    uint64_t before = desk->seen;
    if (frame_at_work(desk) != before)
        desk->since_ns = now;
    return now - desk->since_ns > deadline_of(desk);
}

/*
 * Nobody waits for it now, but the ring does: it is behind the judge, or has not saved its state in time. One that is gone or
 * hangs would hold the ring until it is full, and then no window comes any more that somebody could wait for.
 */
static void mind(struct desk *desk)
{
    char why[160];
    int64_t now = clock_monotonic_ns();
    uint64_t position = desk->crew->position;
    bool still = stands_still(desk, now);
    if (desk->seen >= position &&
        (desk->saved >= position || position - desk->saved < desk_save_every(desk)))
        desk->since_ns = now; // it owes nothing
    else if (now - desk->since_ns > LOOK_NS && process_ended(&desk->process, why, sizeof(why)))
        fail(desk, why);
    else if (still)
        fail(desk, "stood still longer than its deadline");
}

void desk_poll(struct desk *desk)
{
    if (!desk->running) {
        come_back(desk);
        return;
    }
    int r = 0, taken = 0;
    while (taken < MESSAGES_MAX && (r = fetch(desk)) > 0) {
        r = desk->kind == REPLY_SCORES ? take_old(desk) : take_other(desk);
        if (r < 0 || desk->held)
            break;
        taken++;
    }
    if (r < 0) {
        fail(desk, "said something that cannot be");
        return;
    }
    if (reply_position(desk->process.reply) <= desk->crew->position) // else it was there before us
        reply_nudge(desk->process.reply);
    mind(desk);
}

/* There is no message: -1 since the worker ended, and was dealt with; else wait a little for one. */
static int await_message(struct desk *desk)
{
    char why[160];
    if (process_ended(&desk->process, why, sizeof(why))) {
        fail(desk, why);
        return -1;
    }
    reply_nudge(desk->process.reply);
    reply_wait(desk->process.reply, desk->process.pidfd, 100);
    return 0;
}

/* One step towards the reply wanted: 1 it is there, 0 not yet, -1 the worker failed and was dealt with. */
static int step(struct desk *desk, const struct wish *wish)
{
    bool past =
        desk->cut > desk->crew->position; // it saved behind this window: no answer comes
    int r = past ? -EBADMSG : fetch(desk);
    if (r == 0)
        return await_message(desk);
    if (r > 0 && desk->kind != REPLY_SCORES) {
        r = take_other(desk);
    } else if (r > 0) {
        r = message_scores(desk, wish->position, wish->nth, wish->stream);
        desk->held = false;
        desk->since_ns = clock_monotonic_ns(); // so does message_scores()
        if (r > 0)
            return 1;
    }
    if (r < 0)
        fail(desk, "said something that cannot be");
    return r < 0 ? -1 : 0;
}

static bool may_skip(const struct desk *desk)
{
    return desk->strangers && !desk->waited_for && !desk->crew->options.never_skip;
}

/*
 * Is the ring filling up behind it, and has been for a deadline's worth of waiting? A short wait is what a ring is for. What the ring holds back
 * is the tailer.
 */
static bool lags(struct desk *desk, uint64_t position, int64_t waited_ns)
{
    const struct ring *ring = desk->crew->options.ring;
    uint64_t waiting = ring_head(ring) - position, half = ring_payload_max(ring);
    if (!may_skip(desk) || waiting < half / 2)
        desk->behind_ns = 0;
    else if (waiting > half + half / 2)
        desk->behind_ns += waited_ns;
    return desk->behind_ns > deadline_of(desk);
}

static bool answers(const struct desk *desk, uint64_t position, uint32_t stream)
{
    if (!desk->running || position == desk->skip || position < desk->absent_until)
        return false;
    for (uint32_t i = 0; i < desk->crew->seat_count; i++)
        if (desk_has(desk, &desk->crew->seats[i]) && desk->crew->seats[i].stream == stream)
            return true;
    return false;
}

void desk_score(struct desk *desk, uint64_t position, uint64_t nth, uint32_t stream)
{
    const struct wish wish = {position, nth, stream};
    int64_t before = desk->since_ns = clock_monotonic_ns();
    while (answers(desk, position, stream)) {
        int r = step(desk, &wish);
        int64_t now = r > 0 ? before : clock_monotonic_ns();
        if (r > 0)
            return;
        if (r == 0 && lags(desk, position, now - before))
            skip_backlog(desk);
        else if (r == 0 && stands_still(desk, now))
            fail(desk, "stood still longer than its deadline");
        before = now;
    }
}

/* Towards what it saves at the mark; windows behind it cannot be scored before. 0, or -1 as above. */
static int step_to_cut(struct desk *desk)
{
    int r = fetch(desk);
    if (r == 0)
        return await_message(desk);
    if (r > 0 && desk->kind != REPLY_SCORES)
        r = take_other(desk);
    else if (r > 0)
        r = take_old(desk);
    if (r < 0 || desk->held)
        fail(desk, "said something that cannot be");
    return r < 0 ? -1 : 0;
}

void desk_cut(struct desk *desk, uint64_t position)
{
    int64_t begun = desk->since_ns = clock_monotonic_ns();
    while (desk->running && desk->saved < position) {
        int r = step_to_cut(desk);
        int64_t now = clock_monotonic_ns();
        if (may_skip(desk) && now - begun > deadline_of(desk))
            return; // it comes with its state when it comes
        if (r == 0 && desk->running && desk->saved < position && stands_still(desk, now))
            fail(desk, "stood still longer than its deadline");
    }
}

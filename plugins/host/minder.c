/* SPDX-License-Identifier: MIT */

#include "host/minder_inner.h"

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

static int64_t deadline_of(const struct minder *minder)
{
    return minder->crew->options.deadline_ns ? minder->crew->options.deadline_ns : DEADLINE_NS;
}

static uint32_t first_seat(const struct minder *minder)
{
    uint32_t i = 0;
    while (i + 1 < minder->crew->seat_count && minder->crew->seats[i].minder != minder->number)
        i++;
    return i;
}

/* ---- trouble ------------------------------------------------------------ */

static void complain(struct minder *minder, const char *sentence)
{
    snprintf(minder->why, sizeof(minder->why), "%.255s", sentence);
    minder->crew->options.complain(minder->crew->options.context, CREW_PLUGIN,
                                   first_seat(minder), sentence);
}

/* Is this the last of MINDER_FAILURES within a minute? */
static bool too_often(struct minder *minder, int64_t now)
{
    memmove(minder->failures + 1, minder->failures,
            sizeof(minder->failures) - sizeof(minder->failures[0]));
    minder->failures[0] = now;
    return minder->failures[MINDER_FAILURES - 1] &&
           now - minder->failures[MINDER_FAILURES - 1] < FAILURES_IN_NS;
}

static void quarantine(struct minder *minder, int64_t now)
{
    bool long_ago =
        now - minder->quarantine_until_ns > BACKOFF_MAX_NS; // it has been good since
    int64_t longer = minder->backoff_ns && !long_ago ? 2 * minder->backoff_ns : BACKOFF_MIN_NS;
    minder->backoff_ns = longer < BACKOFF_MAX_NS ? longer : BACKOFF_MAX_NS;
    minder->quarantine_until_ns = now + minder->backoff_ns;
    ring_let_go(minder->crew->options.ring, (int)minder->number + 1);
}

/*
 * The frame it is at, as far as it can be believed: forwards only and by whole frames, so that it has one deadline for each frame
 * and not for each lie.
 */
static uint64_t frame_at_work(struct minder *minder)
{
    const struct ring *ring = minder->crew->options.ring;
    uint64_t at = reply_position(minder->process.reply), head = ring_head(ring);
    if (minder->seen < minder->saved)
        minder->seen = minder->saved;
    while (minder->seen < head && minder->seen < at)
        minder->seen += ring_at(ring, minder->seen)->size;
    return minder->seen;
}

/* A stream that cannot be opened is not tried again: there is nobody who could score its windows. */
static bool close_stream(struct minder *minder, uint64_t at)
{
    const struct ring_frame *frame = ring_at(minder->crew->options.ring, at);
    const struct stream_notice *notice = ring_payload(frame);
    if (frame->kind != RING_STREAM)
        return false;
    for (uint32_t i = 0; i < minder->crew->seat_count; i++)
        if (minder_has(minder, &minder->crew->seats[i]) &&
            minder->crew->seats[i].stream == notice->stream)
            minder->crew->seats[i].dead = true;
    return true;
}

/* Leaving the frame out did not help: it fails when it loads its state, or saves it. Next time it starts without. */
static void forget_states(struct minder *minder)
{
    for (uint32_t i = 0; i < minder->crew->seat_count; i++)
        if (minder->crew->seats[i].minder == minder->number)
            minder->crew->seats[i].has_state = false;
}

/* What follows from a failure at this frame, in words; false when it is in quarantine and is not started again now. */
static bool decide(struct minder *minder, uint64_t at, char *words, size_t size)
{
    char wait[CLOCK_TEXT_SIZE];
    int64_t now = clock_monotonic_ns();
    // At the end of the ring there is no frame to blame: the next one would be left out for nothing.
    bool again = at == minder->failed_at && at != ring_head(minder->crew->options.ring),
         in_vain = again && at == minder->skip;
    minder->failed_at = at;
    if (in_vain)
        forget_states(minder);
    if (too_often(minder, now) || in_vain) {
        quarantine(minder, now);
        snprintf(words, size, "%s, in quarantine for %s",
                 in_vain ? "again without this frame" : "too often",
                 clock_format_duration(minder->backoff_ns, wait));
        return false;
    }
    if (again) {
        minder->skip = at;
        snprintf(words, size, "%s",
                 close_stream(minder, at) ? "again, so it is closed for this stream"
                                          : "again, so this frame is a gap");
    } else {
        snprintf(words, size, "a fresh one tries again");
    }
    return true;
}

/* It is over, one way or another: end it, decide what happens with the frame, begin again. */
static void fail(struct minder *minder, const char *why)
{
    char sentence[512], words[128];
    struct error error;
    uint64_t at = frame_at_work(minder);
    process_end(&minder->process);
    minder->running = minder->held = false;
    minder->crew->counts.restarts++;
    bool more = decide(minder, at, words, sizeof(words));
    snprintf(sentence, sizeof(sentence), "its worker %s at ring position %llu; %s", why,
             (unsigned long long)at, words);
    complain(minder, sentence);
    if (more && minder_try_start(minder, &error) < 0) {
        complain(minder, error.text);
        quarantine(minder, clock_monotonic_ns());
    }
}

/*
 * Back from quarantine, at the frame where the judge is, or behind it where it has saved: no window of its own lies between, since
 * the judge would have waited for that.
 */
static void come_back(struct minder *minder)
{
    struct error error;
    if (minder->running || clock_monotonic_ns() < minder->quarantine_until_ns)
        return;
    minder_hold(minder, minder->saved > minder->crew->position ? minder->saved
                                                               : minder->crew->position);
    minder->absent_until = minder->saved;
    minder->failed_at = minder->skip = none;
    if (minder_try_start(minder, &error) < 0)
        quarantine(minder, clock_monotonic_ns());
}

/* Frames of the ring that no worker of this minder will see: which series begin anew in them? */
static void note_renewals(struct minder *minder, uint64_t from, uint64_t until)
{
    const struct ring *ring = minder->crew->options.ring;
    while (from < until) {
        const struct ring_frame *frame = ring_at(ring, from);
        if (frame->kind == RING_WINDOW)
            crew_renew(minder->crew, from, ring_payload(frame));
        from += frame->size;
    }
}

/* A stranger that is always too slow must not stop the log: it goes on with what comes next. */
static void skip_backlog(struct minder *minder)
{
    struct ring *ring = minder->crew->options.ring;
    struct error error;
    char sentence[128], wait[CLOCK_TEXT_SIZE];
    int64_t now = clock_monotonic_ns();
    process_end(&minder->process);
    minder->running = minder->held = false;
    if (too_often(minder, now)) {
        quarantine(minder, now);
        snprintf(sentence, sizeof(sentence),
                 "its worker is too slow for this log; too often, in quarantine for %s",
                 clock_format_duration(minder->backoff_ns, wait));
        complain(minder, sentence);
        return;
    }
    complain(minder, "its worker is too slow for this log; what waited is a gap");
    note_renewals(minder, minder->crew->position, ring_head(ring));
    minder_hold(minder, ring_head(ring));
    minder->absent_until = minder->saved;
    minder->behind_ns = 0;
    if (minder_try_start(minder, &error) < 0)
        quarantine(minder, clock_monotonic_ns());
}

void minder_start(struct minder *minder, uint64_t position)
{
    struct error error;
    minder->failed_at = minder->skip = none;
    minder->process = (struct process){.pidfd = -1, .brief = -1};
    minder_hold(minder, position);
    if (minder_try_start(minder, &error) < 0) {
        complain(minder, error.text);
        quarantine(minder, clock_monotonic_ns());
    }
}

void minder_stop(struct minder *minder)
{
    process_end(&minder->process);
    buffer_free(&minder->message);
}

/* ---- replies ------------------------------------------------------------ */

/* The window whose scores the judge wants now. */
struct wish {
    uint64_t position, nth;
    uint32_t stream;
};

bool minder_is_cut(const struct ring_frame *frame)
{
    const struct mark *mark = ring_payload(frame);
    return frame->kind == RING_MARK && mark->flags & MARK_SNAPSHOT;
}

/* 1 a message is there, 0 none (or none to be looked at yet), -EBADMSG. */
static int fetch(struct minder *minder)
{
    if (minder->held)
        return 1;
    if (minder->cut > minder->crew->position)
        return 0;
    int r = reply_next(minder->process.reply, &minder->kind, &minder->message);
    minder->held = r > 0;
    return r;
}

/* Anything but scores is dealt with as it comes. 0, or -EBADMSG. */
static int take_other(struct minder *minder)
{
    int r = message_take(minder);
    minder->held = false;
    if (r == 0 && minder->kind == REPLY_SAVED)
        minder_hold(minder, minder->saved);
    if (minder->kind == REPLY_STATE || minder->kind == REPLY_SAVED)
        minder->since_ns = clock_monotonic_ns(); // message_take() bounds how many there can be
    return r;
}

/* Scores of a window that the judge is past make way for what is behind them; others stay held. 0, or -EBADMSG. */
static int take_old(struct minder *minder)
{
    int r = message_old_scores(minder);
    minder->held = r == 0;
    return r < 0 ? r : 0;
}

void minder_finish(struct minder *minder, uint64_t position)
{
    int64_t until = clock_monotonic_ns() + deadline_of(minder);
    while (minder->running && minder->saved < position && clock_monotonic_ns() < until) {
        int r = fetch(minder);
        if (r > 0 && minder->kind == REPLY_SCORES)
            minder->held = false; // of a window that was a gap
        else if (r > 0)
            r = take_other(minder);
        if (r < 0)
            return; // what was saved before still holds
        if (r == 0) {
            reply_nudge(minder->process.reply);
            reply_wait(minder->process.reply, -1, 10);
        }
    }
}

/* Has it stood on one frame for longer than it may? */
static bool stands_still(struct minder *minder, int64_t now)
{
    uint64_t before = minder->seen;
    if (frame_at_work(minder) != before)
        minder->since_ns = now;
    return now - minder->since_ns > deadline_of(minder);
}

/*
 * Nobody waits for it now, but the ring does: it is behind the judge, or has not saved its state in time. One that is gone or
 * hangs would hold the ring until it is full, and then no window comes any more that somebody could wait for.
 */
static void mind(struct minder *minder)
{
    char why[160];
    int64_t now = clock_monotonic_ns();
    uint64_t position = minder->crew->position;
    bool still = stands_still(minder, now);
    if (minder->seen >= position &&
        (minder->saved >= position || position - minder->saved < minder_save_every(minder)))
        minder->since_ns = now; // it owes nothing
    else if (now - minder->since_ns > LOOK_NS &&
             process_ended(&minder->process, why, sizeof(why)))
        fail(minder, why);
    else if (still)
        fail(minder, "stood still longer than its deadline");
}

void minder_poll(struct minder *minder)
{
    if (!minder->running) {
        come_back(minder);
        return;
    }
    int r = 0, taken = 0;
    while (taken < MESSAGES_MAX && (r = fetch(minder)) > 0) {
        r = minder->kind == REPLY_SCORES ? take_old(minder) : take_other(minder);
        if (r < 0 || minder->held)
            break;
        taken++;
    }
    if (r < 0) {
        fail(minder, "said something that cannot be");
        return;
    }
    if (reply_position(minder->process.reply) <=
        minder->crew->position) // else it was there before us
        reply_nudge(minder->process.reply);
    mind(minder);
}

/* There is no message: -1 since the worker ended, and was dealt with; else wait a little for one. */
static int await_message(struct minder *minder)
{
    char why[160];
    if (process_ended(&minder->process, why, sizeof(why))) {
        fail(minder, why);
        return -1;
    }
    reply_nudge(minder->process.reply);
    reply_wait(minder->process.reply, minder->process.pidfd, 100);
    return 0;
}

/* One step towards the reply wanted: 1 it is there, 0 not yet, -1 the worker failed and was dealt with. */
static int step(struct minder *minder, const struct wish *wish)
{
    bool past =
        minder->cut > minder->crew->position; // it saved behind this window: no answer comes
    int r = past ? -EBADMSG : fetch(minder);
    if (r == 0)
        return await_message(minder);
    if (r > 0 && minder->kind != REPLY_SCORES) {
        r = take_other(minder);
    } else if (r > 0) {
        r = message_scores(minder, wish->position, wish->nth, wish->stream);
        minder->held = false;
        minder->since_ns = clock_monotonic_ns(); // so does message_scores()
        if (r > 0)
            return 1;
    }
    if (r < 0)
        fail(minder, "said something that cannot be");
    return r < 0 ? -1 : 0;
}

static bool may_skip(const struct minder *minder)
{
    return minder->strangers && !minder->waited_for && !minder->crew->options.never_skip;
}

/*
 * Is the ring filling up behind it, and has been for a deadline's worth of waiting? A short wait is what a ring is for. What the ring holds back
 * is the tailer.
 */
static bool lags(struct minder *minder, uint64_t position, int64_t waited_ns)
{
    const struct ring *ring = minder->crew->options.ring;
    uint64_t waiting = ring_head(ring) - position, half = ring_payload_max(ring);
    if (!may_skip(minder) || waiting < half / 2)
        minder->behind_ns = 0;
    else if (waiting > half + half / 2)
        minder->behind_ns += waited_ns;
    return minder->behind_ns > deadline_of(minder);
}

static bool answers(const struct minder *minder, uint64_t position, uint32_t stream)
{
    if (!minder->running || position == minder->skip || position < minder->absent_until)
        return false;
    for (uint32_t i = 0; i < minder->crew->seat_count; i++)
        if (minder_has(minder, &minder->crew->seats[i]) &&
            minder->crew->seats[i].stream == stream)
            return true;
    return false;
}

void minder_score(struct minder *minder, uint64_t position, uint64_t nth, uint32_t stream)
{
    const struct wish wish = {position, nth, stream};
    int64_t before = minder->since_ns = clock_monotonic_ns();
    while (answers(minder, position, stream)) {
        int r = step(minder, &wish);
        int64_t now = r > 0 ? before : clock_monotonic_ns();
        if (r > 0)
            return;
        if (r == 0 && lags(minder, position, now - before))
            skip_backlog(minder);
        else if (r == 0 && stands_still(minder, now))
            fail(minder, "stood still longer than its deadline");
        before = now;
    }
}

/* Towards what it saves at the mark; windows behind it cannot be scored before. 0, or -1 as above. */
static int step_to_cut(struct minder *minder)
{
    int r = fetch(minder);
    if (r == 0)
        return await_message(minder);
    if (r > 0 && minder->kind != REPLY_SCORES)
        r = take_other(minder);
    else if (r > 0)
        r = take_old(minder);
    if (r < 0 || minder->held)
        fail(minder, "said something that cannot be");
    return r < 0 ? -1 : 0;
}

void minder_cut(struct minder *minder, uint64_t position)
{
    int64_t begun = minder->since_ns = clock_monotonic_ns();
    while (minder->running && minder->saved < position) {
        int r = step_to_cut(minder);
        int64_t now = clock_monotonic_ns();
        if (may_skip(minder) && now - begun > deadline_of(minder))
            return; // it comes with its state when it comes
        if (r == 0 && minder->running && minder->saved < position && stands_still(minder, now))
            fail(minder, "stood still longer than its deadline");
    }
}

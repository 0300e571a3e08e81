/* SPDX-License-Identifier: MIT */
/*
 * minder_start.c - begins a worker: the process, its files, the briefing with what its seats know.
 */

#include "base/clock.h"
#include "host/brief.h"
#include "host/minder_inner.h"

#include <errno.h>
#include <string.h>

#define LOAD_NS (5 * NS_PER_S) /* to load its files: a cold disk */
enum { SAVE_EVERY_MAX = 16 << 20 };

bool minder_has(const struct minder *minder, const struct crew_seat *seat)
{
    return seat->minder == minder->number && !seat->dead;
}

void minder_hold(struct minder *minder, uint64_t position)
{
    minder->saved = position;
    ring_hold(minder->crew->options.ring, (int)minder->number + 1, position);
}

/* Is what it saved of a group that is gone, and the worker begins behind the frame that would tell it? */
static bool is_outdated(const struct minder *minder, const struct crew_seat *seat)
{
    return seat->renewed_at != UINT64_MAX && seat->renewed_at >= seat->state_at &&
           seat->renewed_at < minder->saved;
}

static struct seat_brief brief_of(const struct minder *minder, uint32_t number)
{
    const struct crew_seat *seat = &minder->crew->seats[number];
    const struct instance_options *o = &seat->options;
    bool open = seat->window_ns && seat->opened_at < minder->saved;
    return (struct seat_brief){
        .number = number,
        .plugin = seat->plugin_index,
        .stream = seat->stream,
        .stream_name = o->stream,
        .on = seat->on,
        .series = o->series,
        .on_count = o->series_count,
        .field_names = o->field_names,
        .field_count = o->field_count,
        .settings = o->settings,
        .setting_count = (uint32_t)o->setting_count,
        .window_ns = open ? seat->window_ns : 0,
        .has_state = (open || seat->inherited) && seat->has_state && !is_outdated(minder, seat),
        .state_version = seat->state_version,
        .state = buffer_bytes(&seat->state),
    };
}

uint64_t minder_save_every(const struct minder *minder)
{
    uint64_t quarter = ring_payload_max(minder->crew->options.ring) / 2;
    return quarter < SAVE_EVERY_MAX ? quarter : SAVE_EVERY_MAX;
}

static int send_briefing(struct minder *minder)
{
    struct crew *crew = minder->crew;
    struct briefing briefing = {
        .begin = minder->saved, .skip = minder->skip, .save_every = minder_save_every(minder)};
    struct buffer packed = {0};
    struct arena arena = {0};
    briefing.seats = arena_alloc(&arena, crew->seat_count, sizeof(*briefing.seats));
    for (uint32_t i = 0; i < crew->seat_count; i++)
        if (minder_has(minder, &crew->seats[i])) {
            crew->seats[i].brief_at = briefing.seat_count;
            briefing.seats[briefing.seat_count++] = brief_of(minder, i);
        }
    briefing_pack(&packed, &briefing);
    int r = process_brief(&minder->process, buffer_bytes(&packed));
    buffer_free(&packed);
    arena_free(&arena);
    return r;
}

/* Wait until it has loaded its files; what it says of their labels was said before. */
static int await_ready(struct minder *minder)
{
    int64_t until = clock_monotonic_ns() + LOAD_NS;
    while (clock_monotonic_ns() < until) {
        int r = reply_next(minder->process.reply, &minder->kind, &minder->message);
        if (r < 0 || (r > 0 && minder->kind == REPLY_REFUSED))
            return -EBADMSG;
        if (r > 0 && minder->kind == REPLY_READY)
            return 0;
        char why[128];
        if (r == 0 && process_ended(&minder->process, why, sizeof(why)))
            return -ECHILD;
        if (r == 0)
            reply_wait(minder->process.reply, minder->process.pidfd, 100);
    }
    return -ETIMEDOUT;
}

/* Half a state of the worker before counts for nothing. */
static void forget_coming(struct minder *minder)
{
    for (uint32_t i = 0; i < minder->crew->seat_count; i++)
        if (minder->crew->seats[i].minder == minder->number)
            minder->crew->seats[i].coming_at = UINT64_MAX;
}

int minder_try_start(struct minder *minder, struct error *reterr)
{
    struct process_options options = {.exe = minder->crew->options.exe,
                                      .ring_fd = ring_fd(minder->crew->options.ring),
                                      .plugins = minder->plugins,
                                      .count = minder->plugin_count};
    int r = process_start(&options, &minder->process, reterr);
    if (r < 0)
        return r;
    r = await_ready(minder);
    if (r == 0)
        r = send_briefing(minder);
    if (r < 0) {
        process_end(&minder->process);
        return error_set(reterr, r, "its worker does not get ready: %s", strerror(-r));
    }
    minder->running = true;
    minder->held = false;
    minder->answers = minder->saving_next = 0;
    minder->saving = UINT64_MAX;
    forget_coming(minder);
    minder->seen = minder->saved;
    minder->since_ns = clock_monotonic_ns();
    minder->crew->counts.workers++;
    return 0;
}

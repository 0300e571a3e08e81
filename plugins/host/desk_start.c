/* SPDX-License-Identifier: MIT */
/*
 * desk_start.c - begins a worker: the process, its files, the briefing with what its seats know.
 */

#include "base/clock.h"
#include "host/brief.h"
#include "host/desk_inner.h"

#include <errno.h>
#include <string.h>

#define LOAD_NS (5 * NS_PER_S) /* to load its files: a cold disk */
enum { SAVE_EVERY_MAX = 16 << 20 };

bool desk_has(const struct desk *desk, const struct crew_seat *seat)
{
    return seat->desk == desk->number && !seat->dead;
}

void desk_hold(struct desk *desk, uint64_t position)
{
    desk->saved = position;
    ring_hold(desk->crew->options.ring, (int)desk->number + 1, position);
}

/* Is what it saved of a group that is gone, and the worker begins behind the frame that would tell it? */
static bool is_outdated(const struct desk *desk, const struct crew_seat *seat)
{
    return seat->renewed_at != UINT64_MAX && seat->renewed_at >= seat->state_at &&
           seat->renewed_at < desk->saved;
}

static struct seat_brief brief_of(const struct desk *desk, uint32_t number)
{
    const struct crew_seat *seat = &desk->crew->seats[number];
    const struct instance_options *o = &seat->options;
    bool open = seat->window_ns && seat->opened_at < desk->saved;
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
        .has_state = (open || seat->inherited) && seat->has_state && !is_outdated(desk, seat),
        .state_version = seat->state_version,
        .state = buffer_bytes(&seat->state),
    };
}

uint64_t desk_save_every(const struct desk *desk)
{
    uint64_t quarter = ring_payload_max(desk->crew->options.ring) / 2;
    return quarter < SAVE_EVERY_MAX ? quarter : SAVE_EVERY_MAX;
}

static int send_briefing(struct desk *desk)
{
    struct crew *crew = desk->crew;
    struct briefing briefing = {
        .begin = desk->saved, .skip = desk->skip, .save_every = desk_save_every(desk)};
    struct buffer packed = {0};
    struct arena arena = {0};
    briefing.seats = arena_alloc(&arena, crew->seat_count, sizeof(*briefing.seats));
    for (uint32_t i = 0; i < crew->seat_count; i++)
        if (desk_has(desk, &crew->seats[i])) {
            crew->seats[i].brief_at = briefing.seat_count;
            briefing.seats[briefing.seat_count++] = brief_of(desk, i);
        }
    briefing_pack(&packed, &briefing);
    int r = process_brief(&desk->process, buffer_bytes(&packed));
    buffer_free(&packed);
    arena_free(&arena);
    return r;
}

/* Wait until it has loaded its files; what it says of their labels was said before. */
static int await_ready(struct desk *desk)
{
    int64_t until = clock_monotonic_ns() + LOAD_NS;
    while (clock_monotonic_ns() < until) {
        int r = reply_next(desk->process.reply, &desk->kind, &desk->message);
        if (r < 0 || (r > 0 && desk->kind == REPLY_REFUSED))
            return -EBADMSG;
        if (r > 0 && desk->kind == REPLY_READY)
            return 0;
        char why[128];
        if (r == 0 && process_ended(&desk->process, why, sizeof(why)))
            return -ECHILD;
        if (r == 0)
            reply_wait(desk->process.reply, desk->process.pidfd, 100);
    }
    return -ETIMEDOUT;
}

/* Half a state of the worker before counts for nothing. */
static void forget_coming(struct desk *desk)
{
    for (uint32_t i = 0; i < desk->crew->seat_count; i++)
        if (desk->crew->seats[i].desk == desk->number)
            desk->crew->seats[i].coming_at = UINT64_MAX;
}

int desk_try_start(struct desk *desk, struct error *reterr)
{
    struct process_options options = {.exe = desk->crew->options.exe,
                                      .ring_fd = ring_fd(desk->crew->options.ring),
                                      .plugins = desk->plugins,
                                      .count = desk->plugin_count};
    int r = process_start(&options, &desk->process, reterr);
    if (r < 0)
        return r;
    r = await_ready(desk);
    if (r == 0)
        r = send_briefing(desk);
    if (r < 0) {
        process_end(&desk->process);
        return error_set(reterr, r, "its worker does not get ready: %s", strerror(-r));
    }
    desk->running = true;
    desk->held = false;
    desk->answers = desk->saving_next = 0;
    desk->saving = UINT64_MAX;
    forget_coming(desk);
    desk->seen = desk->saved;
    desk->since_ns = clock_monotonic_ns();
    desk->crew->counts.workers++;
    return 0;
}

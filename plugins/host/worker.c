/* SPDX-License-Identifier: MIT */

#include "host/worker.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/pack.h"
#include "host/brief.h"
#include "host/jail.h"
#include "host/plugin.h"
#include "host/reply.h"
#include "ring/batch.h"
#include "ring/closed.h"
#include "ring/ring.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BRIEFING_MAX = 64 << 20,
    STATE_PART = 64 * 1024, /* of a state in one message */
    SEATS_MAX = 8192,
};

/* A seat and who sits in it. */
struct seat {
    const struct seat_brief *brief;
    struct plugin *plugin;
    struct instance *instance; /* NULL: not open yet, or failed */
    double *values;            /* [brief->on_count] */
    uint64_t *counts;
    struct reply_cost *cost; /* where it is shown */
};

struct worker {
    struct plugin *plugins[WORKER_PLUGINS_MAX]; /* NULL where refused */
    uint32_t plugin_count;
    struct reply *reply;
    struct ring *ring;
    struct arena arena;
    struct briefing briefing;
    struct buffer brief; /* what the pipe gave; states and texts are lent from it */
    struct seat *seats;  /* [briefing.seat_count] */
    struct buffer out;   /* the message being made */
    uint64_t position, saved;
};

/* ---- what is said ------------------------------------------------------- */

static void push(struct worker *w, enum reply_kind kind)
{
    reply_push(w->reply, kind, buffer_bytes(&w->out));
    buffer_clear(&w->out);
}

static void say_sentence(struct worker *w, enum reply_kind kind, uint32_t seat,
                         const char *sentence)
{
    pack_u64(&w->out, w->position);
    pack_u32(&w->out, seat);
    pack_text(&w->out, sentence);
    push(w, kind);
}

/* ---- loading ------------------------------------------------------------ */

static void load(struct worker *w, uint32_t index, const char *path)
{
    struct error error;
    struct plugin *plugin = NULL;
    int r = plugin_adopt(WORKER_PLUGIN_FD + (int)index, path, &plugin, &error);
    if (r == 0)
        r = plugin_map(plugin, &error);
    pack_u32(&w->out, index);
    if (r == 0)
        label_pack(&w->out, plugin_label(plugin));
    else
        pack_text(&w->out, error.text);
    push(w, r == 0 ? REPLY_LABEL : REPLY_REFUSED);
    if (r == 0)
        w->plugins[index] = plugin;
    else
        plugin_free(plugin);
}

/* Did the core end before the kernel knew that we want to go with it? */
static bool orphaned(void)
{
    struct pollfd brief = {.fd = WORKER_BRIEF_FD, .events = POLLIN};
    return poll(&brief, 1, 0) > 0 && brief.revents & POLLHUP && !(brief.revents & POLLIN);
}

/* Ctrl-C and `kill` of the whole group are for the core, which still wants answers while it ends. */
static void leave_signals_to_the_core(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        signal(signals[i], SIG_IGN);
}

static int lock_in(struct worker *w, struct error *reterr)
{
    leave_signals_to_the_core();
    int keep[WORKER_PLUGIN_FD + WORKER_PLUGINS_MAX];
    size_t count = 0;
    for (int fd = WORKER_BRIEF_FD; fd < WORKER_PLUGIN_FD + (int)w->plugin_count; fd++)
        keep[count++] = fd;
    struct jail_options options = {
        .keep = keep, .keep_count = count, .ret_denied = reply_denied_slot(w->reply)};
    return jail_limit(&options, reterr);
}

/* ---- briefing ----------------------------------------------------------- */

/* 1 when there is one, 0 when the pipe just ends. */
static int read_briefing(struct worker *w)
{
    for (;;) {
        char *room = buffer_room(&w->brief, 65536);
        if (w->brief.len > BRIEFING_MAX)
            return -ENOMEM;
        ssize_t got = read(WORKER_BRIEF_FD, room, 65536);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        w->brief.len += (size_t)got;
    }
    if (w->brief.len == 0)
        return 0;
    int r = briefing_unpack(buffer_bytes(&w->brief), &w->arena, &w->briefing);
    return r < 0 ? r : w->briefing.seat_count <= SEATS_MAX ? 1 : -E2BIG;
}

static int open_seat(struct worker *w, struct seat *seat, int64_t window_ns,
                     struct error *reterr)
{
    const struct seat_brief *b = seat->brief;
    struct instance_options options = {
        .stream = b->stream_name,
        .series = b->series,
        .series_count = b->on_count,
        .field_names = b->field_names,
        .field_count = b->field_count,
        .window_ns = window_ns,
        .settings = b->settings,
        .setting_count = b->setting_count,
    };
    (void)w;
    return instance_open(seat->plugin, &options, &seat->instance, reterr);
}

/* What an instance before this one saved; one that refuses it starts cold. */
static int load_state(struct seat *seat, struct error *reterr)
{
    const struct seat_brief *b = seat->brief;
    int r =
        b->has_state ? instance_load(seat->instance, b->state, b->state_version, reterr) : 0;
    if (r == 0 || r == -ESTALE)
        return 0;
    instance_close(seat->instance);
    seat->instance = NULL;
    return r;
}

/* A seat that was open in the worker before this one goes on from its saved state. */
static void take_over(struct worker *w, struct seat *seat)
{
    struct error error;
    int r = open_seat(w, seat, seat->brief->window_ns, &error);
    if (r == 0)
        r = load_state(seat, &error);
    if (r < 0)
        say_sentence(w, REPLY_FAILED, seat->brief->number, error.text);
}

static void sit_down(struct worker *w)
{
    w->position = w->saved = w->briefing.begin;
    w->seats = arena_alloc(&w->arena, w->briefing.seat_count, sizeof(*w->seats));
    for (uint32_t i = 0; i < w->briefing.seat_count; i++) {
        struct seat *seat = &w->seats[i];
        const struct seat_brief *b = &w->briefing.seats[i];
        CHECK(b->plugin < w->plugin_count && w->plugins[b->plugin]);
        *seat = (struct seat){.brief = b, .plugin = w->plugins[b->plugin]};
        seat->values = arena_alloc(&w->arena, b->on_count, sizeof(*seat->values));
        seat->counts = arena_alloc(&w->arena, b->on_count, sizeof(*seat->counts));
        seat->cost = reply_cost_slot(w->reply, i);
        if (b->window_ns)
            take_over(w, seat);
    }
}

/* ---- frames ------------------------------------------------------------- */

static void begin_stream(struct worker *w, const struct stream_notice *notice)
{
    for (uint32_t i = 0; i < w->briefing.seat_count; i++) {
        struct seat *seat = &w->seats[i];
        struct error error = {""};
        if (seat->brief->stream != notice->stream || seat->brief->window_ns)
            continue;
        int r = open_seat(w, seat, notice->window_ns, &error);
        if (r == 0)
            r = load_state(seat, &error);
        pack_u64(&w->out, w->position);
        pack_u32(&w->out, seat->brief->number);
        pack_u32(&w->out, r == 0);
        pack_text(&w->out, r == 0 ? "" : error.text);
        push(w, REPLY_OPENED);
    }
}

static void observe(struct worker *w, const struct batch *batch)
{
    struct oddline_batch view = batch_view(batch);
    for (uint32_t i = 0; i < w->briefing.seat_count; i++) {
        struct seat *seat = &w->seats[i];
        struct error error;
        if (seat->brief->stream != batch->stream || !seat->instance ||
            !plugin_label(seat->plugin)->observe)
            continue;
        int64_t begun = clock_monotonic_ns();
        int r = instance_observe(seat->instance, &view, &error);
        if (seat->cost) {
            seat->cost->observe_ns += (uint64_t)(clock_monotonic_ns() - begun);
            seat->cost->records += view.count;
        }
        if (r == 0)
            continue;
        say_sentence(w, REPLY_FAILED, seat->brief->number, error.text);
        instance_close(seat->instance);
        seat->instance = NULL;
    }
}

static void pack_score(struct buffer *out, const struct oddline_score *score)
{
    pack_u32(out, score->series);
    pack_u32(out, score->kind);
    pack_u32(out, score->flags);
    pack_u64(out, score->samples);
    pack_f64(out, score->score);
    pack_f64(out, score->observed);
    pack_f64(out, score->expected);
    pack_f64(out, score->lower);
    pack_f64(out, score->upper);
    pack_text(out, score->reason);
}

/* One seat's part of a REPLY_SCORES: seat, 1, count, scores; or seat, 0, sentence. */
static void score_seat(struct worker *w, struct seat *seat, const struct oddline_window *window)
{
    const struct oddline_score *scores;
    const struct seat_brief *b = seat->brief;
    struct oddline_window own = *window;
    struct error error;
    for (uint32_t i = 0; i < b->on_count; i++) {
        seat->values[i] = window->values[b->on[i]];
        seat->counts[i] = window->counts[b->on[i]];
    }
    own.values = seat->values;
    own.counts = seat->counts;
    int64_t begun = clock_monotonic_ns();
    int r = instance_score(seat->instance, &own, &scores, &error);
    if (seat->cost) {
        seat->cost->score_ns += (uint64_t)(clock_monotonic_ns() - begun);
        seat->cost->windows++;
    }
    pack_u32(&w->out, b->number);
    pack_u32(&w->out, r == 0);
    if (r < 0) {
        pack_text(&w->out, error.text);
        instance_close(seat->instance);
        seat->instance = NULL;
        return;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < b->on_count; i++)
        count += scores[i].size != 0;
    pack_u32(&w->out, count);
    for (uint32_t i = 0; i < b->on_count; i++)
        if (scores[i].size)
            pack_score(&w->out, &scores[i]);
}

/* Its part where the window is not over and it takes none of those. */
static bool pass_over(struct worker *w, const struct seat *seat,
                      const struct oddline_window *window)
{
    if (plugin_takes(seat->plugin, window))
        return false;
    pack_u32(&w->out, seat->brief->number);
    pack_u32(&w->out, 1);
    pack_u32(&w->out, 0);
    return true;
}

static void score_one(struct worker *w, const struct closed *closed,
                      const struct oddline_window *window, uint64_t nth)
{
    bool any = false;
    for (uint32_t i = 0; i < w->briefing.seat_count; i++) {
        struct seat *seat = &w->seats[i];
        if (seat->brief->stream != closed->stream || !seat->instance)
            continue;
        if (!any) {
            pack_u64(&w->out, w->position);
            pack_u64(&w->out, nth);
        }
        any = true;
        if (!pass_over(w, seat, window))
            score_seat(w, seat, window);
    }
    if (any)
        push(w, REPLY_SCORES);
}

/* A slot that is another group's from this window on: what its instances know is of the one before. */
static void begin_anew(struct worker *w, const struct closed *closed, uint32_t series)
{
    for (uint32_t i = 0; i < w->briefing.seat_count; i++) {
        struct seat *seat = &w->seats[i];
        struct error error;
        if (seat->brief->stream != closed->stream || !seat->instance ||
            seat->brief->on_count != 1 || seat->brief->on[0] != series)
            continue;
        instance_close(seat->instance);
        seat->instance = NULL;
        if (open_seat(w, seat, closed->end_ns - closed->start_ns, &error) < 0)
            say_sentence(w, REPLY_FAILED, seat->brief->number, error.text);
    }
}

static void renew(struct worker *w, const struct closed *closed)
{
    const struct closed_group *groups = closed_groups(closed);
    for (uint32_t i = 0; i < closed->group_count; i++)
        if (groups[i].fresh)
            begin_anew(w, closed, groups[i].series);
}

static void score(struct worker *w, const struct closed *closed)
{
    renew(w, closed);
    for (uint64_t i = 0; i < closed->repeat; i++) {
        struct oddline_window window = closed_window(closed, i);
        score_one(w, closed, &window, i);
    }
}

/* The window stays open, so nothing begins anew. */
static void glance(struct worker *w, const struct closed *closed)
{
    struct oddline_window window = closed_window(closed, 0);
    score_one(w, closed, &window, 0);
}

/* ---- states ------------------------------------------------------------- */

static void send_state(struct worker *w, uint32_t seat, struct bytes state)
{
    size_t at = 0;
    do {
        size_t part = state.len - at < STATE_PART ? state.len - at : STATE_PART;
        pack_u64(&w->out, w->position);
        pack_u32(&w->out, seat);
        pack_u32(&w->out, (uint32_t)at);
        pack_u32(&w->out, (uint32_t)state.len);
        pack_bytes(&w->out, (struct bytes){state.at + at, part});
        push(w, REPLY_STATE);
        at += part;
    } while (at < state.len);
}

/* Everything so far need not be gone through again. A plugin that saves nothing starts cold instead. */
static void save_all(struct worker *w)
{
    for (uint32_t i = 0; i < w->briefing.seat_count; i++) {
        struct seat *seat = &w->seats[i];
        struct bytes state;
        struct error error;
        if (!seat->instance || !plugin_label(seat->plugin)->save)
            continue;
        if (instance_save(seat->instance, &state, &error) == 0) {
            send_state(w, seat->brief->number, state);
            continue;
        }
        say_sentence(w, REPLY_FAILED, seat->brief->number, error.text);
        instance_close(seat->instance);
        seat->instance = NULL;
    }
    pack_u64(&w->out, w->position);
    push(w, REPLY_SAVED);
    w->saved = w->position;
}

/* ---- the loop ----------------------------------------------------------- */

static bool handle(struct worker *w, const struct ring_frame *frame)
{
    const void *payload = ring_payload(frame);
    if (w->position == w->briefing.skip) {
        if (frame->kind == RING_WINDOW)
            renew(w, payload);
        return true;
    }
    switch ((enum ring_kind)frame->kind) {
    case RING_BATCH:
        observe(w, payload);
        return true;
    case RING_WINDOW:
        score(w, payload);
        return true;
    case RING_GLANCE:
        glance(w, payload);
        return true;
    case RING_STREAM:
        begin_stream(w, payload);
        return true;
    case RING_GAP:
    case RING_MARK:
    case RING_SILENCES:
    case RING_REMARKS:
    case RING_DEPLOY:
        return true;
    case RING_END:
        return false;
    }
    return true;
}

/* Has everybody to save what he knows exactly as of behind this frame? */
static bool is_cut(const struct ring_frame *frame)
{
    const struct mark *mark = ring_payload(frame);
    return frame->kind == RING_MARK && mark->flags & MARK_SNAPSHOT;
}

static int frame_there(const void *arg)
{
    const struct worker *w = arg;
    return ring_at(w->ring, w->position) != NULL;
}

static void work(struct worker *w)
{
    for (bool more = true, now; more;) {
        const struct ring_frame *frame = ring_at(w->ring, w->position);
        if (!frame) {
            reply_sleep(w->reply, frame_there, w);
            continue;
        }
        uint32_t size = frame->size;
        // Behind a frame that was left out at once, too: whoever comes next must not meet it again.
        now = w->position == w->briefing.skip || is_cut(frame);
        more = handle(w, frame);
        w->position += size;
        reply_progress(w->reply, w->position);
        if (w->position - w->saved >= w->briefing.save_every || !more || now)
            save_all(w);
    }
}

int worker_main(int argc, char **argv)
{
    static struct worker w;
    static const int doorbells[] = {WORKER_BRIEF_FD, WORKER_WAKE_FD, WORKER_BELL_FD};
    struct error error;
    w.plugin_count = (uint32_t)(argc - 1);
    if (argc < 2 || argc - 1 > WORKER_PLUGINS_MAX ||
        reply_attach(WORKER_REPLY_FD, WORKER_WAKE_FD, WORKER_BELL_FD, &w.reply, &error) < 0)
        return 64; // started by hand: there is nobody to tell
    bool probing = ring_attach(WORKER_RING_FD, &w.ring, &error) < 0;
    if (lock_in(&w, &error) < 0 || orphaned())
        return 70;
    for (int i = 1; i < argc; i++)
        load(&w, (uint32_t)i - 1, argv[i]);
    if (jail_lock(doorbells, 3, &error) < 0)
        return 70;
    push(&w, REPLY_READY);
    if (probing || read_briefing(&w) <= 0)
        return 0;
    sit_down(&w);
    work(&w);
    return 0;
}

/* SPDX-License-Identifier: MIT */

#include "host/crew.h"

#include "base/check.h"
#include "host/minder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCORES_MAX = 1280, SEATS_LEAST = 16 };

int crew_create(const struct crew_options *options, struct crew **ret, struct error *reterr)
{
    CHECK(options->ring || options->isolation == ISOLATION_NONE);
    struct crew *crew = calloc(1, sizeof(*crew));
    if (!crew)
        return error_set(reterr, -ENOMEM, "detectors: out of memory");
    crew->options = *options;
    *ret = crew;
    return 0;
}

static void seat_free(struct crew_seat *seat)
{
    instance_close(seat->local);
    free(seat->values);
    free(seat->counts);
    free(seat->scores);
    free(seat->reasons);
    buffer_free(&seat->state);
    buffer_free(&seat->coming);
}

void crew_free(struct crew *crew)
{
    if (!crew)
        return;
    for (uint32_t i = 0; i < crew->minder_count; i++) {
        minder_stop(&crew->minders[i]);
        free(crew->minders[i].plugins);
        if (i + 1 < RING_READERS) // crew_start() refused to begin with more
            ring_let_go(crew->options.ring, (int)i + 1);
    }
    for (uint32_t i = 0; i < crew->seat_count; i++)
        seat_free(&crew->seats[i]);
    free(crew->minders);
    free(crew->seats);
    free(crew);
}

/* ---- seats -------------------------------------------------------------- */

static int grow_seats(struct crew *crew)
{
    if (crew->seat_count < crew->seat_max)
        return 0;
    uint32_t max = crew->seat_max ? 2 * crew->seat_max : SEATS_LEAST;
    struct crew_seat *grown = realloc(crew->seats, max * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    crew->seats = grown;
    crew->seat_max = max;
    return 0;
}

/* What one stream can say of a window has to fit into one message of a worker. */
static bool too_many(const struct crew *crew, uint32_t stream, uint32_t more)
{
    uint32_t scores = more;
    for (uint32_t i = 0; i < crew->seat_count; i++)
        if (crew->seats[i].stream == stream)
            scores += crew->seats[i].options.series_count;
    return scores > SCORES_MAX;
}

int crew_add(struct crew *crew, const struct crew_request *request, uint32_t *ret_seat,
             struct error *reterr)
{
    const struct instance_options *options = &request->options;
    uint32_t count = options->series_count;
    if (too_many(crew, request->stream, count))
        return error_set(reterr, -E2BIG, "stream %s: more than %d scores a window",
                         options->stream, SCORES_MAX);
    struct crew_seat seat = {.coming_at = UINT64_MAX,
                             .renewed_at = UINT64_MAX,
                             .plugin = request->plugin,
                             .stream = request->stream,
                             .options = *options,
                             .on = request->on,
                             .wait = request->wait,
                             .slot = request->slot};
    seat.values = calloc(count, sizeof(*seat.values));
    seat.counts = calloc(count, sizeof(*seat.counts));
    seat.scores = calloc(count, sizeof(*seat.scores));
    seat.reasons = calloc(count, sizeof(*seat.reasons));
    if (!seat.values || !seat.counts || !seat.scores || !seat.reasons || grow_seats(crew) < 0) {
        seat_free(&seat);
        return error_set(reterr, -ENOMEM, "stream %s: out of memory", options->stream);
    }
    *ret_seat = crew->seat_count;
    crew->seats[crew->seat_count++] = seat;
    return 0;
}

/* ---- who works where ---------------------------------------------------- */

/* One worker for all plugins of our own directory, one for each other file. */
static struct minder *minder_for(struct crew *crew, const struct plugin *plugin)
{
    bool stranger = plugin_is_stranger(plugin);
    for (uint32_t i = 0; i < crew->minder_count; i++) {
        struct minder *minder = &crew->minders[i];
        if (minder->strangers == stranger && (!stranger || minder->plugins[0] == plugin))
            return minder;
    }
    struct minder *grown = realloc(crew->minders, (crew->minder_count + 1) * sizeof(*grown));
    if (!grown)
        return NULL;
    crew->minders = grown;
    grown[crew->minder_count] = (struct minder){.crew = crew,
                                                .number = crew->minder_count,
                                                .strangers = stranger,
                                                .process = {.pidfd = -1, .brief = -1}};
    return &grown[crew->minder_count++];
}

static int place(struct crew *crew, struct crew_seat *seat)
{
    struct minder *minder = minder_for(crew, seat->plugin);
    if (!minder)
        return -ENOMEM;
    size_t i = 0;
    while (i < minder->plugin_count && minder->plugins[i] != seat->plugin)
        i++;
    if (i == minder->plugin_count) {
        struct plugin **grown = realloc(minder->plugins, (i + 1) * sizeof(struct plugin *));
        if (!grown)
            return -ENOMEM;
        minder->plugins = grown;
        minder->plugins[minder->plugin_count++] = seat->plugin;
    }
    seat->minder = minder->number;
    minder->waited_for |= seat->wait;
    seat->plugin_index = (uint32_t)i;
    return 0;
}

int crew_start(struct crew *crew, struct error *reterr)
{
    if (crew->options.isolation == ISOLATION_NONE)
        return 0;
    crew->position = ring_tail(crew->options.ring);
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        int r = place(crew, &crew->seats[i]);
        if (r < 0)
            return error_set(reterr, r, "detectors: out of memory");
    }
    if (crew->minder_count >= RING_READERS)
        return error_set(reterr, -E2BIG, "detectors: %u files of strangers; at most %d",
                         crew->minder_count, RING_READERS - 2);
    for (uint32_t i = 0; i < crew->minder_count; i++)
        minder_start(&crew->minders[i], crew->position);
    return 0;
}

/* ---- in this process ---------------------------------------------------- */

static void bury(struct crew *crew, uint32_t number, const struct error *error)
{
    struct crew_seat *seat = &crew->seats[number];
    instance_close(seat->local);
    seat->local = NULL;
    seat->dead = true;
    snprintf(seat->why, sizeof(seat->why), "%.255s", error->text);
    crew->options.complain(crew->options.context, CREW_SEAT, number, error->text);
}

static int open_here(struct crew_seat *seat, struct error *reterr)
{
    int r = instance_open(seat->plugin, &seat->options, &seat->local, reterr);
    if (r < 0 || !seat->has_state)
        return r;
    r = instance_load(seat->local, buffer_bytes(&seat->state), seat->state_version, reterr);
    return r == -ESTALE ? 0 : r; // it starts cold
}

static void score_here(struct crew *crew, uint32_t number, const struct oddline_window *window)
{
    struct crew_seat *seat = &crew->seats[number];
    struct oddline_window own = *window;
    const struct oddline_score *scores;
    struct error error;
    for (uint32_t i = 0; i < seat->options.series_count; i++) {
        seat->values[i] = window->values[seat->on[i]];
        seat->counts[i] = window->counts[seat->on[i]];
    }
    own.values = seat->values;
    own.counts = seat->counts;
    if (instance_score(seat->local, &own, &scores, &error) < 0) {
        bury(crew, number, &error);
        return;
    }
    memcpy(seat->scores, scores, seat->options.series_count * sizeof(*scores));
    seat->scored = true;
}

/* ---- the judge's walk --------------------------------------------------- */

void crew_begin(struct crew *crew, uint64_t position, uint32_t stream, int64_t window_ns)
{
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        struct crew_seat *seat = &crew->seats[i];
        struct error error;
        if (seat->stream != stream || seat->window_ns)
            continue;
        seat->window_ns = window_ns;
        seat->opened_at = position;
        seat->options.window_ns = window_ns;
        if (crew->options.isolation == ISOLATION_NONE && open_here(seat, &error) < 0)
            bury(crew, i, &error);
    }
}

void crew_observe(struct crew *crew, uint64_t position, uint32_t stream,
                  const struct oddline_batch *batch)
{
    (void)position;
    if (crew->options.isolation != ISOLATION_NONE)
        return; // workers see it by themselves
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        struct error error;
        if (crew->seats[i].stream == stream && crew->seats[i].local &&
            instance_observe(crew->seats[i].local, batch, &error) < 0)
            bury(crew, i, &error);
    }
}

static void begin_anew(struct crew *crew, uint64_t position, uint32_t number)
{
    struct crew_seat *seat = &crew->seats[number];
    struct error error;
    seat->renewed_at = position;
    if (!seat->local)
        return; // workers see it by themselves, those that see the frame
    instance_close(seat->local);
    seat->local = NULL;
    if (instance_open(seat->plugin, &seat->options, &seat->local, &error) < 0)
        bury(crew, number, &error);
}

void crew_renew(struct crew *crew, uint64_t position, const struct closed *closed)
{
    const struct closed_group *groups = closed_groups(closed);
    for (uint32_t i = 0; i < closed->group_count; i++)
        for (uint32_t k = 0; groups[i].fresh && k < crew->seat_count; k++) {
            const struct crew_seat *seat = &crew->seats[k];
            if (seat->stream == closed->stream && seat->options.series_count == 1 &&
                seat->on[0] == groups[i].series)
                begin_anew(crew, position, k);
        }
}

static void note_gap(struct crew *crew, struct crew_seat *seat)
{
    seat->gaps++;
    crew->counts.gaps++;
}

static void clear_scores(struct crew_seat *seat)
{
    seat->scored = false;
    memset(seat->scores, 0, seat->options.series_count * sizeof(*seat->scores));
}

void crew_score(struct crew *crew, uint64_t position, uint64_t nth, uint32_t stream,
                const struct oddline_window *window)
{
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        if (crew->seats[i].stream != stream)
            continue;
        clear_scores(&crew->seats[i]);
        if (crew->seats[i].local)
            score_here(crew, i, window);
    }
    for (uint32_t i = 0; i < crew->minder_count; i++)
        minder_score(&crew->minders[i], position, nth, stream);
    for (uint32_t i = 0; i < crew->seat_count; i++)
        if (crew->seats[i].stream == stream && !crew->seats[i].scored)
            note_gap(crew, &crew->seats[i]);
}

const char *crew_why(const struct crew *crew, uint32_t number)
{
    const struct crew_seat *seat = &crew->seats[number];
    const char *why = seat->why;
    if (!why[0] && crew->minder_count)
        why = crew->minders[seat->minder].why;
    return why[0] ? why : "it has no answer";
}

const struct oddline_score *crew_scores(const struct crew *crew, uint32_t seat)
{
    return crew->seats[seat].scored ? crew->seats[seat].scores : NULL;
}

void crew_passed(struct crew *crew, uint64_t position)
{
    crew->position = position;
    for (uint32_t i = 0; i < crew->minder_count; i++)
        minder_poll(&crew->minders[i]);
}

bool crew_lags(const struct crew *crew)
{
    for (uint32_t i = 0; i < crew->minder_count; i++)
        if (crew->minders[i].running && crew->minders[i].saved < crew->position)
            return true;
    return false;
}

void crew_poll(struct crew *crew)
{
    crew_passed(crew, crew->position);
}

/* ---- one crew after another --------------------------------------------- */

static void save_here(struct crew_seat *seat)
{
    struct bytes state;
    if (!seat->local || instance_save(seat->local, &state, NULL) < 0)
        return;
    buffer_clear(&seat->state);
    buffer_append(&seat->state, state.at, state.len);
    seat->has_state = state.len > 0;
    seat->state_version = plugin_label(seat->plugin)->state_version;
}

/* The states of all seats are wanted as of `position`: which are not? */
static void note_stale(struct crew *crew, uint64_t position)
{
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        struct crew_seat *seat = &crew->seats[i];
        const struct minder *minder = crew->minder_count ? &crew->minders[seat->minder] : NULL;
        save_here(seat);
        seat->stale =
            minder && seat->window_ns && !(minder->running && minder->saved == position);
    }
}

void crew_cut(struct crew *crew, uint64_t position)
{
    for (uint32_t i = 0; i < crew->minder_count; i++)
        minder_cut(&crew->minders[i], position);
    note_stale(crew, position);
}

void crew_finish(struct crew *crew)
{
    uint64_t position = crew->minder_count ? ring_head(crew->options.ring) : 0;
    for (uint32_t i = 0; i < crew->minder_count; i++)
        minder_finish(&crew->minders[i], position);
    note_stale(crew, position);
}

static bool same_seat(const struct crew_seat *a, const struct crew_seat *b)
{
    if (strcmp(a->options.stream, b->options.stream) != 0 ||
        strcmp(plugin_label(a->plugin)->id, plugin_label(b->plugin)->id) != 0 ||
        a->options.series_count != b->options.series_count)
        return false;
    for (uint32_t i = 0; i < a->options.series_count; i++)
        if (strcmp(a->options.series[i], b->options.series[i]) != 0)
            return false;
    return true;
}

void crew_inherit(struct crew *crew, struct crew *old)
{
    for (uint32_t i = 0; i < crew->seat_count; i++)
        for (uint32_t k = 0; k < old->seat_count; k++) {
            struct crew_seat *to = &crew->seats[i], *from = &old->seats[k];
            if (from->given || to->inherited || !same_seat(to, from))
                continue;
            to->state = from->state;
            to->state_version = from->state_version;
            to->has_state = from->has_state && !from->dead;
            to->inherited = from->given = true;
            to->owes_word = from->owes_word || from->stale;
            to->gaps = from->gaps;
            crew->counts.gaps += from->gaps;
            from->state = (struct buffer){0};
            from->has_state = false;
        }
}

uint32_t crew_seats(const struct crew *crew)
{
    return crew->seat_count;
}

struct crew_report crew_report(const struct crew *crew, uint32_t number)
{
    const struct crew_seat *seat = &crew->seats[number];
    const struct minder *minder = crew->minder_count ? &crew->minders[seat->minder] : NULL;
    bool running = minder ? minder->running : seat->local != NULL;
    struct reply_cost cost = {0};
    if (minder && running)
        cost = reply_cost(minder->process.reply, seat->brief_at);
    return (struct crew_report){
        .stream = seat->options.stream,
        .series = seat->options.series[0],
        .label = plugin_label(seat->plugin),
        .path = plugin_path(seat->plugin),
        .series_count = seat->options.series_count,
        .observe_ns = cost.observe_ns,
        .records = cost.records,
        .score_ns = cost.score_ns,
        .windows = cost.windows,
        .gaps = seat->gaps,
        .running = running && !seat->dead,
        .quarantined = minder && !minder->running,
        .dead = seat->dead,
        .slot = seat->slot,
    };
}

struct crew_counts crew_counts(const struct crew *crew)
{
    return crew->counts;
}

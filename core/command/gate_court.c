/* SPDX-License-Identifier: MIT */

#include "command/gate_court.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DAY_NS (86400 * NS_PER_S)

static const int ago[GATE_DAYS] = {1, 7};

/* ---- sides ---------------------------------------------------------------------- */

static int add_side(struct court *court, const struct court_side *side)
{
    int64_t length = side->until_ns - side->from_ns;
    size_t count = (size_t)((length + side->window_ns - 1) / side->window_ns);
    struct gate_cell *cells = calloc(count + 1, sizeof(*cells));
    if (!cells)
        return -ENOMEM;
    *side->side = (struct gate_side){
        .cells = cells, .count = count, .seconds = (double)side->window_ns / (double)NS_PER_S};
    court->sides[court->side_count++] = *side;
    return 0;
}

/* Before and after of a pair that lies `earlier_ns` before the deployment. */
static int add_pair(struct court *court, struct gate_pair *pair, int64_t earlier_ns,
                    bool control)
{
    const struct court_terms *t = &court->terms;
    int64_t at = t->since_ns - earlier_ns;
    struct court_side before = {.from_ns = at - t->baseline_ns,
                                .until_ns = at,
                                .window_ns = t->baseline_ns / COURT_BEFORE,
                                .control = control,
                                .side = &pair->before};
    struct court_side after = {.from_ns = at,
                               .until_ns = t->until_ns - earlier_ns,
                               .window_ns = t->wait_ns / COURT_AFTER,
                               .control = control,
                               .side = &pair->after};
    before.from_ns =
        at - COURT_BEFORE * before.window_ns; // whole windows, up to the deployment
    int r = add_side(court, &before);
    return r < 0 ? r : add_side(court, &after);
}

static bool deployed_within(const struct court_terms *terms, int64_t from_ns, int64_t until_ns)
{
    for (size_t i = 0; i < terms->deploy_count; i++)
        if (terms->deploys[i] >= from_ns && terms->deploys[i] < until_ns)
            return true;
    return false;
}

static int add_days(struct court *court)
{
    const struct court_terms *t = &court->terms;
    int r = 0;
    for (int i = 0; i < GATE_DAYS && r == 0; i++) {
        int64_t earlier = ago[i] * DAY_NS;
        if (deployed_within(t, t->since_ns - earlier - t->baseline_ns, t->until_ns - earlier))
            continue;
        court->days[court->gate.day_count] = ago[i];
        r = add_pair(court, &court->gate.days[court->gate.day_count++], earlier, false);
    }
    return r;
}

int court_open(struct court *court, const struct court_terms *terms, struct error *reterr)
{
    *court = (struct court){.terms = *terms,
                            .gate = {.controlled = terms->controlled,
                                     .alpha = terms->alpha,
                                     .tolerate = terms->tolerate,
                                     .samples_min = terms->samples_min}};
    int r = add_pair(court, &court->gate.service, 0, false);
    if (r == 0)
        r = add_days(court);
    if (r == 0 && terms->controlled)
        r = add_pair(court, &court->gate.control, 0, true);
    if (r == 0)
        r = newsroom_open(&court->news);
    if (r < 0) {
        court_close(court);
        return error_set(reterr, r, "gate: out of memory");
    }
    return 0;
}

void court_close(struct court *court)
{
    for (size_t i = 0; i < court->side_count; i++)
        free(court->sides[i].side->cells);
    newsroom_close(&court->news);
    *court = (struct court){0};
}

void court_spans(const struct court *court, struct gate_spans *ret)
{
    for (size_t i = 0; i < court->side_count; i++)
        ret->at[i] = (struct gate_span){court->sides[i].from_ns, court->sides[i].until_ns};
    ret->count = court->side_count;
}

/* ---- records ------------------------------------------------------------------------ */

/* Index of the window of that side; SIZE_MAX: the record is not in it. */
static size_t window_of(const struct court_side *side, const struct gate_record *record)
{
    if (side->control != record->stream->control || record->time_ns < side->from_ns ||
        record->time_ns >= side->until_ns)
        return SIZE_MAX;
    return (size_t)((record->time_ns - side->from_ns) / side->window_ns);
}

static void count(struct gate_cell *cell, const struct gate_record *record)
{
    cell->records++;
    cell->requests += record->request;
    cell->bad += record->bad;
    if (record->duration_ms >= 0) // not NaN either
        quantile_add(&cell->durations, record->duration_ms);
}

void court_take(void *context, const struct gate_record *record)
{
    struct court *court = context;
    court->records++;
    if (record->time_ns == NO_TIME) {
        court->timeless++;
        return;
    }
    for (size_t i = 0; i < court->side_count; i++) {
        size_t window = window_of(&court->sides[i], record);
        if (window != SIZE_MAX)
            count(&court->sides[i].side->cells[window], record);
    }
    struct news_place place = {.past = record->time_ns < court->terms.since_ns,
                               .before = window_of(&court->sides[0], record),
                               .after = window_of(&court->sides[1], record)};
    newsroom_take(&court->news, record, &place);
}

/* ---- looks --------------------------------------------------------------------------- */

static int64_t window_end(const struct court *court, size_t windows)
{
    const struct court_side *after = &court->sides[1];
    int64_t end = after->from_ns + (int64_t)windows * after->window_ns;
    return end < after->until_ns ? end : after->until_ns;
}

int64_t court_next_ns(const struct court *court)
{
    return window_end(court, court->looked + 1);
}

int64_t court_heard_ns(const struct court *court)
{
    return window_end(court, court->looked) - court->terms.since_ns;
}

/* From where on a sentence that was never said says something: the middle of what there is of before. */
static int64_t half_of(const struct court *court)
{
    const struct court_side *before = &court->sides[0];
    size_t spoken = 0;
    while (spoken < before->side->count && !before->side->cells[spoken].records)
        spoken++;
    spoken = spoken < before->side->count ? spoken : 0;
    return before->from_ns +
           (int64_t)(spoken + (before->side->count - spoken) / 2) * before->window_ns;
}

bool court_look(struct court *court, int64_t now_ns, bool last)
{
    struct gate_case *gate = &court->gate;
    size_t all = gate->service.after.count;
    bool new_windows = court->looked < all && window_end(court, court->looked + 1) <= now_ns;
    if (!new_windows && !last)
        return court->result.final;
    gate_prepare(gate);
    newsroom_weigh(&court->news, &gate->service, half_of(court));
    while (!court->result.final && court->looked < all &&
           window_end(court, court->looked + 1) <= now_ns) {
        court->looked++;
        gate_look(gate, court->looked, last && court->looked == all, &court->result);
    }
    if (last && !court->result.final)
        gate_look(gate, court->looked, true, &court->result);
    return court->result.final;
}

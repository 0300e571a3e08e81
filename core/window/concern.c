/* SPDX-License-Identifier: MIT */
/*
 * concern.c - which series a record may count in.
 *
 * A series that wants a pattern is asked only about records that match it. One that also counts others (a ratio's `to`, the good
 * records of an SLO) is asked about every record, like those that want no pattern.
 */

#include "window/pane.h"

#include <errno.h>
#include <stdlib.h>

/* The pattern without which a record cannot count; BATCH_PATTERNS: there is none. */
static uint32_t wanted_pattern(const struct series_spec *spec)
{
    bool others =
        spec->kind == SERIES_RATIO || spec->kind == SERIES_BAD || spec->kind == SERIES_NEW;
    return spec->select.pattern && !others ? spec->select.pattern - 1 : BATCH_PATTERNS;
}

int concerns_create(struct windows *w)
{
    struct concerns *c = &w->concerns;
    uint32_t count = 0;
    c->order = calloc(w->plain + 1, sizeof(*c->order));
    if (!c->order)
        return -ENOMEM;
    for (uint32_t pattern = 0; pattern <= BATCH_PATTERNS; pattern++) {
        c->first[pattern] = count;
        for (uint32_t i = 0; i < w->plain; i++)
            if (wanted_pattern(&w->options.series[i]) == pattern)
                c->order[count++] = i;
        if (pattern < BATCH_PATTERNS && count > c->first[pattern])
            c->words = pattern / 64 + 1;
    }
    return 0;
}

void concerns_free(struct windows *w)
{
    free(w->concerns.order);
}

static void count_from(struct windows *w, struct pane *pane, const struct sighting *sighting,
                       const uint32_t range[2])
{
    for (uint32_t k = range[0]; k < range[1]; k++) {
        uint32_t i = w->concerns.order[k];
        const struct series_spec *spec = &w->options.series[i];
        struct series_state *state = &pane->states[i];
        bool extreme;
        if (series_add(spec, state, sighting->batch, sighting->record, &extreme))
            evidence_see(&pane->evidence[i], sighting, state->count, series_by_value(spec),
                         extreme);
    }
}

void concerns_count(struct windows *w, struct pane *pane, const struct sighting *sighting)
{
    const struct concerns *c = &w->concerns;
    for (uint32_t word = 0; word < c->words; word++) {
        uint64_t bits = batch_matches(sighting->batch, sighting->record, word);
        for (; bits; bits &= bits - 1)
            count_from(w, pane, sighting, &c->first[word * 64 + __builtin_ctzll(bits)]);
    }
    count_from(w, pane, sighting,
               (const uint32_t[]){c->first[BATCH_PATTERNS], (uint32_t)w->plain});
}

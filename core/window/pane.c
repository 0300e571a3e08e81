/* SPDX-License-Identifier: MIT */

#include "window/pane.h"

#include "base/check.h"

#include <stdlib.h>

void pane_free(const struct windows *w, struct pane *pane)
{
    if (!pane)
        return;
    for (size_t i = 0; i < w->options.series_count; i++)
        if (pane_evidence(w, pane, i))
            evidence_clear(pane_evidence(w, pane, i));
    for (size_t i = 0; i < w->options.series_count - w->plain; i++)
        free(pane->rooms[i]);
    free(pane->rooms);
    free(pane->states);
    free(pane->stores);
    free(pane->evidence);
    free(pane);
}

/* One block for the stores of all series that need one. */
static void give_stores(const struct windows *w, struct pane *pane)
{
    size_t bytes = 0, at = 0;
    for (size_t i = 0; i < w->plain; i++)
        bytes += (series_store_bytes(w->options.series[i].kind) + 7) & ~(size_t)7;
    pane->stores = bytes ? calloc(1, bytes) : NULL;
    CHECK(pane->stores || !bytes);
    for (size_t i = 0; i < w->plain; i++) {
        size_t size = (series_store_bytes(w->options.series[i].kind) + 7) & ~(size_t)7;
        pane->states[i].store = size ? pane->stores + at : NULL;
        at += size;
    }
}

static struct pane *pane_new(const struct windows *w)
{
    struct pane *pane = calloc(1, sizeof(*pane));
    CHECK(
        pane); // some 10 KiB, a bounded number of times: without them there is nothing left to do
    pane->states = calloc(w->options.series_count, sizeof(*pane->states));
    pane->evidence = calloc(w->plain + 1, sizeof(*pane->evidence));
    pane->rooms = calloc(w->options.series_count - w->plain + 1, sizeof(struct slot_room *));
    CHECK(pane->states && pane->evidence && pane->rooms);
    give_stores(w, pane);
    return pane;
}

struct pane *pane_of(struct windows *w, uint64_t index)
{
    struct pane **slot = &w->panes[index % WINDOW_OPEN_MAX];
    if (!*slot) {
        *slot = w->spare ? w->spare : pane_new(w);
        w->spare = NULL;
    }
    return *slot;
}

struct evidence *pane_evidence(const struct windows *w, const struct pane *pane, size_t series)
{
    if (series < w->plain)
        return &pane->evidence[series];
    struct slot_room *room = pane->rooms[series - w->plain];
    return room ? &room->evidence : NULL;
}

void pane_furnish(const struct windows *w, struct pane *pane, size_t series)
{
    struct slot_room **room = &pane->rooms[series - w->plain];
    size_t store = series_store_bytes(w->options.series[series].kind);
    if (*room)
        return;
    *room = calloc(1, sizeof(**room) + store);
    CHECK(*room); // a few KiB, once a slot, like the pane
    pane->states[series].store = store ? (*room)->store : NULL;
}

void pane_retire(struct windows *w, struct pane *pane)
{
    pane->records = pane->late = 0;
    for (size_t i = 0; i < w->options.series_count; i++) {
        struct evidence *evidence = pane_evidence(w, pane, i);
        series_clear(&w->options.series[i], &pane->states[i]);
        if (evidence)
            evidence_clear(evidence);
    }
    if (w->spare)
        pane_free(w, pane);
    else
        w->spare = pane;
}

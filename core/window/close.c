/* SPDX-License-Identifier: MIT */

#include "base/check.h"
#include "window/pane.h"

#include <math.h>

/* All the evidence there can be in one window fits the smallest ring, 4 MiB, which takes frames of half its size. */
enum {
    EVIDENCE_BYTES = sizeof(struct closed_evidence) + EVIDENCE_TEXT_BYTES + EVIDENCE_PATH_BYTES,
    SERIES_BYTES_MAX = sizeof(double) + sizeof(uint64_t) + EVIDENCE_ROLES * EVIDENCE_BYTES,
    FRAME_BYTES_MAX = sizeof(struct closed) + WINDOW_SERIES_MAX * SERIES_BYTES_MAX + 8,
    /* Of each slot its numbers and its name; one `other` for each grouped series, of which there are not more than series. */
    SLOTS_BYTES_MAX =
        (WINDOW_GROUPS_MAX + WINDOW_SERIES_MAX) *
        (sizeof(double) + sizeof(uint64_t) + sizeof(struct closed_group) + GROUP_KEY_BYTES),
    /* Evidence of slots begins as long as no more than this is there: that is all of it, unless a thousand groups have long lines. */
    SLOT_EVIDENCE_UNTIL = (2 << 20) - 128 - SLOTS_BYTES_MAX - EVIDENCE_ROLES * EVIDENCE_BYTES,
};
_Static_assert(FRAME_BYTES_MAX + SLOTS_BYTES_MAX < (2 << 20) - 64,
               "a window fits the smallest ring");
_Static_assert(SLOT_EVIDENCE_UNTIL > FRAME_BYTES_MAX, "groups have evidence too");

static void pad8(struct buffer *out)
{
    static const char zeros[8];
    buffer_append(out, zeros, -out->len & 7);
}

static size_t write_values(const struct windows *w, const struct pane *pane,
                           const struct closed *head, struct buffer *out)
{
    bool open = head->flags & ODDLINE_WINDOW_UNFINISHED;
    size_t at = out->len;
    for (size_t i = 0; i < w->options.series_count; i++) {
        static const struct series_state nothing;
        const struct series_state *state = pane ? &pane->states[i] : &nothing;
        bool nobody = i >= w->plain && !groups_at(w, i, head->index);
        bool sinks = open && !series_only_rises(&w->options.series[i]);
        double value = nobody || sinks ? NAN : series_value(&w->options.series[i], state);
        buffer_append(out, &value, sizeof(value));
    }
    for (size_t i = 0; i < w->options.series_count; i++)
        buffer_append(out, pane ? &pane->states[i].count : &(uint64_t){0}, sizeof(uint64_t));
    return at;
}

static void write_evidence(struct windows *w, const struct pane *pane, struct closed *head,
                           size_t base, struct buffer *out)
{
    struct buffer *found = &w->exhibits;
    buffer_clear(found);
    for (size_t i = 0; pane && i < w->options.series_count; i++) {
        struct closed_evidence some[EVIDENCE_ROLES] = {0};
        const struct evidence *evidence = pane_evidence(w, pane, i);
        if (evidence && (i < w->plain || out->len - base + found->len <= SLOT_EVIDENCE_UNTIL))
            buffer_append(found, some,
                          evidence_write(evidence, (uint32_t)i, out, base, some) *
                              sizeof(some[0]));
    }
    pad8(out);
    head->evidence = (uint32_t)(out->len - base);
    head->evidence_count = (uint32_t)(found->len / sizeof(struct closed_evidence));
    buffer_append(out, found->at, found->len);
}

static void write_groups(struct windows *w, struct closed *head, size_t base,
                         struct buffer *out)
{
    struct buffer *list = &w->exhibits;
    buffer_clear(list);
    for (size_t i = w->plain; i < w->options.series_count; i++) {
        const struct group_slot *slot = groups_at(w, i, head->index);
        if (!slot)
            continue;
        struct closed_group group = {.series = (uint32_t)i,
                                     .fresh = slot->from == head->index,
                                     .key = (uint32_t)(out->len - base),
                                     .key_len = slot->key_len};
        buffer_append(out, slot->key, slot->key_len);
        buffer_append(list, &group, sizeof(group));
    }
    pad8(out);
    head->groups = (uint32_t)(out->len - base);
    head->group_count = (uint32_t)(list->len / sizeof(struct closed_group));
    buffer_append(out, list->at, list->len);
}

static void write_frame(struct windows *w, struct closed head, const struct pane *pane)
{
    struct buffer *out = &w->pending;
    size_t mark = out->len, base = mark + sizeof(size_t);
    buffer_append(out, &(size_t){0}, sizeof(size_t));
    buffer_append(out, &head, sizeof(head));
    size_t values = write_values(w, pane, &head, out);
    head.values = (uint32_t)(values - base);
    head.counts = head.values + (uint32_t)(w->options.series_count * sizeof(double));
    write_evidence(w, pane, &head, base, out);
    if (w->options.group_count)
        write_groups(w, &head, base, out);
    size_t len = out->len - base;
    memcpy(out->at + mark, &len, sizeof(len));
    memcpy(out->at + base, &head, sizeof(head));
    pad8(out);
}

static struct closed head_of(const struct windows *w, uint64_t index, uint32_t flags)
{
    return (struct closed){
        .stream = w->options.stream,
        .flags = flags,
        .start_ns = start_of(w, index),
        .end_ns = start_of(w, index + 1),
        .closed_ns = start_of(w, index + 1) + w->options.lateness_ns,
        .index = index,
        .repeat = 1,
        .series_count = (uint32_t)w->options.series_count,
    };
}

static void write_run(struct windows *w, uint64_t first, uint64_t count)
{
    struct closed head = head_of(w, first, w->empty_flags | ODDLINE_WINDOW_EMPTY);
    head.repeat = count;
    write_frame(w, head, NULL);
}

void close_run(struct windows *w, uint64_t before)
{
    enum { HALF = WINDOW_RUN_MAX / 2 };
    uint64_t run = w->empty_run;
    w->empty_run = 0;
    if (run > WINDOW_RUN_MAX) {
        write_run(w, before - run, HALF);
        write_run(w, before - HALF, HALF);
    } else if (run) {
        write_run(w, before - run, run);
    }
}

static void count_empty(struct windows *w, uint64_t count, uint32_t flags)
{
    if (w->empty_run && w->empty_flags != flags)
        close_run(w, w->oldest);
    w->empty_flags = flags;
    w->empty_run += count;
    w->oldest += count;
    w->counts.closed += count;
}

void close_glance(struct windows *w, int64_t at_ns)
{
    const struct pane *pane = w->panes[w->oldest % WINDOW_OPEN_MAX];
    close_run(w, w->oldest);
    struct closed head = head_of(w, w->oldest, ODDLINE_WINDOW_UNFINISHED);
    head.closed_ns = at_ns;
    head.records = pane->records;
    head.late = pane->late;
    write_frame(w, head, pane);
}

static void close_oldest(struct windows *w, uint32_t flags)
{
    struct pane **slot = &w->panes[w->oldest % WINDOW_OPEN_MAX], *pane = *slot;
    if (!pane) {
        count_empty(w, 1, flags);
        return;
    }
    close_run(w, w->oldest);
    struct closed head =
        head_of(w, w->oldest, flags | (pane->records ? 0 : ODDLINE_WINDOW_EMPTY));
    head.records = pane->records;
    head.late = pane->late;
    write_frame(w, head, pane);
    pane_retire(w, pane);
    *slot = NULL;
    w->oldest++;
    w->counts.closed++;
}

void close_many(struct windows *w, uint64_t count, uint32_t flags)
{
    for (; count && w->oldest <= w->newest; count--)
        close_oldest(w, flags);
    if (count) // behind the newest: a stamp centuries ahead must not cost a turn for each minute of them
        count_empty(w, count, flags);
}

void close_until(struct windows *w, int64_t until, uint32_t flags)
{
    int64_t last = w->options.until_ns, lateness = w->options.lateness_ns;
    if (w->first_ns == NO_TIME || until == NO_TIME)
        return;
    if (last != NO_TIME && until - lateness > last)
        until = last + lateness;
    if (start_of(w, w->oldest + 1) + lateness > until)
        return;
    close_many(w, (uint64_t)((until - lateness - start_of(w, w->oldest)) / w->window_ns),
               flags);
    if (w->newest < w->oldest)
        w->newest = w->oldest;
}

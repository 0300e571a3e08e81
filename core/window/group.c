/* SPDX-License-Identifier: MIT */

#include "window/group.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "window/pane.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* From so many records on it shows whether a field divides them into groups. */
enum { LOOK_AFTER = 1024 };

/* ---- life ------------------------------------------------------------------- */

static int group_create(struct group *g, const struct group_spec *spec)
{
    uint32_t size = 4;
    while (size < 2 * spec->slots)
        size *= 2;
    g->spec = spec;
    g->mask = size - 1;
    g->counts.slots = spec->slots;
    g->slots = calloc(spec->slots + 1, sizeof(*g->slots));
    g->table = calloc(size, sizeof(*g->table));
    return g->slots && g->table ? 0 : -ENOMEM;
}

int groups_create(struct windows *w)
{
    const struct window_options *options = &w->options;
    size_t first = options->series_count, total = 0;
    int r = 0;
    w->groups = options->group_count ? calloc(options->group_count, sizeof(*w->groups)) : NULL;
    if (options->group_count && !w->groups)
        return -ENOMEM;
    for (size_t i = 0; i < options->group_count && r == 0; i++) {
        r = group_create(&w->groups[i], &options->groups[i]);
        total += options->groups[i].slots;
        first -= options->groups[i].slots + 1;
    }
    w->plain = first;
    CHECK(w->plain <= WINDOW_SERIES_MAX && total <= WINDOW_GROUPS_MAX);
    return r;
}

void groups_free(struct windows *w)
{
    for (size_t i = 0; w->groups && i < w->options.group_count; i++) {
        free(w->groups[i].slots);
        free(w->groups[i].table);
    }
    free(w->groups);
}

/* ---- who is where ------------------------------------------------------------ */

static bool is_key(const struct group_slot *slot, struct bytes key)
{
    return bytes_equal((struct bytes){slot->key, slot->key_len}, key);
}

/* The slot of that value; that of `other` when it has none. */
static uint32_t look_up(const struct group *g, struct bytes key, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & g->mask;
    for (; g->table[at]; at = (at + 1) & g->mask) {
        const struct group_slot *slot = &g->slots[g->table[at] - 1];
        if (slot->hash == hash && is_key(slot, key))
            return g->table[at] - 1;
    }
    return g->spec->slots;
}

void group_enter(struct group *g, uint32_t slot)
{
    uint32_t at = (uint32_t)g->slots[slot].hash & g->mask;
    while (g->table[at])
        at = (at + 1) & g->mask;
    g->table[at] = slot + 1;
}

static void leave(struct group *g, uint32_t slot)
{
    g->slots[slot].taken = false;
    memset(g->table, 0, (g->mask + 1) * sizeof(*g->table));
    for (uint32_t i = 0; i < g->spec->slots; i++)
        if (g->slots[i].taken)
            group_enter(g, i);
}

static void sit_down(const struct windows *w, struct group *g, uint32_t slot, struct bytes key)
{
    struct group_slot *s = &g->slots[slot];
    *s = (struct group_slot){.taken = true,
                             .hash = hash_bytes(key),
                             .from = w->placed,
                             .seen = w->placed,
                             .key_len = (uint32_t)key.len};
    if (!key.len)
        return; // `other` is in no table
    memcpy(s->key, key.at, key.len);
    group_enter(g, slot);
    g->counts.seated++;
}

/* Has nobody come for so long that all windows with a record of this group are closed, and many more? */
static bool is_quiet(const struct windows *w, uint64_t seen)
{
    return seen + GROUP_QUIET < w->oldest;
}

static uint32_t quietest(const struct group *g)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < g->spec->slots; i++)
        if (g->slots[i].seen < g->slots[best].seen)
            best = i;
    return best;
}

/* The slot of a group that gives way; that of `other` when none does. */
static uint32_t drive_out(struct windows *w, struct group *g)
{
    if (!is_quiet(w,
                  g->none_before)) // or each record of a useless field would look at all slots
        return g->spec->slots;
    uint32_t slot = quietest(g);
    g->none_before = g->slots[slot].seen;
    if (!is_quiet(w, g->none_before))
        return g->spec->slots;
    close_run(w, w->oldest); // empty windows that wait were still the old group's
    leave(g, slot);
    g->counts.evicted++;
    return slot;
}

static uint32_t find_place(struct windows *w, struct group *g)
{
    const struct group_spec *spec = g->spec;
    if (g->counts.taken < spec->slots)
        return (uint32_t)g->counts.taken++;
    if (!g->full_said)
        log_notice("stream %s: series %s: all groups are taken (%" PRIu32 "); any other %s "
                   "counts as other, unless one had no record for %d windows and gives way",
                   spec->stream, spec->name, spec->slots, spec->field_name, GROUP_QUIET);
    g->full_said = true;
    return drive_out(w, g);
}

/* ---- a record ------------------------------------------------------------------ */

/* At most so many bytes, and no half of a character at the end. */
static struct bytes cut(struct bytes text)
{
    if (text.len <= GROUP_KEY_BYTES)
        return text;
    text.len = GROUP_KEY_BYTES;
    while (text.len && ((unsigned char)text.at[text.len] & 0xc0) == 0x80)
        text.len--;
    return text;
}

static struct bytes value_of(const struct sighting *sighting, const struct oddline_field *field,
                             char room[GROUP_KEY_BYTES])
{
    if (field->is_text)
        return (struct bytes){sighting->batch->text + field->text, field->text_len};
    int len = snprintf(room, GROUP_KEY_BYTES, "%.15g", field->number);
    return (struct bytes){room, (size_t)len};
}

/* What leaves the host is redacted, so two values that become the same text are one group. */
static struct bytes redacted(const struct windows *w, struct bytes value,
                             char room[2 * GROUP_KEY_BYTES])
{
    size_t len = redact(w->options.redactions, w->options.redaction_count, value, room,
                        2 * GROUP_KEY_BYTES);
    return cut((struct bytes){room, len});
}

static uint32_t seat(struct windows *w, struct group *g, struct bytes value)
{
    char room[2 * GROUP_KEY_BYTES];
    struct bytes key = cut(value);
    uint32_t slot = look_up(g, key, hash_bytes(key));
    if (slot == g->spec->slots && w->options.redaction_count) {
        key = redacted(w, value, room);
        slot = look_up(g, key, hash_bytes(key));
    }
    if (slot != g->spec->slots || !key.len)
        return slot;
    slot = find_place(w, g);
    if (slot != g->spec->slots)
        sit_down(w, g, slot, key);
    return slot;
}

/* Groups of a field that says the same twice only by chance are none, and people should know. */
static void look_at_use(struct group *g)
{
    const struct group_spec *spec = g->spec;
    const struct group_counts *c = &g->counts;
    if (g->useless_said || c->other < LOOK_AFTER || c->other <= c->records)
        return;
    bool unique = c->records < 2 * c->seated;
    log_warning("stream %s: series %s: %s is no good for grouping: %s; %" PRIu64 " of %" PRIu64
                " records count as other",
                spec->stream, spec->name, spec->field_name,
                unique ? "hardly two records have the same" : "it has too many values",
                c->other, c->other + c->records);
    g->useless_said = true;
}

static void note(const struct windows *w, struct group *g, uint32_t slot)
{
    struct group_slot *s = &g->slots[slot];
    bool other = slot == g->spec->slots;
    if (other && !s->taken)
        sit_down(w, g, slot, (struct bytes){0});
    s->from = w->placed < s->from ? w->placed : s->from;
    s->seen = w->placed > s->seen ? w->placed : s->seen;
    g->counts.records += !other;
    g->counts.other += other;
    if (other)
        look_at_use(g);
}

static void count_in(const struct windows *w, struct pane *pane, size_t series,
                     struct sighting *sighting)
{
    const struct series_spec *spec = &w->options.series[series];
    struct series_state *state = &pane->states[series];
    bool extreme;
    if (series_store_bytes(spec->kind))
        pane_furnish(w, pane, series);
    if (!series_add(spec, state, sighting->batch, sighting->record, &extreme))
        return;
    pane_furnish(w, pane, series);
    evidence_see(pane_evidence(w, pane, series), sighting, state->count, series_by_value(spec),
                 extreme);
}

void groups_count(struct windows *w, struct pane *pane, struct sighting *sighting)
{
    for (size_t i = 0; i < w->options.group_count; i++) {
        struct group *g = &w->groups[i];
        const struct oddline_field *field =
            series_field(sighting->batch, sighting->record, g->spec->field);
        char room[GROUP_KEY_BYTES];
        struct bytes value = field ? value_of(sighting, field, room) : (struct bytes){.len = 0};
        if (!value.len)
            continue; // of no group, nor of the rest of them
        uint32_t slot = seat(w, g, value);
        note(w, g, slot);
        count_in(w, pane, g->spec->first + slot, sighting);
    }
}

/* ---- for the others --------------------------------------------------------------- */

void groups_shift(struct windows *w, uint64_t back)
{
    for (size_t i = 0; i < w->options.group_count; i++)
        for (uint32_t k = 0; k <= w->options.groups[i].slots; k++) {
            w->groups[i].slots[k].from += back;
            w->groups[i].slots[k].seen += back;
        }
}

const struct group_slot *groups_at(const struct windows *w, size_t series, uint64_t index)
{
    size_t i = 0;
    while (series > w->options.groups[i].first + w->options.groups[i].slots)
        i++;
    const struct group_slot *slot = &w->groups[i].slots[series - w->options.groups[i].first];
    return slot->taken && slot->from <= index ? slot : NULL;
}

struct group_counts windows_group_counts(const struct windows *w, size_t index)
{
    return w->groups[index].counts;
}

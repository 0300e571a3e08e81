/* SPDX-License-Identifier: MIT */
/*
 * The windows of a stream as bytes, so that a restart goes on in the middle of a window.
 *
 * The bytes are of the same build and configuration, but may be torn: whatever they say, the windows that come of them keep what
 * window.c relies on (what is open fits, times can be added to, window 0 begins on a multiple of the length), or there are none.
 */

#include "base/check.h"
#include "window/pane.h"

#include <errno.h>
#include <stdlib.h>

/* No log is from before 1970, but for its zone; and days can be added to an instant, and two subtracted from each other. */
#define EARLIEST_NS (-30 * WINDOW_JUMP_NS)
#define LATEST_NS   (INT64_MAX + 2 * EARLIEST_NS)

static bool is_time(int64_t t)
{
    return t == NO_TIME || (t >= EARLIEST_NS && t <= LATEST_NS);
}

/* ---- panes ------------------------------------------------------------------ */

/* Those that hold something: each behind 1 + its number among the slots, in order; 0 ends them. */
static void pack_slots(const struct windows *w, const struct pane *pane, struct buffer *out)
{
    static const struct evidence none;
    if (!w->options.group_count)
        return;
    for (size_t i = w->plain; i < w->options.series_count; i++) {
        const struct evidence *evidence = pane_evidence(w, pane, i);
        if (!pane->states[i].count && !pane->states[i].to)
            continue;
        pack_u32(out, (uint32_t)(i - w->plain) + 1);
        series_pack(&w->options.series[i], &pane->states[i], out);
        evidence_pack(evidence ? evidence : &none, out);
    }
    pack_u32(out, 0);
}

static bool unpack_slots(const struct windows *w, struct pane *pane, struct unpacker *in,
                         struct path **path)
{
    if (!w->options.group_count)
        return true;
    uint32_t last = 0;
    for (uint32_t n; (n = unpack_u32(in)) != 0; last = n) {
        size_t i = w->plain + n - 1;
        if (n <= last || i >= w->options.series_count)
            return false;
        pane_furnish(w, pane, i);
        if (!series_unpack(&w->options.series[i], &pane->states[i], in) ||
            !evidence_unpack(pane_evidence(w, pane, i), in, path))
            return false;
    }
    return !in->bad;
}

static void pack_pane(const struct windows *w, const struct pane *pane, struct buffer *out)
{
    pack_u64(out, pane->records);
    pack_u64(out, pane->late);
    for (size_t i = 0; i < w->plain; i++) {
        series_pack(&w->options.series[i], &pane->states[i], out);
        evidence_pack(&pane->evidence[i], out);
    }
    pack_slots(w, pane, out);
}

static bool unpack_pane(const struct windows *w, struct pane *pane, struct unpacker *in,
                        struct path **path)
{
    pane->records = unpack_u64(in);
    pane->late = unpack_u64(in);
    for (size_t i = 0; i < w->plain; i++) {
        if (!series_unpack(&w->options.series[i], &pane->states[i], in) ||
            !evidence_unpack(&pane->evidence[i], in, path))
            return false;
    }
    return unpack_slots(w, pane, in, path) && !in->bad;
}

/* Each behind 1 + its number among the open ones, in order; 0 ends them. */
static void pack_panes(const struct windows *w, struct buffer *out)
{
    for (uint64_t index = w->oldest; index <= w->newest; index++) {
        const struct pane *pane = w->panes[index % WINDOW_OPEN_MAX];
        if (!pane)
            continue;
        pack_u32(out, (uint32_t)(index - w->oldest) + 1);
        pack_pane(w, pane, out);
    }
    pack_u32(out, 0);
}

static bool unpack_panes(struct windows *w, struct unpacker *in)
{
    struct path *path = NULL;
    uint64_t next = w->oldest;
    for (uint32_t n; (n = unpack_u32(in)) != 0; next = w->oldest + n) {
        uint64_t index = w->oldest + n - 1;
        if (w->first_ns == NO_TIME || index < next || index > w->newest ||
            !unpack_pane(w, pane_of(w, index), in, &path))
            return false;
    }
    return !in->bad;
}

/* ---- the rest ----------------------------------------------------------------- */

/* The length that is configured; without one, any that is chosen here. */
static bool is_length(const struct windows *w)
{
    int64_t set = w->options.window_ns, length = w->window_ns;
    return set ? length == set
               : length == 0 || length == WINDOW_DENSE_NS || length == WINDOW_SPARSE_NS;
}

/* Windows are counted and closed from 0 on, and the end of the newest is an instant. */
static bool is_span(const struct windows *w)
{
    int64_t end;
    if (w->first_ns == NO_TIME)
        return w->oldest == 0 && w->newest == 0 && w->counts.closed == 0;
    return w->window_ns > 0 && is_time(w->first_ns) && w->first_ns % w->window_ns == 0 &&
           w->newest - w->oldest + 1 <= WINDOW_OPEN_MAX && w->newest < INT64_MAX &&
           w->counts.closed == w->oldest &&
           !__builtin_mul_overflow((int64_t)w->newest + 1, w->window_ns, &end) &&
           !__builtin_add_overflow(end, w->first_ns, &end) &&
           !__builtin_add_overflow(end, w->options.lateness_ns, &end);
}

static void pack_head(const struct windows *w, struct buffer *out)
{
    const uint64_t numbers[] = {
        w->options.series_count,
        (uint64_t)w->window_ns,
        w->oldest,
        w->newest,
        (uint64_t)w->first_ns,
        (uint64_t)w->reached_ns,
        (uint64_t)w->beside_ns,
        w->doubt,
        w->doubted,
        w->counts.records,
        w->counts.closed,
        w->counts.late,
        w->counts.timeless,
        w->counts.suspect,
        w->counts.glances,
        (uint64_t)w->glance_ns,
        w->glanced,
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        pack_u64(out, numbers[i]);
}

static bool unpack_head(struct windows *w, struct unpacker *in)
{
    bool same = unpack_u64(in) == w->options.series_count;
    w->window_ns = (int64_t)unpack_u64(in);
    w->oldest = unpack_u64(in);
    w->newest = unpack_u64(in);
    w->first_ns = (int64_t)unpack_u64(in);
    w->reached_ns = (int64_t)unpack_u64(in);
    w->beside_ns = (int64_t)unpack_u64(in);
    uint64_t doubt = unpack_u64(in), doubted = unpack_u64(in);
    w->doubt = doubt != 0;
    w->doubted = (uint32_t)doubted;
    w->counts.records = unpack_u64(in);
    w->counts.closed = unpack_u64(in);
    w->counts.late = unpack_u64(in);
    w->counts.timeless = unpack_u64(in);
    w->counts.suspect = unpack_u64(in);
    w->counts.glances = unpack_u64(in);
    w->glance_ns = (int64_t)unpack_u64(in);
    w->glanced = unpack_u64(in);
    return same && !in->bad && doubt <= 1 && doubted <= UINT32_MAX && is_length(w) &&
           is_span(w) && is_time(w->reached_ns) && is_time(w->beside_ns) &&
           (is_time(w->glance_ns) || w->glance_ns == INT64_MAX);
}

void windows_pack(const struct windows *w, struct buffer *out)
{
    CHECK(!w->pending.len && !w->empty_run); // else these frames would be lost or come twice
    pack_head(w, out);
    groups_pack(w, out);
    pack_panes(w, out);
}

/* What `fresh` is becomes what `w` is, but for who holds it; what it was is left in `fresh`. */
static void swap(struct windows *w, struct windows *fresh)
{
    struct windows was = *w;
    *w = *fresh;
    w->holders = was.holders;
    *fresh = was;
}

int windows_unpack(struct windows *w, struct unpacker *in)
{
    struct windows *fresh;
    int r = windows_create(&w->options, &fresh);
    if (r < 0)
        return r;
    r = unpack_head(fresh, in) && groups_unpack(fresh, in) && unpack_panes(fresh, in)
            ? 0
            : -EBADMSG;
    if (r == 0)
        swap(w, fresh);
    windows_free(fresh);
    return r;
}

/* ---- sources ------------------------------------------------------------------ */

void window_source_pack(const struct window_source *source, struct buffer *out)
{
    pack_u32(out, source->number);
    path_pack(source->path, out);
    pack_u64(out, (uint64_t)source->reached_ns);
    pack_u64(out, (uint64_t)source->suspect_ns);
    pack_u32(out, source->holds);
}

int window_source_unpack(struct window_source *source, struct unpacker *in, bool *ret_holds)
{
    struct window_source fresh = {.number = unpack_u32(in)};
    CHECK(!source->holds); // it is on a list of windows, which need it as it is
    fresh.path = path_unpack(in, source->path);
    fresh.reached_ns = (int64_t)unpack_u64(in);
    fresh.suspect_ns = (int64_t)unpack_u64(in);
    uint32_t holds = unpack_u32(in);
    if (!fresh.path || in->bad || holds > 1 || !is_time(fresh.reached_ns) ||
        !is_time(fresh.suspect_ns)) {
        path_drop(fresh.path);
        return -EBADMSG;
    }
    path_drop(source->path);
    *source = fresh;
    *ret_holds = holds;
    return 0;
}

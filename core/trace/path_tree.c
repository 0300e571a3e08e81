/* SPDX-License-Identifier: MIT */

#include "trace/path_inner.h"

#include <stdlib.h>

/* ---- who called whom ---------------------------------------------------- */

static int64_t length_of(const struct path_hop *hop)
{
    return hop->from_ns == NO_TIME ? 0 : hop->to_ns - hop->from_ns;
}

/* By how much `hop` sticks out of `caller`, at the side where it does more. */
static int64_t sticks_out(const struct path_hop *hop, const struct path_hop *caller)
{
    int64_t before = caller->from_ns - hop->from_ns, behind = hop->to_ns - caller->to_ns;
    int64_t most = before > behind ? before : behind;
    return most > 0 ? most : 0;
}

/* May it have been called by this one, by its times? */
static bool lies_in(const struct path_hop *hop, const struct path_hop *caller)
{
    if (hop->from_ns == NO_TIME || caller->from_ns == NO_TIME ||
        length_of(hop) > length_of(caller) || hop->from_ns > caller->to_ns ||
        hop->to_ns < caller->from_ns)
        return false;
    bool elsewhere =
        !bytes_equal(hop->host, caller->host) || !bytes_equal(hop->service, caller->service);
    return sticks_out(hop, caller) <= (elsewhere ? PATH_SKEW_NS : 0);
}

/* Would `caller` hang below `hop` then? */
static bool is_below(const struct path *path, uint32_t caller, uint32_t hop)
{
    for (size_t guard = 0; caller != PATH_NO_HOP && guard <= path->hop_count; guard++) {
        if (caller == hop)
            return true;
        caller = path->hops[caller].caller;
    }
    return false;
}

static uint32_t caller_by_span(const struct path *path, uint32_t which)
{
    const struct path_hop *hop = &path->hops[which];
    for (uint32_t i = 0; hop->parent.len && i < path->hop_count; i++)
        if (i != which && bytes_equal(path->hops[i].span, hop->parent) &&
            !is_below(path, i, which))
            return i;
    return PATH_NO_HOP;
}

/* What it lies in without sticking out comes first, then the shortest. */
static bool is_closer(const struct path_hop *hop, const struct path_hop *a,
                      const struct path_hop *b)
{
    bool a_out = sticks_out(hop, a) > 0, b_out = sticks_out(hop, b) > 0;
    if (a_out != b_out)
        return !a_out;
    return length_of(a) < length_of(b);
}

static uint32_t caller_by_time(const struct path *path, uint32_t which)
{
    const struct path_hop *hop = &path->hops[which];
    uint32_t best = PATH_NO_HOP;
    for (uint32_t i = 0; i < path->hop_count; i++)
        if (i != which && lies_in(hop, &path->hops[i]) && !is_below(path, i, which) &&
            (best == PATH_NO_HOP || is_closer(hop, &path->hops[i], &path->hops[best])))
            best = i;
    return best;
}

void path_find_callers(struct path *path)
{
    for (uint32_t i = 0; i < path->hop_count; i++)
        path->hops[i].caller = caller_by_span(path, i);
    for (uint32_t i = 0; i < path->hop_count; i++) {
        struct path_hop *hop = &path->hops[i];
        if (hop->caller == PATH_NO_HOP)
            hop->caller = caller_by_time(path, i);
        if (hop->caller != PATH_NO_HOP && hop->from_ns != NO_TIME &&
            path->hops[hop->caller].from_ns != NO_TIME)
            hop->skew_ns = sticks_out(hop, &path->hops[hop->caller]);
    }
}

/* ---- order -------------------------------------------------------------- */

struct ordering {
    struct path *path;
    struct path_hop *sorted; /* [hop_count] */
    uint32_t *moved;         /* [hop_count]: where each went */
    size_t count;
};

/* The earliest below `caller` that has not been placed; those without a time come last. */
static uint32_t next_below(const struct ordering *o, uint32_t caller)
{
    uint32_t best = PATH_NO_HOP;
    for (uint32_t i = 0; i < o->path->hop_count; i++) {
        const struct path_hop *hop = &o->path->hops[i];
        if (hop->caller != caller || o->moved[i] != PATH_NO_HOP)
            continue;
        const struct path_hop *than = best == PATH_NO_HOP ? NULL : &o->path->hops[best];
        if (!than || (hop->from_ns != NO_TIME &&
                      (than->from_ns == NO_TIME || hop->from_ns < than->from_ns)))
            best = i;
    }
    return best;
}

/* Walks the tree without recursion: down to the next one that is left, else up again. */
static void place_all(struct ordering *o)
{
    uint32_t at = PATH_NO_HOP, depth = 0;
    for (;;) {
        uint32_t next = next_below(o, at);
        if (next == PATH_NO_HOP) {
            if (at == PATH_NO_HOP)
                return;
            at = o->path->hops[at].caller;
            depth--;
            continue;
        }
        o->moved[next] = (uint32_t)o->count;
        o->sorted[o->count] = o->path->hops[next];
        o->sorted[o->count++].depth = depth++;
        at = next;
    }
}

void path_order(struct path *path)
{
    struct ordering o = {
        .path = path,
        .sorted = arena_alloc(&path->arena, path->hop_count + 1, sizeof(*o.sorted)),
        .moved = arena_alloc(&path->arena, path->hop_count + 1, sizeof(*o.moved))};
    for (size_t i = 0; i < path->hop_count; i++)
        o.moved[i] = PATH_NO_HOP;
    place_all(&o);
    for (size_t i = 0; i < o.count; i++)
        if (o.sorted[i].caller != PATH_NO_HOP)
            o.sorted[i].caller = o.moved[o.sorted[i].caller];
    for (size_t i = 0; i < path->step_count; i++)
        path->steps[i].hop = o.moved[path->steps[i].hop];
    path->hops = o.sorted;
}

/* ---- own time ----------------------------------------------------------- */

static int64_t clamp(int64_t at, const struct path_hop *hop)
{
    return at < hop->from_ns ? hop->from_ns : at > hop->to_ns ? hop->to_ns : at;
}

/* Hops below one stand behind it in the order they began, so one pass covers what they cover together. */
void path_find_own(struct path *path)
{
    for (uint32_t i = 0; i < path->hop_count; i++) {
        struct path_hop *hop = &path->hops[i];
        if (hop->from_ns == NO_TIME)
            continue;
        int64_t covered = 0, reached = hop->from_ns;
        for (uint32_t k = i + 1; k < path->hop_count; k++) {
            const struct path_hop *below = &path->hops[k];
            if (below->caller != i || below->from_ns == NO_TIME)
                continue;
            int64_t from = clamp(below->from_ns, hop), to = clamp(below->to_ns, hop);
            from = from < reached ? reached : from;
            covered += to > from ? to - from : 0;
            reached = to > reached ? to : reached;
        }
        hop->own_ns = length_of(hop) - covered;
    }
}

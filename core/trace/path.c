/* SPDX-License-Identifier: MIT */

#include "trace/path_inner.h"

#include <stdlib.h>

/* ---- steps -------------------------------------------------------------- */

static struct bytes copy(struct path *path, struct bytes text)
{
    if (text.len > PATH_TEXT_MAX)
        text.len = PATH_TEXT_MAX;
    return (struct bytes){arena_text(&path->arena, text), text.len};
}

void path_add(struct path *path, const struct path_step *step)
{
    if (!path->steps)
        path->steps = arena_alloc(&path->arena, PATH_STEPS_MAX, sizeof(*path->steps));
    if (path->step_count == PATH_STEPS_MAX) {
        path->cut++;
        return;
    }
    struct path_step *mine = &path->steps[path->step_count];
    *mine = *step;
    mine->order = path->step_count++;
    struct bytes *const texts[] = {&mine->service, &mine->host, &mine->source, &mine->span,
                                   &mine->parent,  &mine->text, &mine->said};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = copy(path, *texts[i]);
}

void path_free(struct path *path)
{
    arena_free(&path->arena);
    *path = (struct path){0};
}

/* Those without a time come last: nothing is known of when. */
static int by_time(const void *a, const void *b)
{
    const struct path_step *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns == NO_TIME     ? 1
               : y->time_ns == NO_TIME   ? -1
               : x->time_ns < y->time_ns ? -1
                                         : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* ---- hops --------------------------------------------------------------- */

static bool is_same_hop(const struct path_hop *hop, const struct path_step *step, bool spans)
{
    return bytes_equal(hop->service, step->service) && bytes_equal(hop->host, step->host) &&
           (!spans || bytes_equal(hop->span, step->span));
}

/* The hop of a step; a record without a span belongs to the service's hop before it, if there is one. */
static uint32_t find_hop(const struct path *path, const struct path_step *step)
{
    bool spans = step->span.len && !path->merged;
    for (size_t i = path->hop_count; i-- > 0;)
        if (is_same_hop(&path->hops[i], step, spans))
            return (uint32_t)i;
    return PATH_NO_HOP;
}

static uint32_t new_hop(struct path *path, const struct path_step *step)
{
    if (path->hop_count == PATH_HOPS_MAX) {
        path->merged = true;
        uint32_t same = find_hop(path, step);
        return same == PATH_NO_HOP ? PATH_HOPS_MAX - 1 : same;
    }
    path->hops[path->hop_count] = (struct path_hop){.service = step->service,
                                                    .host = step->host,
                                                    .span = step->span,
                                                    .from_ns = NO_TIME,
                                                    .to_ns = NO_TIME,
                                                    .caller = PATH_NO_HOP};
    return (uint32_t)path->hop_count++;
}

static void stretch(struct path_hop *hop, const struct path_step *step)
{
    hop->steps++;
    hop->errors += step->error;
    if (!hop->parent.len)
        hop->parent = step->parent;
    if (step->time_ns == NO_TIME)
        return;
    int64_t from = step->time_ns - step->took_ns;
    if (hop->from_ns == NO_TIME || from < hop->from_ns)
        hop->from_ns = from;
    if (hop->to_ns == NO_TIME || step->time_ns > hop->to_ns)
        hop->to_ns = step->time_ns;
}

static void make_hops(struct path *path)
{
    path->hops = arena_alloc(&path->arena, PATH_HOPS_MAX, sizeof(*path->hops));
    for (size_t i = 0; i < path->step_count; i++) {
        struct path_step *step = &path->steps[i];
        step->hop = find_hop(path, step);
        if (step->hop == PATH_NO_HOP)
            step->hop = new_hop(path, step);
        stretch(&path->hops[step->hop], step);
    }
}

/* ---- what is worth a mark ----------------------------------------------- */

static void mark_errors(struct path *path)
{
    path->first_error = path->step_count;
    path->cause = PATH_NO_HOP;
    for (size_t i = 0; i < path->step_count; i++) {
        const struct path_step *step = &path->steps[i];
        if (!step->error)
            continue;
        if (path->first_error == path->step_count)
            path->first_error = i;
        if (path->cause == PATH_NO_HOP ||
            path->hops[step->hop].depth > path->hops[path->cause].depth)
            path->cause = step->hop;
    }
}

static void mark_slowest(struct path *path)
{
    path->slowest = PATH_NO_HOP;
    for (uint32_t i = 0; i < path->hop_count; i++) {
        int64_t own = path->hops[i].own_ns;
        if (own > 0 && (path->slowest == PATH_NO_HOP || own > path->hops[path->slowest].own_ns))
            path->slowest = i;
    }
}

static void measure(struct path *path)
{
    path->from_ns = path->to_ns = NO_TIME;
    for (size_t i = 0; i < path->hop_count; i++) {
        const struct path_hop *hop = &path->hops[i];
        if (hop->from_ns == NO_TIME)
            continue;
        if (path->from_ns == NO_TIME || hop->from_ns < path->from_ns)
            path->from_ns = hop->from_ns;
        if (path->to_ns == NO_TIME || hop->to_ns > path->to_ns)
            path->to_ns = hop->to_ns;
    }
}

void path_close(struct path *path)
{
    if (path->steps)
        qsort(path->steps, path->step_count, sizeof(*path->steps), by_time);
    make_hops(path);
    path_find_callers(path);
    path_order(path);
    path_find_own(path);
    mark_errors(path);
    mark_slowest(path);
    measure(path);
}

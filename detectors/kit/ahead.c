/* SPDX-License-Identifier: MIT */

#include "kit/ahead.h"

#include <oddline/detector.h>

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

static bool grow(struct ahead *ahead, size_t least)
{
    size_t room = ahead->room ? ahead->room : FIRST_ROOM;
    while (room < least)
        room *= 2;
    struct ahead_count *counts =
        room <= AHEAD_MOST ? realloc(ahead->counts, room * sizeof(*counts)) : NULL;
    if (!counts)
        return false;
    ahead->counts = counts;
    ahead->room = room;
    return true;
}

static int64_t window_of(const struct ahead *ahead, int64_t time_ns)
{
    if (time_ns == ODDLINE_NO_TIME)
        return INT64_MIN;
    return time_ns / ahead->window_ns - (time_ns % ahead->window_ns < 0);
}

bool ahead_add(struct ahead *ahead, uint64_t id, int64_t time_ns)
{
    int64_t window = window_of(ahead, time_ns);
    uint32_t *hint = &ahead->hints[(id ^ (uint64_t)window) % AHEAD_HINTS];
    struct ahead_count *known = *hint < ahead->used ? &ahead->counts[*hint] : NULL;
    if (known && known->id == id && known->window == window) {
        known->count++;
        return true;
    }
    if (ahead->used == ahead->room && !grow(ahead, ahead->used + 1))
        return false;
    *hint = (uint32_t)ahead->used;
    ahead->counts[ahead->used++] = (struct ahead_count){.id = id, .window = window, .count = 1};
    return true;
}

size_t ahead_take(struct ahead *ahead, int64_t start_ns, const struct ahead_count **ret)
{
    int64_t window = window_of(ahead, start_ns);
    size_t kept = 0, used = ahead->used;
    for (size_t i = 0; i < used; i++) {
        struct ahead_count count = ahead->counts[i];
        if (count.window <= window)
            continue;
        ahead->counts[i] = ahead->counts[kept];
        ahead->counts[kept++] = count;
    }
    ahead->used = kept;
    *ret = ahead->counts + kept;
    return used - kept;
}

bool ahead_load(struct ahead *ahead, const void *counts, size_t used)
{
    if (used > AHEAD_MOST || (used > ahead->room && !grow(ahead, used)))
        return false;
    if (used)
        memcpy(ahead->counts, counts, used * sizeof(*ahead->counts));
    ahead->used = used;
    return true;
}

void ahead_free(struct ahead *ahead)
{
    free(ahead->counts);
}

/* SPDX-License-Identifier: MIT */

#include "command/fleet_set.h"

#include "base/memory.h"

#include <stdlib.h>

enum { FIRST = 1024 };

static bool put(struct fleet_set *set, uint64_t hash)
{
    size_t i = hash & (set->room - 1);
    for (; set->at[i]; i = (i + 1) & (set->room - 1))
        if (set->at[i] == hash)
            return false;
    set->at[i] = hash;
    set->count++;
    return true;
}

static void grow(struct fleet_set *set)
{
    struct fleet_set old = *set;
    *set = (struct fleet_set){.room = old.room ? old.room * 2 : FIRST};
    set->at = calloc(set->room, sizeof(*set->at));
    if (!set->at)
        memory_gone();
    for (size_t i = 0; i < old.room; i++)
        if (old.at[i])
            put(set, old.at[i]);
    free(old.at);
}

bool fleet_set_add(struct fleet_set *set, uint64_t hash)
{
    if (set->count * 2 >= set->room)
        grow(set);
    return put(set, hash ? hash : 1);
}

void fleet_set_free(struct fleet_set *set)
{
    free(set->at);
    *set = (struct fleet_set){0};
}

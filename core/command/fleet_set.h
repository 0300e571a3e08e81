/* SPDX-License-Identifier: MIT */
/* fleet_set.h - a growing set of 64-bit hashes. Two that meet in one count as one: once in some 10^7 lists of a million. */
#ifndef COMMAND_FLEET_SET_H
#define COMMAND_FLEET_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fleet_set {
    uint64_t *at; /* [room], a power of two; 0: free */
    size_t room, count;
};

/* False: it was there. */
bool fleet_set_add(struct fleet_set *set, uint64_t hash);
void fleet_set_free(struct fleet_set *set);

#endif /* COMMAND_FLEET_SET_H */

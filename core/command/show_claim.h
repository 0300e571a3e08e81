/* SPDX-License-Identifier: MIT */
/*
 * show_claim.h - is a record still where a finding says it was?
 *
 *      path, offset, length, hash ──▶ the place ──▶ the same place in neighbours ──▶ anywhere in them, by hash
 *                                     verified      verified: renamed, packed        verified: moved within
 *
 * Neighbours are files of the same directory whose names begin alike up to the first dot: app.log, app.log.1, app.log.2.zst. Of an archive
 * the offset counts unpacked bytes, so rotation changes the name and not the place. Files are only read.
 */
#ifndef COMMAND_SHOW_CLAIM_H
#define COMMAND_SHOW_CLAIM_H

#include "base/bytes.h"

#include <limits.h>
#include <stdint.h>

enum {
    CLAIM_CONTEXT_BYTES = 64 << 10, /* read on each side of a record */
    CLAIM_LENGTH_MAX = 1 << 20,     /* no record is longer */
    CLAIM_NEIGHBOURS_MAX = 256,
};
#define CLAIM_SEARCH_BYTES                                                                     \
    (UINT64_C(4) << 30) /* unpacked, looked through by hash for one record */

struct claim {
    const char *path;
    uint64_t offset, hash;
    size_t length;
};

enum claim_state {
    CLAIM_VERIFIED, /* these bytes hash to what was stored */
    CLAIM_CHANGED,  /* the place holds other bytes, and the record is nowhere */
    CLAIM_GONE,     /* there is no such place any more, and the record is nowhere */
};

/* Where it was found, and what stands around it. */
struct claim_place {
    enum claim_state state;
    char path[PATH_MAX];
    uint64_t offset;
    struct buffer
        around; /* owned: the record with what is before and behind it; empty unless verified */
    size_t record;  /* where the record begins in it */
    bool exhausted; /* the search ended at its bound */
};

/* Cost: a read at the place; where it is not there, opens the neighbours, and reads them through. */
void claim_check(const struct claim *claim, struct claim_place *ret);
void claim_place_free(struct claim_place *place);

const char *claim_state_name(enum claim_state state);

#endif /* COMMAND_SHOW_CLAIM_H */

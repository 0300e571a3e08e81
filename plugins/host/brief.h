/* SPDX-License-Identifier: MIT */
/*
 * brief.h - what core and worker tell each other about plugins and seats, packed.
 *
 *      worker ──label──▶ core          checked like any label, since a stranger's process wrote it
 *      core ──briefing──▶ worker       trusted: it comes before the worker has anything to do
 */
#ifndef HOST_BRIEF_H
#define HOST_BRIEF_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "host/host.h"

#include <stdbool.h>

/* ---- labels ------------------------------------------------------------- */

void label_pack(struct buffer *out, const struct oddline_plugin *label);
/*
 * The label in `packed`, made of memory of `arena`, and checked; `where` begins the sentence. Its functions are there or not, as
 * in the original, but calling one ends the program: they live in another process.
 */
int label_unpack(struct bytes packed, const char *where, struct arena *arena,
                 struct oddline_plugin *ret, struct error *reterr);

/* ---- seats -------------------------------------------------------------- */

/* One instance to be, as the worker needs to know it. All text lent. */
struct seat_brief {
    uint32_t number; /* in the core's list */
    uint32_t plugin; /* index in the worker's list of files */
    uint32_t stream; /* number of the stream */
    const char *stream_name;
    const uint32_t *on;        /* [on_count] indices in the stream's series */
    const char *const *series; /* [on_count] */
    uint32_t on_count;
    const char *const *field_names; /* [field_count] */
    uint32_t field_count;
    const struct plugin_setting *settings; /* [setting_count] */
    uint32_t setting_count;
    int64_t
        window_ns; /* 0: opens when its stream begins; else it was open before, and opens now */
    bool has_state;
    uint32_t state_version;
    struct bytes state;
};

struct briefing {
    uint64_t begin;      /* position of the ring to go on from */
    uint64_t save_every; /* bytes of the ring between two saved states */
    uint64_t skip;       /* position of a frame to leave out, UINT64_MAX = none */
    uint32_t seat_count;
    struct seat_brief *seats; /* unpacking: of the arena */
};

void briefing_pack(struct buffer *out, const struct briefing *briefing);
/* -EBADMSG when it is cut off. */
int briefing_unpack(struct bytes packed, struct arena *arena, struct briefing *ret);

#endif /* HOST_BRIEF_H */

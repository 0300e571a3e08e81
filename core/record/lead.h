/* SPDX-License-Identifier: MIT */
/*
 * lead.h - where the sentence of a message begins, behind the columns that every line of a source has.
 *
 *      LabSZ sshd[24200]: Connection closed by 5.188.10.180         "up to a colon"
 *      [SendWorker:18897@688] - Send worker leaving thread          "up to a dash"
 *      Step_LSC|30002312|onStandStepChanged 3579                    "up to a bar", twice
 *      nova.compute [req-38101a0b - - -] VM Started                 "a bracket"
 *
 * Host, process, thread and class are columns: they say where a line comes from, not what it says, and would split one
 * template into many. No program is known by name: a kind of border counts as a column's end when nearly all lines of a sample
 * have it near their start. What is not found in nearly all lines belongs to the sentence ("error: Received disconnect").
 */
#ifndef RECORD_LEAD_H
#define RECORD_LEAD_H

#include "base/bytes.h"
#include "base/pack.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LEAD_STEPS = 8,
    LEAD_LINES =
        200, /* of a source that are looked at: as many as its format is chosen by ... */
    LEAD_BYTES = 64 * 1024, /* ... and at most so many bytes */
    LEAD_HEAD = 384,        /* bytes of a message in which columns end */
};

struct lead {
    uint8_t steps[LEAD_STEPS]; /* borders, in order */
    uint8_t count;
};

/* `messages`: some of the source's, lent; is changed (cut at the columns found). */
struct lead lead_learn(struct bytes *messages, size_t count);
/* The rest of a message, all of it where the columns are not there. Cost: a few ns a column. */
struct bytes lead_skip(const struct lead *lead, struct bytes message);

void lead_pack(const struct lead *lead, struct buffer *out);
bool lead_unpack(struct lead *lead,
                 struct unpacker *in); /* false: these bytes are none; *lead is as it was */

/*
 * The columns of one source, learnt from its beginning. Until enough was seen to know them for good they are learnt anew with
 * each batch, so what came first is kept: some 20 KiB, given back then.
 */
struct columns {
    struct lead lead;
    bool known;     /* for good */
    uint32_t lines; /* looked at */
    uint64_t bytes;
    uint32_t count;      /* messages in `heads` */
    struct buffer heads; /* their beginnings, packed */
};
/* A record of the source with its length in lines and bytes; nothing happens once the columns are known. */
void columns_see(struct columns *columns, struct bytes message, uint32_t lines, size_t bytes);
/* Say what can be said by now. */
void columns_learn(struct columns *columns);
/* The columns of this source, `usual` when so little was seen that nothing can be said. */
const struct lead *columns_lead(const struct columns *columns, const struct lead *usual);
void columns_free(struct columns *columns);

void columns_pack(const struct columns *columns, struct buffer *out);
/* Into zeroed columns; false when these bytes are none, then what is there is for columns_free(). */
bool columns_unpack(struct columns *columns, struct unpacker *in);

#endif /* RECORD_LEAD_H */

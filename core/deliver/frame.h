/* SPDX-License-Identifier: MIT */
/*
 * frame.h - one piece of a journal file, guarded by two hashes.
 *
 *      | magic length | number | hash of payload | hash of the head | payload ... | zeros up to a multiple of 8 |
 *
 *      FINDING  number = n     one finding
 *      BLOCK    number = seq   closes the findings in front of it, and holds their manifest
 *
 * The head has a hash of its own so that a frame can be stepped over without being read. Both hashes take in the epoch:
 * a frame of another life of the directory is no frame. Frames begin at multiples of 8, so that behind a damaged one the
 * next good one is found by looking. Numbers are in the byte order of this machine, see segment.h.
 */
#ifndef DELIVER_FRAME_H
#define DELIVER_FRAME_H

#include "base/bytes.h"
#include "deliver/encode.h"
#include "deliver/sink.h"

#include <stdint.h>

enum {
    FRAME_FINDING_MAX = ENCODE_MAX + 8192, /* payload: the object and what stands beside it */
    FRAME_MANIFEST_MAX = 16 << 20,         /* far above what the ring lets through */
};

enum frame_kind { FRAME_FINDING, FRAME_BLOCK };
struct frame {
    enum frame_kind kind;
    uint32_t length; /* of the payload */
    uint64_t number, begin, end;
    uint64_t hash; /* of the payload */
};

struct block {
    uint64_t seq;
    uint64_t first_n, count; /* its findings; first_n is the next one when there are none */
    uint64_t span;           /* bytes of their frames, right in front */
    int64_t time_ns;         /* of the commit */
    struct bytes manifest;
};

/* A file, or a part of it, to find frames in. */
struct frames {
    int fd;
    uint64_t epoch, end;
};

/* The first good head at or behind `offset`. 1, or 0 when there is none. */
int frame_find(const struct frames *in, uint64_t offset, struct frame *ret);
/* Its payload into `room` [frame->length]. False: damaged. */
bool frame_payload(const struct frames *in, const struct frame *frame, char *room);
/* What the payload says; the texts are lent from it. False: not what we write. */
bool frame_entry(const struct frames *in, const struct frame *frame, const char *payload,
                 struct entry *ret);
bool frame_block(const struct frame *frame, const char *payload, struct block *ret);

/* Append a frame to `out`. */
void frame_put_entry(struct buffer *out, const struct entry *entry);
void frame_put_block(struct buffer *out, uint64_t epoch, const struct block *block);

/* The bytes of the payload of this entry. */
size_t frame_entry_size(const struct entry *entry);

#endif /* DELIVER_FRAME_H */

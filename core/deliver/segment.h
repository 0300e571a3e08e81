/* SPDX-License-Identifier: MIT */
/*
 * segment.h - one file of the outbox: a header and frames, each guarded by a hash.
 *
 *      | magic version | epoch | first n | hash |   header, 32 bytes
 *      | magic length | n | hash | payload ...  |   frame, padded to 8 bytes
 *
 * Frames begin at multiples of 8, so that behind a damaged one the next good one is found by looking. Numbers are in the
 * byte order of this machine: a state directory does not travel, and the magic says so when one does.
 */
#ifndef DELIVER_SEGMENT_H
#define DELIVER_SEGMENT_H

#include "base/bytes.h"
#include "base/error.h"
#include "deliver/encode.h"
#include "deliver/sink.h"

#include <stdint.h>

enum {
    SEGMENT_HEADER = 32,
    SEGMENT_PAYLOAD_MAX = ENCODE_MAX + 8192, /* the object and what stands beside it */
};

struct segment {
    int fd; /* -1: not open */
    uint64_t epoch, first_n;
    uint64_t last_n;  /* 0: holds no frame */
    uint64_t size;    /* bytes up to the end of the last good frame */
    uint64_t skipped; /* runs of damaged bytes found in the middle */
    uint64_t torn;    /* bytes behind the last good frame */
};

/* A new file, header written and synced; the caller syncs the directory. */
int segment_create(int dir, const char *name, struct segment *ret, struct error *reterr);
/* Open and walk every frame. -EBADMSG when the header is no good. The torn tail is left as it is. */
int segment_open(int dir, const char *name, bool writable, struct segment *ret,
                 struct error *reterr);
/* Walk on from `size` what another process appended since. */
void segment_refresh(struct segment *segment);
void segment_close(struct segment *segment);

/* One frame of `entry`, appended to `out`. */
void segment_frame(const struct entry *entry, struct buffer *out);

/* Append frames, the last of which is `last_n`, and sync. After an error the file is as long as before. */
int segment_append(struct segment *segment, struct bytes frames, uint64_t last_n);

/*
 * The first good frame at or behind *offset: its payload goes to `room` [SEGMENT_PAYLOAD_MAX], *ret points into it, and
 * *offset moves behind the frame. 1 found, 0 end, -EMSGSIZE when it needs more than `room_size`.
 */
int segment_read(const struct segment *segment, uint64_t *offset, char *room, size_t room_size,
                 struct entry *ret);
/* The size in `room` that the entry took. */
size_t segment_payload_size(const struct entry *entry);

#endif /* DELIVER_SEGMENT_H */

/* SPDX-License-Identifier: MIT */
/*
 * segment.h - one file of the journal: a header, then blocks, then zeros up to the room that was asked for ahead.
 *
 *      header | F F F B | F B | B | F F B | 0 0 0 0 0 ...       F finding, B block: see frame.h
 *             `- one block: one write, one fdatasync
 *
 * Findings count only when the block frame that closes them is there: `size` is the end of the last *whole* block. A
 * COMPACT segment has lost its manifests and holds findings only, each of which counts by itself.
 *
 * Numbers are in the byte order of this machine: a state directory does not travel. The header says when one does, and a
 * header of 80 bytes with its hash last is promised by every version from 2 on, so that later ones are known as such.
 */
#ifndef DELIVER_SEGMENT_H
#define DELIVER_SEGMENT_H

#include "base/error.h"
#include "deliver/frame.h"

enum {
    SEGMENT_HEADER = 80,
    SEGMENT_ROOM = 1 << 20, /* asked for ahead, unless one block needs more */
};

struct segment {
    uint64_t id;    /* unique in this process: what was compacted is another one */
    uint64_t inode; /* another process sees by it that the file was replaced */
    uint64_t epoch, first_seq, first_n;
    uint64_t last_seq, last_n;     /* first - 1 when there is none */
    int64_t created_ns, newest_ns; /* wall clock: of the file, of its last block */
    bool compact, manifests;       /* manifests: some block has one */
    uint64_t size, room;           /* end of the last whole block; of the file */
    uint64_t finding_bytes;        /* frames of findings */
    uint64_t skipped;              /* damaged places in the middle */
    uint64_t torn;                 /* bytes behind `size` up to the last one that is not zero */
};

enum segment_kind { SEGMENT_OURS, SEGMENT_DAMAGED, SEGMENT_FOREIGN };
/*
 * What the header says. FOREIGN: whole, but of another version of oddline or another kind of machine. Only OURS fills
 * *ret, with nothing known of the blocks.
 */
enum segment_kind segment_header(int fd, struct segment *ret);
/* Write the header of a segment that begins with `segment`'s first_seq, first_n, epoch, times, compact, last_seq. */
int segment_put_header(int fd, const struct segment *segment);

/*
 * Walk from `size` (or the header) to the end and take in every whole block. `scratch` holds a payload at a time; out of
 * memory ends the walk early with -ENOMEM. A segment made up with an epoch and first_seq = first_n = 1 can be walked too,
 * to see which numbers a file with a damaged header gave away.
 */
int segment_walk(int fd, struct segment *segment, struct buffer *scratch);
/* Overwrite the torn bytes with zeros and sync. 0, -ENOSPC, -EIO. */
int segment_cut(int fd, struct segment *segment);

#endif /* DELIVER_SEGMENT_H */

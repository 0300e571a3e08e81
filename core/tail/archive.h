/* SPDX-License-Identifier: MIT */
/*
 * archive.h - what the rest of the room asks of an archive.
 */
#ifndef TAIL_ARCHIVE_H
#define TAIL_ARCHIVE_H

#include "tail/bookmark.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source;

/*
 * A few KiB can unpack to a GiB. An archive may give `floor` bytes freely and `ratio` bytes for each packed byte read,
 * but never more than `most`. Real logs pack 5 to 100 times, a log of one repeated line 1,000 times and more.
 */
struct archive_limits {
    uint64_t floor, ratio, most;
};
extern struct archive_limits archive_limits; /* a test lowers them */

/* Does the file begin like a zstd frame, or a skippable one? */
bool archive_begins(int fd);
/* It is still being written, perhaps, and shows too little yet to be known again; from now on its end is waited for. */
bool archive_too_young(struct source *source);
/* Packed bytes that were not unpacked yet. */
uint64_t archive_left(const struct source *source);
/* Unpack the first bytes without moving; returns how many, or 0 when it is damaged or empty. */
size_t archive_peek(struct source *source, char head[IDENTITY_HEAD_BYTES]);
/*
 * Nothing of it was read yet: go on at `offset`, if the bytes before it are those of `marker`. The next reads unpack and drop
 * what lies before, in turns; where it is other content after all, they begin at 0 with -ESTALE.
 */
void archive_resume(struct source *source, uint64_t offset, const struct identity *marker);

/*
 * Go on at `offset`, if the bytes before the bookmark, which lies at or behind it, are those that were read then.
 *   Returns  0, -ESTALE when they are others, -ENOMEM
 *   Cost     unpacks all up to the bookmark
 */
int archive_rewind(struct source *source, uint64_t offset, const struct bookmark *mark);

#endif /* TAIL_ARCHIVE_H */

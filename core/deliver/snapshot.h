/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - all that has state, at one block of the journal: a file of named sections in the state directory.
 *
 *      | magic version | seq | build | bytes | sections | hash | { name length hash | bytes padded to 8 } ...
 *
 *      DIR/snapshot.new --fdatasync, rename, fsync(DIR)--> DIR/snapshot.<seq as 16 hex>      the two newest are kept
 *
 * It is good whole or not at all: the header's hash takes in every section's. A version that is not ours is told apart
 * from damage, since the header is the same in all of them.
 */
#ifndef DELIVER_SNAPSHOT_H
#define DELIVER_SNAPSHOT_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdint.h>

enum {
    SNAPSHOT_KEPT = 2,
    SNAPSHOT_NAME_SIZE = 32, /* of a section, with its NUL */
    SNAPSHOT_SECTIONS_MAX = 4096,
    SNAPSHOT_BYTES_MAX = 256 << 20, /* of the file */
};

/* ---- writing ------------------------------------------------------------ */

struct snapshot_writer {
    int dir, fd;
    uint64_t seq, size, hash; /* hash: of the sections so far */
    uint32_t count;
    int failed; /* the first error; what follows is nothing */
};
/*
 * Between begin and end nothing fails at once: snapshot_end() says it. After begin has succeeded, end must come.
 * `dir` is a path; seq that of the last block that the state includes.
 */
int snapshot_begin(struct snapshot_writer *writer, const char *dir, uint64_t seq,
                   struct error *reterr);
void snapshot_section(struct snapshot_writer *writer, const char *name, struct bytes bytes);
/*
 * Make it durable under its name, then delete all others but the newest one before it.
 *
 *   Returns  0; -ENOSPC: no room, the older ones stand; -EFBIG: more than the limits above; -EIO: a sync failed, and what
 *            the disk holds is unknown: the caller ends the process
 */
int snapshot_end(struct snapshot_writer *writer, uint64_t build, struct error *reterr);

/* ---- reading ------------------------------------------------------------ */

struct snapshot;
/*
 * The newest one (nth = 0) or the one before it (1). -ENOENT: there is none; -EBADMSG: damaged or cut off; -EPROTO: of
 * another version of the format; other -errno.
 */
int snapshot_open(const char *dir, size_t nth, struct snapshot **ret, struct error *reterr);
void snapshot_close(struct snapshot *snapshot); /* accepts NULL */
/* Lent until the close; at is NULL when there is no such section. */
struct bytes snapshot_find(const struct snapshot *snapshot, const char *name);
uint64_t snapshot_seq(const struct snapshot *snapshot);
uint64_t snapshot_build(const struct snapshot *snapshot);
/* The seqs of the files that are there, newest first, without a look inside; how many, or -errno. */
int snapshot_list(const char *dir, uint64_t seqs[SNAPSHOT_KEPT]);

#endif /* DELIVER_SNAPSHOT_H */

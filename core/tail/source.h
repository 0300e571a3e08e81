/* SPDX-License-Identifier: MIT */
/*
 * source.h - one file, archive or pipe that bytes come from.
 *
 *      read ──▶ [ bytes from the consumed offset on ]      consume ──▶ the offset moves
 *
 * The reader says how much it could use; the rest comes again with the next read. A file is simply read again there; an
 * archive or a pipe cannot go back, so it keeps the rest itself (bounded: what one read left).
 */
#ifndef TAIL_SOURCE_H
#define TAIL_SOURCE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct source;

enum source_kind { SOURCE_FILE, SOURCE_ARCHIVE, SOURCE_PIPE };

/*
 * Open `path`, which a person has named, for reading: an archive when it begins like zstd, else a file. Only regular files are
 * opened (never a FIFO, a device or a directory), never for writing. What the tail follows is opened more warily: open.h.
 *   Owns     the caller, until source_close()
 */
int source_open(const char *path, struct source **ret, struct error *reterr);
/* Bytes from an open descriptor, such as stdin. The descriptor stays the caller's. Reads never block longer than asked. */
int source_open_pipe(int fd, const char *name, struct source **ret, struct error *reterr);
void source_close(struct source *source); /* accepts NULL */

/*
 * Fill `buf` with the bytes from the consumed offset on.
 *
 *   Returns  1..size: that many bytes lie in buf (perhaps the same as last time, plus more)
 *            0: nothing beyond what the last read showed *now*
 *            -ENODATA: nothing will ever follow; what the last read showed is final
 *            -ESTALE: once after a truncation (or a replaced file): the offset is back at 0, counted in source_gap()
 *            -EBADMSG: the archive is damaged or broken off here; what came before it was delivered
 *            other -errno from the system; not for a followed file: there it is said, tried again, and then a gap
 *   Cost     one pread(2) (file)
 */
ssize_t source_read(struct source *source, void *buf, size_t size);
/*
 * The bytes that the last read showed and nobody has consumed, once more: 0..size. For a reader that left them because
 * more might follow, and now knows better. After source_read() of a source that cannot go back, source_consume() comes
 * first, with 0 used if need be.
 */
ssize_t source_again(struct source *source, void *buf, size_t size);

/*
 * Of the `got` bytes of the last read in `buf`, the first `used` are done with. To be called once after each read that
 * returned bytes, also with 0, before buf is touched: an archive or a pipe keeps the rest from there.
 */
void source_consume(struct source *source, const void *buf, size_t got, size_t used);

/* Go on (in a file that is open) at `offset`; -ENODATA when it is shorter. What was shown and not consumed is forgotten. */
int source_seek(struct source *source, uint64_t offset);

const char *source_path(const struct source *source);
enum source_kind source_kind(const struct source *source);
uint64_t
source_offset(const struct source *source); /* consumed; in the unpacked bytes of an archive */
uint64_t source_size(const struct source *source); /* now, on disk; 0 for a pipe */
int64_t source_mtime_ns(const struct source *source);

/* Bytes known to be lost since last asked, with one sentence why; 0 and NULL when none. */
uint64_t source_gap(struct source *source, const char **ret_reason);

#endif /* TAIL_SOURCE_H */

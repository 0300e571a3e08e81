/* SPDX-License-Identifier: MIT */
/*
 * beside.h - the other files in a log's directory: what it was renamed, copied or packed to.
 */
#ifndef TAIL_BESIDE_H
#define TAIL_BESIDE_H

#include "tail/bookmark.h"

#include <stdbool.h>

struct source;

/* A name in the directory; `inode` is the directory's word for it. True ends the walk. */
typedef bool beside_visit(void *context, const char *path, uint64_t inode);
/* Show each name in the directory of `path`, that one too: 1 when a visit was true, 0, -errno. */
int beside_each(const char *path, beside_visit *visit, void *context);
/*
 * The same, and once more (at most seven times) when names changed under the walk, for a rename may hide a file from it: where the
 * directory says so, or a visit sets *moved because it found another inode under the name.
 */
int beside_settled(const char *path, beside_visit *visit, void *context, bool *moved);

enum beside_kind { BESIDE_COPY = 1, BESIDE_ARCHIVE = 2 };

/*
 * A file beside the one of `mark`, named like it, that holds the content the mark was made in: a copy with the same head and
 * the same bytes before the offset, or an archive with the same head. It stands at its beginning.
 *   Returns  0, -ENOENT
 *   Cost     opens at most LOOKS_MAX files
 */
int beside_find(const struct bookmark *mark, unsigned kinds, struct source **ret);

#endif /* TAIL_BESIDE_H */

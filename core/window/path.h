/* SPDX-License-Identifier: MIT */
/*
 * path.h - the name of a source, shared by all records kept of it.
 *
 * A window may outlive the source its evidence came from, so a name lives as long as somebody refers to it. One thread.
 */
#ifndef WINDOW_PATH_H
#define WINDOW_PATH_H

#include "base/pack.h"

struct path; /* counted */

/* A copy of `text` with one reference; NULL when out of memory. */
struct path *path_new(const char *text);
struct path *path_take(struct path *path); /* one more reference */
void path_drop(struct path *path);         /* one less; accepts NULL */
const char *path_text(const struct path *path);

void path_pack(const struct path *path, struct buffer *out);
/* A reference: to `like` (may be NULL) when that is the same name, else to a new one. NULL when the bytes are none. */
struct path *path_unpack(struct unpacker *in, struct path *like);

#endif /* WINDOW_PATH_H */

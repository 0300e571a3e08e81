/* SPDX-License-Identifier: MIT */
/*
 * path.h - the name of a source, shared by all records kept of it.
 *
 * A window may outlive the source its evidence came from, so a name lives as long as somebody refers to it. One thread.
 */
#ifndef WINDOW_PATH_H
#define WINDOW_PATH_H

struct path; /* counted */

/* A copy of `text` with one reference; NULL when out of memory. */
struct path *path_new(const char *text);
struct path *path_take(struct path *path); /* one more reference */
void path_drop(struct path *path);         /* one less; accepts NULL */
const char *path_text(const struct path *path);

#endif /* WINDOW_PATH_H */

/* SPDX-License-Identifier: MIT */
/*
 * path_inner.h - path.c collects records and makes hops of them; path_tree.c says who called whom.
 */
#ifndef TRACE_PATH_INNER_H
#define TRACE_PATH_INNER_H

#include "trace/path.h"

/* Give each hop its caller, and by how much it sticks out of it. */
void path_find_callers(struct path *path);
/* Put each hop behind its caller, in the order they began; steps follow. */
void path_order(struct path *path);
/* What of each hop no other below it covers. */
void path_find_own(struct path *path);

#endif /* TRACE_PATH_INNER_H */

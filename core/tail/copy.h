/* SPDX-License-Identifier: MIT */
/*
 * copy.h - copytruncate: what was not read before the log was cut off may lie in the copy that was made of it.
 *
 *      app.log   [ read ........ | unread ... ] ──cp──▶ app.log.1 [ read ........ | unread ... ]   read on here, then let go
 *      app.log   [ new ... ]     begins at 0, when the copy is drained
 */
#ifndef TAIL_COPY_H
#define TAIL_COPY_H

#include "tail/follow.h"

/*
 * The content of `mark` is not in `f` any more: is there a copy of it beside? If so, it is read on to its end, under a serial
 * of its own, and before `f`.
 *   Returns  up to where the old content is to be had: at least the mark's offset
 */
uint64_t copy_follow(struct followed *f, const struct bookmark *mark);

#endif /* TAIL_COPY_H */

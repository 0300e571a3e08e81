/* SPDX-License-Identifier: MIT */
/*
 * restore.h - at the start: be again what the daemon was when it last wrote a block.
 *
 *      snapshot ─▶ bookmarks, windows, recorders, judge        blocks behind it ─▶ bookmarks, then the same steps again
 *
 * In this order, as the parts come to life: restore_load() when journal and tail are there; restore_judge() before the judge starts;
 * restore_replay() when it runs.
 *
 * Thread   main, before the loop
 */
#ifndef APP_RESTORE_H
#define APP_RESTORE_H

#include "app/commit.h"
#include "base/error.h"

struct restore;

/* Find the snapshot and tell the tail where every file stood at the last block. Only a disk that cannot be read is an error. */
int restore_load(struct daemon *daemon, struct restore **ret, struct error *reterr);
/* What judge and detectors knew. */
void restore_judge(struct daemon *daemon, const struct restore *restore);
/* Streams and sources as they were, then every block behind the snapshot once more; sources go on where the last one ended. */
void restore_replay(struct daemon *daemon, struct restore *restore);
void restore_free(struct restore *restore); /* accepts NULL */

#endif /* APP_RESTORE_H */

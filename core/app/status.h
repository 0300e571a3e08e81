/* SPDX-License-Identifier: MIT */
/*
 * status.h - what the daemon says of itself, for `oddline status` and `oddline metrics`.
 *
 *      judge thread ──report──▶ [its half, under a lock] ──▶ main thread ──▶ STATE_DIR/status.json ──▶ the two commands
 *
 * A file, so that looking costs the daemon nothing and works for whoever may read the directory. Replaced as a whole every
 * few seconds; not synced, since it is of no use after a crash.
 */
#ifndef APP_STATUS_H
#define APP_STATUS_H

#include "app/daemon.h"

/* The judge thread's half: every second, from its loop. */
void status_note(struct daemon *daemon);
/* The main thread: write the file if it is time. */
void status_write(struct daemon *daemon, int64_t now_ns);
/* The last one, at the end; says that the daemon is gone. */
void status_end(struct daemon *daemon);

#endif /* APP_STATUS_H */

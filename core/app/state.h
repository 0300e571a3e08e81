/* SPDX-License-Identifier: MIT */
/*
 * state.h - the directory in which the daemon keeps what must survive it.
 */
#ifndef APP_STATE_H
#define APP_STATE_H

#include "base/bytes.h"
#include "base/error.h"

/* Make `dir` with its parents (0750, where they are not there yet); 0 too when it is there already. */
int state_make(const char *dir, struct error *reterr);

/*
 * What the detectors knew at an orderly end: written then, and taken away when it is read, since after a crash it would be
 * older than the bookmarks. `text` is cleared first.
 */
int state_take(const char *dir, struct buffer *text);
int state_keep(const char *dir, const struct buffer *text);

#endif /* APP_STATE_H */

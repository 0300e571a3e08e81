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

#endif /* APP_STATE_H */

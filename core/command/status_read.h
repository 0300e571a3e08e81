/* SPDX-License-Identifier: MIT */
/*
 * status_read.h - the file that the daemon writes (app/status.h), for the commands that show something of it.
 */
#ifndef COMMAND_STATUS_READ_H
#define COMMAND_STATUS_READ_H

#include "base/bytes.h"
#include "base/error.h"

/* What the daemon of that state directory wrote last, running or not. */
int status_read(const char *dir, struct buffer *into, struct error *reterr);

/*
 * The same, of the state directory that somebody named (given.h); NULL: did not.
 *   Returns  EXIT_DONE, or the exit code to leave with; then it was said why
 */
int status_open(const char *config_path, const char *state_dir, struct buffer *into);

#endif /* COMMAND_STATUS_READ_H */

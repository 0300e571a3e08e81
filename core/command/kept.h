/* SPDX-License-Identifier: MIT */
/* kept.h - the findings that the journal of a state directory keeps, for commands that look through all of them. */
#ifndef COMMAND_KEPT_H
#define COMMAND_KEPT_H

#include "base/error.h"
#include "deliver/journal.h"

/* The entry is lent for the call. */
typedef void kept_visit(void *context, const struct entry *entry);

/*
 * Every finding, the oldest first.
 *   Returns  0; -ENOENT and a sentence when no daemon has run with this directory; -errno
 */
int kept_each(const char *state_dir, kept_visit *visit, void *context, struct error *reterr);

#endif /* COMMAND_KEPT_H */

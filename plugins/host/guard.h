/* SPDX-License-Identifier: MIT */
/*
 * guard.h - is this a file that only root and we ourselves could have put there?
 *
 * The file and every directory above it must belong to root or to the effective user and be writable by nobody else (a
 * sticky directory such as /tmp is fine: what lies in it cannot be replaced by others; so is a group of one's own, whose number is the
 * user's). The answer is a descriptor: what was checked is what is used, whoever swaps the name later.
 */
#ifndef HOST_GUARD_H
#define HOST_GUARD_H

#include "base/error.h"

/* Open `path` for reading. -ENOENT and the like, -EPERM with a sentence that names what others may write. */
int guard_open(const char *path, int *ret_fd, struct error *reterr);

#endif /* HOST_GUARD_H */

/* SPDX-License-Identifier: MIT */
/*
 * open.h - opens a log that somebody else can put things in the place of.
 *
 *      directory ──openat2, no symlinks──▶ fd ──▶ may others write here? ──▶ file, no symlink ──▶ what is it really?
 *          └──there are symlinks, or no openat2──▶ component by component, each link looked at
 *
 * The daemon reads more than those who write the logs may, and what it reads comes out in findings. So nobody may be able to make it
 * open another file than a log:
 *
 *  - only regular files, opened so that nothing blocks and nothing becomes our terminal; never a magic link of /proc
 *  - in a directory that others may write to (a sticky one, too): only root's files and our own, and without a second link
 *  - a symlink, and the directory in which it ends, must be root's, ours or of the file's owner (so a link leads nobody further than his own
 *    files); that directory must not be writable by others, and a link that lies in one that is, must be root's or ours
 *
 * Each question is asked of a descriptor, so nothing can be swapped between question and answer.
 */
#ifndef TAIL_OPEN_H
#define TAIL_OPEN_H

#include "base/error.h"

#include <sys/stat.h>

/*
 *   Returns  0, and a descriptor for reading;
 *            -ENOTSUP no regular file; -EPERM, -ELOOP, -EMLINK refused: a foreign file, symlink, hard link; -errno
 */
int open_log(const char *path, int *ret_fd, struct stat *ret_st);
/* For a person who names the file: links are followed as the system does it; still only a regular one. */
int open_named(const char *path, int *ret_fd, struct stat *ret_st);
/* The sentence that belongs to what these returned. Returns r. */
int open_say(struct error *reterr, int r, const char *path);

#endif /* TAIL_OPEN_H */

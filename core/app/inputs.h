/* SPDX-License-Identifier: MIT */
/*
 * inputs.h - which files a scan reads, and which of them are one stream.
 *
 *      paths ──walk──▶ files ──name──▶ streams: app.log.2.zst, app.log.1, app.log  ──▶  "app.log", oldest first
 *
 * A directory is walked, hidden files left out; a symlink in it is followed to a regular file (/var/log/containers), never to
 * a directory. A file is read once, however many names lead to it: under one of its own, if one was found, else a symlink's.
 * The name of a stream is the path as given, without rotation suffixes and .zst, so it says the same whether the log was
 * rotated or not.
 */
#ifndef APP_INPUTS_H
#define APP_INPUTS_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct input {
    const char *path;   /* "-" is stdin */
    const char *stream; /* name of the stream it belongs to */
    uint64_t age;       /* of its rotation: bigger is older */
    uint64_t device, inode;
    bool link; /* a symlink found in a directory */
};

struct inputs {
    struct arena arena;
    struct input *
        at; /* [count] grouped by stream, in the order the streams were named; oldest first in each */
    size_t count;
    size_t unreadable; /* paths that were named and not there, or no files; each was logged */
};

enum { INPUTS_MAX = 100000 }; /* a scan of more files is more likely a mistake; said once */

/* Owns: the caller, until inputs_free(). */
void inputs_find(char *const *paths, size_t count, struct inputs *ret);
void inputs_free(struct inputs *inputs);

#endif /* APP_INPUTS_H */

/* SPDX-License-Identifier: MIT */
/*
 * watch.h - inotify on directories, or the knowledge that it is not to be had.
 *
 * Directories and not files: 10,000 files in one directory cost one watch, and a file that comes, goes or is renamed is seen too.
 * When the kernel refuses (ENOSPC, EMFILE, ENOSYS), it is said once, with the setting to change, and polling does the work.
 */
#ifndef TAIL_WATCH_H
#define TAIL_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct watch {
    int fd; /* -1: polling alone */
    bool refused;
};

/* What happened to `name` in the directory of `wd`; name is "" for the directory itself, wd -1 for "events were lost". */
typedef void watch_heard(void *context, int wd, uint32_t mask, const char *name);

void watch_open(struct watch *watch, bool off);
void watch_close(struct watch *watch);
/* The watch's number, or -1. */
int watch_add(struct watch *watch, const char *dir);
void watch_remove(struct watch *watch, int wd);
/* Hand out what has happened, without waiting; bounded, the rest comes with the next call. */
void watch_hear(struct watch *watch, watch_heard *heard, void *context);

#endif /* TAIL_WATCH_H */

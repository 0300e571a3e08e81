/* SPDX-License-Identifier: MIT */

#include "tail/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

static int sys_open(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode); // variadic, so it cannot stand in the table itself
}

struct tail_sys tail_sys = {
    .open = sys_open,
    .fstat = fstat,
    .stat = stat,
    .pread = pread,
    .preadv = preadv,
    .read = read,
    .write = write,
    .fdatasync = fdatasync,
    .fsync = fsync,
    .rename = rename,
    .inotify_init = inotify_init1,
    .inotify_add_watch = inotify_add_watch,
};

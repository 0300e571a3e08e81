/* SPDX-License-Identifier: MIT */

#include "tail/sys.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

static int sys_openat(int dir, const char *path, int flags)
{
    return openat(dir, path, flags); // variadic, so it cannot stand in the table itself
}

static int sys_openat2(int dir, const char *path, const struct open_how *how)
{
    return (int)syscall(SYS_openat2, dir, path, how, sizeof(*how));
}

static int sys_statx(int dir, const char *path, int flags, unsigned mask, struct statx *st)
{
    return statx(dir, path, flags, mask, st); // declared as never NULL
}

struct tail_sys tail_sys = {
    .openat = sys_openat,
    .openat2 = sys_openat2,
    .fstat = fstat,
    .stat = stat,
    .statx = sys_statx,
    .pread = pread,
    .preadv = preadv,
    .read = read,
    .inotify_init = inotify_init1,
    .inotify_add_watch = inotify_add_watch,
};

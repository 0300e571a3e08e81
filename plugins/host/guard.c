/* SPDX-License-Identifier: MIT */

#include "host/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_ours(uid_t owner)
{
    return owner == 0 || owner == geteuid();
}

/* NULL when nobody else can change it, else why. */
static const char *weakness(const struct stat *st)
{
    bool sticky = S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX;
    if (!is_ours(st->st_uid))
        return "belongs to another user";
    if (st->st_mode & S_IWOTH && !sticky)
        return "can be written by everybody";
    if (st->st_mode & S_IWGRP && !sticky && !is_ours(st->st_gid))
        return "can be written by its group";
    return NULL;
}

static int refuse(const char *path, const char *what, const char *why, struct error *reterr)
{
    return error_set(reterr, -EPERM, "%s: not loaded: %s %s", path, what, why);
}

/* From the file upwards to the root, on the path without symlinks. */
static int check_parents(const char *path, char real[static PATH_MAX], struct error *reterr)
{
    for (char *slash = strrchr(real, '/'); slash; slash = strrchr(real, '/')) {
        struct stat st;
        slash[slash == real ? 1 : 0] = '\0';
        if (stat(real, &st) < 0)
            return error_set(reterr, -errno, "%s: cannot open: %s: %s", path, real,
                             strerror(errno));
        const char *why = weakness(&st);
        if (why)
            return refuse(path, real, why, reterr);
        if (slash == real)
            break;
    }
    return 0;
}

int guard_open(const char *path, int *ret_fd, struct error *reterr)
{
    char real[PATH_MAX];
    struct stat st;
    int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); // a FIFO must not hang us
    if (fd < 0 || fstat(fd, &st) < 0 || !realpath(path, real)) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return error_set(reterr, -why, "%s: cannot open: %s", path, strerror(why));
    }
    const char *why = weakness(&st);
    int r = why ? refuse(path, "it", why, reterr) : check_parents(path, real, reterr);
    if (r < 0) {
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

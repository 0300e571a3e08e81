/* SPDX-License-Identifier: MIT */

#include "app/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is there already is right, whoever may write to its parent. */
static int make_one(const char *path, struct error *reterr)
{
    struct stat st;
    if (mkdir(path, 0750) == 0)
        return 0;
    int r = -errno;
    if (stat(path, &st) < 0)
        return error_set(reterr, r, "%s: cannot be made: %s", path, strerror(-r));
    if (!S_ISDIR(st.st_mode))
        return error_set(reterr, -ENOTDIR, "%s: cannot be made: a file of that name is there",
                         path);
    return 0;
}

int state_make(const char *dir, struct error *reterr)
{
    char path[PATH_MAX];
    size_t len = strlen(dir);
    if (len == 0 || len >= sizeof(path))
        return error_set(reterr, -EINVAL, "state_dir: no path: it must have 1 to %d bytes",
                         PATH_MAX - 1);
    memcpy(path, dir, len + 1);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int r = make_one(path, reterr);
        if (r < 0)
            return r;
        *slash = '/';
    }
    return make_one(path, reterr);
}

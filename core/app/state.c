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

enum { STATE_BYTES_MAX = 256 << 20 };

static void detectors_path(const char *dir, const char *end, char path[4096])
{
    snprintf(path, 4096, "%s/detectors.state%s", dir, end);
}

int state_take(const char *dir, struct buffer *text)
{
    char path[4096];
    detectors_path(dir, "", path);
    FILE *file = fopen(path, "re");
    buffer_clear(text);
    if (!file)
        return -errno;
    size_t got = 0;
    do {
        char *room = buffer_room(text, 65536);
        got = room ? fread(room, 1, 65536, file) : 0;
        text->len += got;
    } while (got && text->len < STATE_BYTES_MAX);
    fclose(file);
    return unlink(path) < 0 ? -errno : 0;
}

int state_keep(const char *dir, const struct buffer *text)
{
    char path[4096], fresh[4096];
    detectors_path(dir, "", path);
    detectors_path(dir, ".new", fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    ssize_t n = write(fd, text->at, text->len);
    int r = n != (ssize_t)text->len || fdatasync(fd) < 0 ? -EIO : 0;
    close(fd);
    if (r == 0 && rename(fresh, path) < 0)
        r = -errno;
    return r;
}

/* SPDX-License-Identifier: MIT */

#include "app/note_file.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool note_text(struct json_value value, char *into, size_t size)
{
    // escapes never make it longer
    char *plain = value.type == JSON_STRING ? malloc(value.raw.len + 1) : NULL;
    size_t len = plain ? json_unescape(value.raw, plain) : 0;
    bool good = plain && len < size && !memchr(plain, '\0', len);
    if (good) {
        memcpy(into, plain, len);
        into[len] = '\0';
    }
    free(plain);
    return good;
}

bool note_time(struct json_value value, int64_t *ret)
{
    char text[CLOCK_TEXT_SIZE];
    return note_text(value, text, sizeof(text)) && clock_parse(text, ret, NULL) == 0;
}

int note_give_away(const char *dir, int fd)
{
    struct stat st;
    if (geteuid() != 0)
        return 0;
    return stat(dir, &st) < 0 || fchown(fd, st.st_uid, st.st_gid) < 0 ? -errno : 0;
}

int note_sync_directory(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

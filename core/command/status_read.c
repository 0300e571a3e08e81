/* SPDX-License-Identifier: MIT */

#include "command/status_read.h"

#include "command/given.h"

#include <errno.h>
#include <stdio.h>

enum { FILE_MAX = 16 << 20 };

int status_read(const char *dir, struct buffer *into, struct error *reterr)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/status.json", dir);
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set(
            reterr, -errno,
            "%s: no daemon has run with this state directory, or it may not be read: %s", path,
            strerror(errno));
    size_t got = 0;
    do {
        got = fread(buffer_room(into, 65536), 1, 65536, file);
        into->len += got;
    } while (got && into->len < FILE_MAX);
    fclose(file);
    return 0;
}

int status_open(const char *config_path, const char *state_dir, struct buffer *into)
{
    struct config config = {0};
    struct error error;
    const char *dir;
    int code = EXIT_DONE;
    if (given_state_dir(config_path, state_dir, &config, &dir, &error) < 0)
        return say_failure(EXIT_CONFIG, &error);
    if (status_read(dir, into, &error) < 0)
        code = say_failure(EXIT_NO_INPUT, &error);
    config_free(&config);
    return code;
}

/* SPDX-License-Identifier: MIT */

#include "window/path.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct path {
    size_t references;
    char text[];
};

struct path *path_new(const char *text)
{
    size_t size = strlen(text) + 1;
    struct path *path = malloc(sizeof(*path) + size);
    if (!path)
        return NULL;
    path->references = 1;
    memcpy(path->text, text, size);
    return path;
}

struct path *path_take(struct path *path)
{
    path->references++;
    return path;
}

void path_drop(struct path *path)
{
    if (path && --path->references == 0)
        free(path);
}

const char *path_text(const struct path *path)
{
    return path->text;
}

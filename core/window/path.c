/* SPDX-License-Identifier: MIT */

#include "window/path.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct path {
    size_t references;
    char text[];
};

static struct path *path_of(struct bytes text)
{
    struct path *path = malloc(sizeof(*path) + text.len + 1);
    if (!path)
        return NULL;
    path->references = 1;
    if (text.len)
        memcpy(path->text, text.at, text.len);
    path->text[text.len] = '\0';
    return path;
}

struct path *path_new(const char *text)
{
    return path_of(bytes_of(text));
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

void path_pack(const struct path *path, struct buffer *out)
{
    pack_text(out, path->text);
}

struct path *path_unpack(struct unpacker *in, struct path *like)
{
    struct bytes text = unpack_bytes(in);
    if (in->bad || (text.len && memchr(text.at, '\0', text.len)))
        return NULL;
    return like && bytes_is(text, like->text) ? path_take(like) : path_of(text);
}

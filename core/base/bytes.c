/* SPDX-License-Identifier: MIT */

#include "base/bytes.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

char *buffer_room(struct buffer *buffer, size_t len)
{
    if (buffer->capacity - buffer->len < len) {
        size_t want = buffer->capacity ? buffer->capacity : 256;
        while (want - buffer->len < len && want <= SIZE_MAX / 4)
            want *= 2;
        char *grown = want - buffer->len < len ? NULL : realloc(buffer->at, want);
        if (!grown)
            memory_gone();
        buffer->at = grown;
        buffer->capacity = want;
    }
    return buffer->at + buffer->len;
}

void buffer_append(struct buffer *buffer, const void *data, size_t len)
{
    if (len == 0)
        return;
    memcpy(buffer_room(buffer, len), data, len);
    buffer->len += len;
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_char(struct buffer *buffer, char c)
{
    buffer_append(buffer, &c, 1);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len > 0) {
        vsnprintf(buffer_room(buffer, (size_t)len + 1), (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    va_end(again);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->at);
    *buffer = (struct buffer){0};
}

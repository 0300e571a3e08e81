/* SPDX-License-Identifier: MIT */

#include "command/show_text.h"

#include "base/screen.h"

void show_text(struct json_value object, const char *path, struct buffer *out)
{
    struct json_value value = json_at(object, path);
    if (value.type == JSON_STRING)
        out->len += json_unescape(value.raw, buffer_room(out, value.raw.len + 1));
}

void show_safe(struct json_value object, const char *path, struct buffer *out)
{
    struct buffer text = {0};
    show_text(object, path, &text);
    screen_text(out, buffer_bytes(&text), 0);
    buffer_free(&text);
}

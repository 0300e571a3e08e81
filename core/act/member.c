/* SPDX-License-Identifier: MIT */

#include "act/member.h"

#include "base/check.h"

#include <string.h>

/* An escape is six bytes at most, so so much of the raw text is enough for `size` bytes; not within an escape. */
static struct bytes enough(struct bytes raw, size_t size)
{
    size_t end = 0;
    while (end < raw.len && end < size) {
        size_t step = raw.at[end] != '\\'                           ? 1
                      : end + 1 < raw.len && raw.at[end + 1] == 'u' ? 6
                                                                    : 2;
        if (end + step > raw.len)
            break;
        end += step;
    }
    return (struct bytes){raw.at, end};
}

static size_t cut_between_characters(const char *text, size_t len)
{
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    return len;
}

size_t member_unescape(struct bytes raw, char *ret, size_t size)
{
    char room[6 * MEMBER_LONG + 16];
    size_t wanted = size < MEMBER_LONG ? size : MEMBER_LONG;
    CHECK(wanted > 0);
    struct bytes part = enough(raw, 6 * wanted);
    if (part.len > sizeof(room))
        part.len = sizeof(room);
    size_t len = part.len ? json_unescape(part, room) : 0;
    if (len >= wanted)
        len = cut_between_characters(room, wanted - 1);
    memcpy(ret, room, len);
    ret[len] = '\0';
    return strlen(ret);
}

size_t member_text(struct json_value value, char *ret, size_t size)
{
    *ret = '\0';
    return value.type == JSON_STRING ? member_unescape(value.raw, ret, size) : 0;
}

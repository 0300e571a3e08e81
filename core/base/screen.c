/* SPDX-License-Identifier: MIT */

#include "base/screen.h"

#include <stdint.h>
#include <stdio.h>

/* One piece: what to send for it, and how wide that is. */
struct piece {
    size_t eats; /* bytes of the input */
    char text[12];
    size_t len;
    int columns;
};

struct range {
    uint32_t from, to;
};

static const struct range hidden[] = {
    {0x80, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xe0000, 0xe0fff},
};
static const struct range wide[] = {
    {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
};
static const struct range combining[] = {
    {0x300, 0x36f}, {0x483, 0x489}, {0x1ab0, 0x1aff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};

#define IN(table, code) in_ranges(table, sizeof(table) / sizeof((table)[0]), code)

static bool in_ranges(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].from && code <= ranges[i].to)
            return true;
    return false;
}

/* One code point; *ret_len 0 when it is not well-formed. */
static uint32_t decode(const unsigned char *p, size_t left, size_t *ret_len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80   ? 1
                 : p[0] < 0xc0 ? 0
                 : p[0] < 0xe0 ? 2
                 : p[0] < 0xf0 ? 3
                 : p[0] < 0xf8 ? 4
                               : 0;
    *ret_len = 0;
    if (len == 0 || len > left)
        return 0;
    uint32_t code = len == 1 ? p[0] : p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    *ret_len = len;
    return code;
}

static struct piece escaped(char kind, int digits, uint32_t code, size_t eats)
{
    struct piece piece = {.eats = eats};
    piece.columns =
        snprintf(piece.text, sizeof(piece.text), "\\%c%0*x", kind, digits, (unsigned)code);
    piece.len = (size_t)piece.columns;
    return piece;
}

static struct piece next_piece(struct bytes text)
{
    const unsigned char *p = (const unsigned char *)text.at;
    size_t len;
    uint32_t code = decode(p, text.len, &len);
    if (len == 0)
        return escaped('x', 2, p[0], 1);
    if (code == '\t')
        return (struct piece){.eats = 1, .text = " ", .len = 1, .columns = 1};
    if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        return escaped('x', 2, code, len);
    if (IN(hidden, code))
        return escaped('u', 4, code, len);
    struct piece piece = {.eats = len, .len = len};
    piece.columns = IN(combining, code) ? 0 : IN(wide, code) ? 2 : 1;
    memcpy(piece.text, p, len);
    return piece;
}

static int measure(struct bytes text, int enough)
{
    int columns = 0;
    while (text.len && columns <= enough) {
        struct piece piece = next_piece(text);
        columns += piece.columns;
        text = (struct bytes){text.at + piece.eats, text.len - piece.eats};
    }
    return columns;
}

int screen_text(struct buffer *out, struct bytes text, int columns)
{
    bool cut = columns > 0 && measure(text, columns) > columns;
    int used = 0;
    while (text.len) {
        struct piece piece = next_piece(text);
        if (cut && used + piece.columns > columns - 1)
            break;
        buffer_append(out, piece.text, piece.len);
        used += piece.columns;
        text = (struct bytes){text.at + piece.eats, text.len - piece.eats};
    }
    if (cut) {
        buffer_text(out, "\xe2\x80\xa6");
        used++;
    }
    return used;
}

/* SPDX-License-Identifier: MIT */
/*
 * frame.h - cuts bytes into lines.
 *
 * A line ends with LF or CRLF, which are not part of it; everything else, NUL and broken UTF-8 too, is. A last line
 * without an end is open: more of it may come. Where a record begins a byte order mark of UTF-8 is passed over: it says nothing.
 */
#ifndef RECORD_FRAME_H
#define RECORD_FRAME_H

#include "base/bytes.h"

#include <stdbool.h>

enum { FRAME_PEEK = 4096 }; /* with so many bytes of an open line one may judge what it is */

struct line {
    size_t begin, end; /* without its ending */
    size_t next;       /* where the next line begins */
    bool open;         /* no line feed yet */
};

/* The line at `at`. Of an open line only the first FRAME_PEEK bytes may be judged, so that arrival does not matter. */
static inline struct line frame_line(struct bytes text, size_t at)
{
    const char *feed = memchr(text.at + at, '\n', text.len - at);
    if (!feed)
        return (struct line){at, text.len, text.len, true};
    size_t end = (size_t)(feed - text.at);
    return (struct line){at, end - (end > at && feed[-1] == '\r'), end + 1, false};
}

/* Its first bytes, up to the same bound whether it is open or not. */
static inline struct bytes frame_head(struct bytes text, struct line line)
{
    size_t len = line.end - line.begin;
    return (struct bytes){text.at + line.begin, len < FRAME_PEEK ? len : FRAME_PEEK};
}

/* Length of the byte order mark at `at`, or 0. */
static inline size_t frame_mark(struct bytes text, size_t at)
{
    return text.len - at >= 3 && memcmp(text.at + at, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* A line that is blank, and a byte order mark, begin with such a byte; hardly any other line does. */
static inline bool frame_may_pass(char first)
{
    return (unsigned char)first <= ' ' || first == '\xef';
}

/* Nothing but blanks. */
static inline bool frame_blank(struct bytes text, struct line line)
{
    for (size_t i = line.begin; i < line.end; i++)
        if (text.at[i] != ' ' && text.at[i] != '\t')
            return false;
    return true;
}

#endif /* RECORD_FRAME_H */

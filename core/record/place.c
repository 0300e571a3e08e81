/* SPDX-License-Identifier: MIT */

#include "record/place.h"

static struct bytes from(struct bytes text, size_t at)
{
    return (struct bytes){text.at + at, text.len - at};
}

size_t place_token(struct bytes text)
{
    if (!text.len)
        return 0;
    char close = *text.at == '[' ? ']' : *text.at == '(' ? ')' : *text.at == '<' ? '>' : '\0';
    size_t reach = text.len < PLACE_REACH ? text.len : PLACE_REACH;
    const char *end = close ? memchr(text.at, close, reach) : NULL;
    if (end)
        return (size_t)(end - text.at) + 1;
    size_t n = 0;
    while (n < reach && text.at[n] != ' ' && text.at[n] != '\t')
        n++;
    return n;
}

/* A stamp at `at`, or behind an opening bracket there. */
static bool read_at(struct stamps *stamps, struct bytes line, size_t at, struct stamp *ret)
{
    bool bracket = line.at[at] == '[' || line.at[at] == '(' || line.at[at] == '"';
    size_t len = stamp_read(stamps, from(line, at + bracket), &ret->time_ns);
    if (!len)
        return false;
    ret->anchor = stamps->seen;
    ret->epoch = stamps->form == STAMP_EPOCH;
    ret->begin = (uint32_t)at;
    ret->end = (uint32_t)(at + bracket + len);
    if (bracket && ret->end < line.len && strchr("])\"", line.at[ret->end]) &&
        line.at[ret->end])
        ret->end++;
    return true;
}

static size_t skip_blanks(struct bytes line, size_t at)
{
    while (at < line.len && (line.at[at] == ' ' || line.at[at] == '\t'))
        at++;
    return at;
}

bool place_find(struct stamps *stamps, places allowed, struct bytes line, struct stamp *ret)
{
    size_t at = skip_blanks(line, 0);
    unsigned indented = at > 0;
    places where = allowed & (PLACES_EPOCH - 1);
    for (unsigned place = indented; where >> place && at < line.len && at < PLACE_REACH;
         place += 2) {
        if ((where >> place & 1) && read_at(stamps, line, at, ret) &&
            (!ret->epoch || allowed & PLACES_EPOCH)) {
            ret->place = (uint8_t)place;
            return true;
        }
        if (where >> place <= 1)
            return false;
        at = skip_blanks(line, at + place_token(from(line, at)));
    }
    return false;
}

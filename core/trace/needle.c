/* SPDX-License-Identifier: MIT */

#include "trace/needle.h"

#include <ctype.h>

enum { HALF = 16, FULL = 32, TAIL = 12 };

static bool is_hex(const char *text)
{
    size_t len = strlen(text);
    return (len == HALF || len == FULL) && strspn(text, "0123456789abcdef") == len;
}

bool needle_make(struct bytes text, struct needle *ret)
{
    struct needle needle = {0};
    if (trace_id_read(text, &needle.id) == TRACE_FORM_NONE) {
        if (text.len < 4 || text.len > TRACE_ID_MAX)
            return false;
        memcpy(needle.id.text, text.at, text.len);
    }
    needle.len = strlen(needle.id.text);
    needle.hex = is_hex(needle.id.text);
    needle.tail_len = needle.hex ? TAIL : needle.len;
    needle.tail_count = 1;
    for (size_t i = 0; i < needle.tail_len; i++) {
        char c = needle.id.text[needle.len - needle.tail_len + i];
        needle.tails[0][i] = c;
        needle.tails[1][i] = (char)toupper((unsigned char)c);
    }
    if (needle.hex && strcmp(needle.tails[0], needle.tails[1]) != 0)
        needle.tail_count = 2;
    *ret = needle;
    return true;
}

static bool is_alone(struct bytes text, size_t from, size_t to)
{
    return (from == 0 || !isalnum((unsigned char)text.at[from - 1])) &&
           (to == text.len || !isalnum((unsigned char)text.at[to]));
}

/* Behind a dash it is the end of something longer; but for `req-`, which is no part of the id. */
static bool goes_on_before(struct bytes text, size_t at)
{
    static const char prefix[] = "req-";
    size_t len = strlen(prefix);
    if (at == 0 || text.at[at - 1] != '-')
        return false;
    return at < len || memcmp(text.at + at - len, prefix, len) != 0 ||
           (at > len && isalnum((unsigned char)text.at[at - len - 1]));
}

/* A dash of a UUID or of X-Ray, behind the digit before it. */
static size_t dash_before(struct bytes text, size_t at, size_t done)
{
    return done % 4 == 0 && at > 1 && text.at[at - 1] == '-';
}

/* 64 bits may have the zeros before them that make them 128. Moves *at before them; false where they are the end of something else. */
static bool zeros_before(struct bytes text, size_t *at, bool dashed)
{
    size_t zeros = 0;
    for (; zeros < HALF; zeros++) {
        size_t dash = dash_before(text, *at, zeros);
        if (*at == dash || text.at[*at - dash - 1] != '0')
            break;
        *at -= dash + 1;
    }
    return zeros == HALF || (zeros == 0 && !dashed && !goes_on_before(text, *at));
}

/* The digits before a tail that was found, from the last to the first. 128 bits may have the dashes of a UUID or of X-Ray. */
static bool digits_before(const struct needle *needle, struct bytes text, size_t tail)
{
    size_t at = tail, left = needle->len - TAIL, done = TAIL;
    bool dashed = false;
    for (; left; done++) {
        size_t dash = dash_before(text, at, done);
        dashed |= dash;
        at -= dash;
        if (at == 0 || tolower((unsigned char)text.at[at - 1]) != needle->id.text[--left])
            return false;
        at--;
    }
    if (needle->len == FULL)
        return is_alone(text, at, tail + TAIL);
    return zeros_before(text, &at, dashed) && is_alone(text, at, tail + TAIL);
}

static bool stands_at(const struct needle *needle, struct bytes text, size_t tail)
{
    return needle->hex ? digits_before(needle, text, tail)
                       : is_alone(text, tail, tail + needle->len);
}

bool needle_in(const struct needle *needle, struct bytes text)
{
    for (size_t i = 0; i < needle->tail_count; i++) {
        size_t from = 0;
        while (text.len - from >= needle->tail_len) {
            const char *found =
                memmem(text.at + from, text.len - from, needle->tails[i], needle->tail_len);
            if (!found)
                break;
            size_t at = (size_t)(found - text.at);
            if (stands_at(needle, text, at))
                return true;
            from = at + 1;
        }
    }
    return false;
}

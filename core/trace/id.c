/* SPDX-License-Identifier: MIT */

#include "trace/id.h"

#include <ctype.h>

enum { PARTS_MAX = 5, HALF = 16, FULL = 32 };

/* An id in hex is parts of so many digits between dashes; those from `first` to `last` are its digits. */
static const struct shape {
    uint8_t parts[PARTS_MAX]; /* 0: no more */
    uint8_t first, last;
    enum trace_form form;
} shapes[] = {
    {{FULL}, 0, 0, TRACE_FORM_HEX},
    {{HALF}, 0, 0, TRACE_FORM_HEX},
    {{8, 4, 4, 4, 12}, 0, 4, TRACE_FORM_HEX},      // UUID
    {{1, 8, 24}, 1, 2, TRACE_FORM_HEX},            // X-Ray
    {{2, FULL, HALF, 2}, 1, 1, TRACE_FORM_HEADER}, // W3C
    {{FULL, HALF}, 0, 0, TRACE_FORM_HEADER},       // B3, and what Spring puts between brackets
    {{FULL, HALF, 1}, 0, 0, TRACE_FORM_HEADER},    // B3 with its flag ...
    {{FULL, HALF, 1, HALF}, 0, 0, TRACE_FORM_HEADER}, // ... and its parent
    {{HALF, HALF}, 0, 0, TRACE_FORM_HEX},             // 64 bits: by itself it may be anything
    {{HALF, HALF, 1}, 0, 0, TRACE_FORM_HEX},
    {{HALF, HALF, 1, HALF}, 0, 0, TRACE_FORM_HEX},
};

/* ---- hex ---------------------------------------------------------------- */

/* Does `value` have the shape? Its digits go to `digits`. */
static bool has_shape(const struct shape *shape, struct bytes value, char digits[FULL + 1])
{
    size_t at = 0, count = 0;
    for (size_t part = 0; part < PARTS_MAX && shape->parts[part]; part++) {
        if (part && (at == value.len || value.at[at++] != '-'))
            return false;
        for (size_t i = 0; i < shape->parts[part]; i++, at++) {
            if (at == value.len || !isxdigit((unsigned char)value.at[at]))
                return false;
            if (part >= shape->first && part <= shape->last)
                digits[count++] = (char)tolower((unsigned char)value.at[at]);
        }
    }
    digits[count] = '\0';
    return at == value.len;
}

static bool is_zero(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != '0' && text[i] != '-')
            return false;
    return true;
}

/* 64 bits are 128 with zeros before them. */
static bool keep_digits(const char *digits, struct trace_id *ret)
{
    size_t len = strlen(digits);
    if (is_zero(digits, len))
        return false;
    if (len == FULL && is_zero(digits, HALF)) {
        digits += HALF;
        len = HALF;
    }
    memcpy(ret->text, digits, len + 1);
    return true;
}

/* ---- anything else -------------------------------------------------------- */

static enum trace_form form_of(struct bytes value)
{
    bool letter = false, number = false, hex = true;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if (!isalnum(c) && !strchr("._:/+=@-", c))
            return TRACE_FORM_NONE;
        letter |= isalpha(c) != 0;
        number |= isdigit(c) != 0;
        hex &= isxdigit(c) != 0;
    }
    return !number ? TRACE_FORM_NONE : hex && letter ? TRACE_FORM_HEX : TRACE_FORM_TOKEN;
}

static enum trace_form keep_bytes(struct bytes value, struct trace_id *ret)
{
    if (value.len < TRACE_ID_MIN || value.len > TRACE_ID_MAX || is_zero(value.at, value.len))
        return TRACE_FORM_NONE;
    enum trace_form form = form_of(value);
    if (form == TRACE_FORM_NONE)
        return TRACE_FORM_NONE;
    memcpy(ret->text, value.at, value.len);
    ret->text[value.len] = '\0';
    return form;
}

/* What some write before an id, and it is not part of it. */
static struct bytes without_prefix(struct bytes value, bool *ret_header)
{
    static const char *const prefixes[] = {"req-", "Root="};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t len = strlen(prefixes[i]);
        if (bytes_starts_with(value, prefixes[i])) {
            *ret_header = i == 0;
            return (struct bytes){value.at + len, value.len - len};
        }
    }
    return value;
}

enum trace_form trace_id_read(struct bytes value, struct trace_id *ret)
{
    char digits[FULL + 1];
    bool header = false;
    struct bytes bare = without_prefix(value, &header);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (!has_shape(&shapes[i], bare, digits))
            continue;
        if (!keep_digits(digits, ret))
            return TRACE_FORM_NONE;
        // 16 numbers may count anything: only the name before them says what
        bool plain = !shapes[i].parts[1] && !strpbrk(digits, "abcdef");
        return header && bare.len >= FULL ? TRACE_FORM_HEADER
               : plain                    ? TRACE_FORM_TOKEN
                                          : shapes[i].form;
    }
    return keep_bytes(value, ret);
}

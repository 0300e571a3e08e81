/* SPDX-License-Identifier: MIT */

#include "record/parse.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum {
    NUMBER_BYTES = 40, /* no number of a log has more digits */
    EXACT_DIGITS = 15, /* every integer of so many is a double */
};

/*
 * `123` and `0.0026`, which nearly all are: digits that fit a double exactly over a power of ten that does too give the
 * nearest double with one division, as strtod would. Returns the digits read, 0 when it is for strtod.
 */
static size_t read_plain(struct bytes value, double *ret)
{
    static const double powers[EXACT_DIGITS + 1] = {
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    uint64_t digits = 0;
    size_t at = 0, point = SIZE_MAX, count = 0;
    for (; at < value.len && count <= EXACT_DIGITS; at++) {
        unsigned digit = (unsigned char)(value.at[at] - '0');
        if (digit < 10) {
            digits = digits * 10 + digit;
            count++;
        } else if (value.at[at] == '.' && point == SIZE_MAX && count) {
            point = at;
        } else {
            break;
        }
    }
    bool exponent =
        at < value.len && ((value.at[at] | 0x20) == 'e' || (value.at[at] | 0x20) == 'x');
    if (!count || count > EXACT_DIGITS || exponent)
        return 0;
    *ret = (double)digits / powers[point == SIZE_MAX ? 0 : at - point - 1];
    return at;
}

/* The number that `value` begins with; what follows is its unit: `12.5ms` is 12.5. */
static bool read_number(struct bytes value, double *ret)
{
    char text[NUMBER_BYTES], *end;
    size_t len = value.len < sizeof(text) - 1 ? value.len : sizeof(text) - 1;
    if (read_plain(value, ret))
        return true;
    if (!len || !memchr("0123456789+-.", *value.at, 13))
        return false;
    memcpy(text, value.at, len);
    text[len] = '\0';
    double number = strtod(text, &end);
    if (end == text || !isfinite(number))
        return false;
    *ret = number;
    return true;
}

void field_set(struct reading *reading, size_t index, struct bytes value)
{
    const struct wanted *wanted = &reading->recorder->plan->wanted[index];
    struct oddline_field field = {.name = (uint32_t)index, .is_text = wanted->is_text};
    if (reading->have >> index & 1)
        return;
    if (!wanted->is_text && !read_number(value, &field.number))
        return;
    if (wanted->is_text) {
        field.text = value.len ? (uint32_t)(value.at - reading->writer->text) : 0;
        field.text_len = (uint32_t)value.len;
    }
    reading->have |= UINT64_C(1) << index;
    reading->fields[reading->field_count++] = field;
}

void field_named(struct reading *reading, struct bytes name, struct bytes value)
{
    const struct record_plan *plan = reading->recorder->plan;
    for (size_t i = 0; i < plan->wanted_count; i++)
        if (bytes_equal(plan->wanted[i].name, name))
            field_set(reading, i, value);
}

static bool is_name(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10 ||
           c == '_' || c == '.' || c == '-';
}

/* The value behind `name`: `=value`, `="a b"`, `: value`. False when it is another name, or only a word. */
static bool value_behind(struct bytes rest, struct bytes *ret)
{
    if (!rest.len || (*rest.at != '=' && *rest.at != ':'))
        return false;
    size_t at = 1;
    while (at < rest.len && rest.at[at] == ' ')
        at++;
    if (at < rest.len && rest.at[at] == '"') {
        rest = bytes_from(rest, at + 1);
        *ret = bytes_until(&rest, '"');
        return true;
    }
    size_t end = at;
    while (end < rest.len && !memchr(" \t\r\n,;)]}", rest.at[end], 9))
        end++;
    *ret = (struct bytes){rest.at + at, end - at};
    return end > at;
}

static bool find_value(struct bytes text, struct bytes name, struct bytes *ret)
{
    for (struct bytes rest = text; rest.len > name.len;) {
        const char *found = memmem(rest.at, rest.len, name.at, name.len);
        if (!found)
            return false;
        rest =
            (struct bytes){found + name.len, rest.len - (size_t)(found + name.len - rest.at)};
        if ((found == text.at || !is_name(found[-1])) && value_behind(rest, ret))
            return true;
    }
    return false;
}

void fields_in_text(struct reading *reading, struct bytes text)
{
    const struct record_plan *plan = reading->recorder->plan;
    struct bytes value;
    for (size_t i = 0; i < plan->wanted_count; i++)
        if (!(reading->have >> i & 1) && plan->wanted[i].name.len &&
            find_value(text, plan->wanted[i].name, &value))
            field_set(reading, i, value);
}

int decode(struct reading *reading, struct bytes raw, struct bytes *ret)
{
    if (!raw.len || !memchr(raw.at, '\\', raw.len)) {
        *ret = raw;
        return 0;
    }
    uint32_t at;
    char *room = batch_decoded(reading->writer, raw.len, &at);
    if (!room) {
        *ret = raw;
        return reading->force ? 0 : -ENOBUFS;
    }
    size_t len = json_unescape(raw, room);
    batch_decoded_trim(reading->writer, raw.len - len);
    *ret = (struct bytes){room, len};
    return 0;
}

int64_t field_time(struct reading *reading, struct bytes value)
{
    int64_t time_ns;
    return stamp_read(&reading->recorder->stamps, value, &time_ns) ? time_ns : NO_TIME;
}

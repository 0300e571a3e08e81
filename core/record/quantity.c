/* SPDX-License-Identifier: MIT */

#include "record/quantity.h"

#include <ctype.h>
#include <stdint.h>
#include <strings.h>

enum { DIGITS_MAX = 18 };

static const struct unit units[] = {
    {"ms", 1, true},
    {"msec", 1, true},
    {"msecs", 1, true},
    {"millis", 1, true},
    {"millisecond", 1, true},
    {"milliseconds", 1, true},
    {"us", 1e-3, true},
    {"\xc2\xb5s", 1e-3, true},
    {"\xce\xbcs", 1e-3, true},
    {"usec", 1e-3, true},
    {"usecs", 1e-3, true},
    {"micros", 1e-3, true},
    {"microseconds", 1e-3, true},
    {"ns", 1e-6, true},
    {"nanos", 1e-6, true},
    {"nanoseconds", 1e-6, true},
    {"s", 1e3, false},
    {"sec", 1e3, false},
    {"secs", 1e3, false},
    {"second", 1e3, false},
    {"seconds", 1e3, false},
    {"m", 6e4, false},
    {"min", 6e4, false},
    {"mins", 6e4, false},
    {"minute", 6e4, false},
    {"minutes", 6e4, false},
    {"h", 36e5, false},
    {"hour", 36e5, false},
    {"hours", 36e5, false},
};

bool word_is(struct bytes word, const char *text)
{
    return word.len && (*word.at | 0x20) == (*text | 0x20) && // settles nearly all of them
           strncasecmp(word.at, text, word.len) == 0 && text[word.len] == '\0';
}

const struct unit *unit_of(struct bytes word)
{
    if (word.len == 1 && isupper((unsigned char)*word.at)) // megabytes, not minutes
        return NULL;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (word_is(word, units[i].name))
            return &units[i];
    return NULL;
}

static double power_of_ten(int exponent)
{
    double power = 1;
    for (int i = exponent < 0 ? -exponent : exponent; i > 0; i--)
        power *= 10;
    return exponent < 0 ? 1 / power : power;
}

/* `e-05` behind a number. */
static size_t read_exponent(struct bytes text, int *ret)
{
    size_t at = 1 + (text.len > 1 && (text.at[1] == '-' || text.at[1] == '+'));
    if (text.len < at + 1 || (text.at[0] | 0x20) != 'e' || !is_digit(text.at[at]))
        return 0;
    int value = text.at[at++] - '0';
    if (at < text.len && is_digit(text.at[at]))
        value = 10 * value + text.at[at++] - '0';
    *ret = text.at[1] == '-' ? -value : value;
    return at;
}

/* `123`, `0.0026`, `1.5e-05`: its length, 0 when it is something else. */
static size_t read_number(struct bytes text, double *ret, bool *ret_fraction)
{
    uint64_t digits = 0;
    int count = 0, behind = 0, exponent = 0;
    size_t at = 0;
    bool point = false;
    for (; at < text.len && (is_digit(text.at[at]) || (text.at[at] == '.' && !point)); at++) {
        if (text.at[at] == '.') {
            point = true;
        } else if (count < DIGITS_MAX) {
            digits = 10 * digits + (uint64_t)(text.at[at] - '0');
            count++;
            behind += point;
        } else if (!point) {
            return 0;
        }
    }
    if (point && text.at[at - 1] == '.') // the end of a sentence
        at--;
    at += read_exponent((struct bytes){text.at + at, text.len - at}, &exponent);
    *ret = (double)digits * power_of_ten(exponent) / power_of_ten(behind);
    *ret_fraction = behind > 0;
    return at;
}

/* The unit behind a number, perhaps behind a blank: its length with that, 0 when there is none. */
static size_t read_unit(struct bytes text, const struct unit **ret)
{
    size_t begin = text.len && text.at[0] == ' ', end = begin;
    while (end < text.len && (is_letter(text.at[end]) || (signed char)text.at[end] < 0))
        end++;
    if (end == begin || (end < text.len && (text.at[end] == '_' || text.at[end] == '/')))
        return 0;
    const struct unit *unit = unit_of((struct bytes){text.at + begin, end - begin});
    if (!unit || (end < text.len && is_digit(text.at[end]) && begin))
        return 0;
    *ret = unit;
    return end;
}

/* Each part but the last ends where the next begins. */
bool quantity_read(struct bytes text, struct quantity *ret)
{
    double sum = 0;
    *ret = (struct quantity){0};
    for (int parts = 0; parts < 4; parts++) {
        struct bytes rest = {text.at + ret->end, text.len - ret->end};
        double value;
        bool fraction;
        const struct unit *unit = NULL;
        size_t len = read_number(rest, &value, &fraction);
        if (!len)
            return false;
        size_t behind = read_unit((struct bytes){rest.at + len, rest.len - len}, &unit);
        ret->unit = parts ? ret->unit : unit;
        ret->fraction |= fraction;
        ret->end += len + behind;
        sum += value * (unit ? unit->ms : 1);
        if (!unit || ret->end == text.len || !is_digit(text.at[ret->end]))
            break;
    }
    ret->value = sum;
    char next = ret->end < text.len ? text.at[ret->end] : '\0';
    char after = ret->end + 1 < text.len ? text.at[ret->end + 1] : '\0';
    bool goes_on = isalnum((unsigned char)next) || (next && strchr("_-:/%@", next)) ||
                   ((next == '.' || next == ',') && is_digit(after));
    return !goes_on || (ret->unit && strchr("-:@", next));
}

/* SPDX-License-Identifier: MIT */
/* logfmt: time=2024-01-01T00:00:00Z level=info msg="a b" status=200. */

#include "record/parse.h"

#include "base/clock.h"

#include <errno.h>

enum { PAIRS_FIT = 3 }; /* pairs that make a line logfmt */

struct pair {
    struct bytes key, value; /* the value without its quotes, escapes as they stand */
};

/* Length up to the closing quote, or all of it. */
static size_t quoted_length(struct bytes text)
{
    size_t n = 0;
    while (n < text.len && text.at[n] != '"')
        n += text.at[n] == '\\' && n + 1 < text.len ? 2 : 1;
    return n;
}

/* Cuts the next pair off `rest`; a word without `=` is a key without a value. */
static bool next_pair(struct bytes *rest, struct pair *ret)
{
    while (rest->len && (*rest->at == ' ' || *rest->at == '\t'))
        *rest = bytes_from(*rest, 1);
    size_t n = 0;
    while (n < rest->len && rest->at[n] != '=' && rest->at[n] != ' ')
        n++;
    *ret = (struct pair){.key = {rest->at, n}};
    *rest = bytes_from(*rest, n);
    if (!n || !rest->len || *rest->at != '=')
        return n != 0;
    *rest = bytes_from(*rest, 1);
    if (!rest->len || *rest->at != '"') {
        ret->value = bytes_until(rest, ' ');
        return true;
    }
    *rest = bytes_from(*rest, 1);
    n = quoted_length(*rest);
    ret->value = (struct bytes){rest->at, n};
    *rest = bytes_from(*rest, n + (n < rest->len));
    return true;
}

static bool is_any(struct bytes key, const char *const *names)
{
    for (; *names; names++)
        if (bytes_is(key, *names))
            return true;
    return false;
}

static const char *const time_keys[] = {"time", "ts", "t", "timestamp", "@timestamp", NULL};
static const char *const level_keys[] = {"level", "lvl", "severity", "loglevel", NULL};
static const char *const message_keys[] = {"msg", "message", NULL};

bool logfmt_fits(struct stamps *stamps, struct bytes line)
{
    (void)stamps;
    struct pair pair;
    int pairs = 0, known = 0, others = 0;
    while (next_pair(&line, &pair)) {
        pairs += pair.value.at != NULL;
        others += pair.value.at == NULL;
        known += is_any(pair.key, time_keys) || is_any(pair.key, level_keys) ||
                 is_any(pair.key, message_keys);
    }
    return pairs >= PAIRS_FIT && known && others == 0;
}

static int take(struct reading *reading, struct pair pair)
{
    const struct record_plan *plan = reading->recorder->plan;
    if (reading->time_ns == NO_TIME && is_any(pair.key, time_keys))
        reading->time_ns = field_time(reading, pair.value);
    else if (!reading->level && is_any(pair.key, level_keys))
        reading->level = level_value(pair.value);
    else if (!reading->message.at && is_any(pair.key, message_keys))
        return decode(reading, pair.value, &reading->message);
    for (size_t i = 0; i < plan->wanted_count; i++) {
        struct bytes value;
        if (!bytes_equal(plan->wanted[i].name, pair.key))
            continue;
        int r = decode(reading, pair.value, &value);
        if (r < 0)
            return r;
        field_set(reading, i, value);
    }
    return 0;
}

int logfmt_record(struct reading *reading)
{
    struct bytes rest = reading->text;
    struct pair pair;
    int pairs = 0;
    while (next_pair(&rest, &pair)) {
        int r = pair.value.at ? take(reading, pair) : 0;
        if (r < 0)
            return r;
        pairs += pair.value.at != NULL;
    }
    reading->unfit = pairs == 0;
    reading->body = reading->text;
    if (!reading->message.at)
        reading->message = reading->text;
    return 0;
}

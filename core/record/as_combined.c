/* SPDX-License-Identifier: MIT */
/*
 * Access logs of Apache and nginx, common and combined, with whatever stands behind them:
 *
 *      remote ident user [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326 "referer" "agent" 0.123
 *
 * A first number behind the agent (or the bytes) is the request time. They have no level.
 */

#include "record/parse.h"

#include <errno.h>

enum { HEAD_MAX = 512 }; /* bytes before the stamp: a host, a user */

/* The bracket before the stamp, with the stamp read; 0 when there is none. */
static size_t find_stamp(struct stamps *stamps, struct bytes line, size_t *ret_at,
                         int64_t *ret_ns)
{
    size_t reach = line.len < HEAD_MAX ? line.len : HEAD_MAX;
    const char *bracket = memchr(line.at, '[', reach);
    if (!bracket)
        return 0;
    *ret_at = (size_t)(bracket - line.at) + 1;
    size_t len = stamp_read(stamps, bytes_from(line, *ret_at), ret_ns), end = *ret_at + len;
    if (!len || end + 2 >= line.len || line.at[end] != ']' || line.at[end + 1] != ' ')
        return 0;
    return end + 2;
}

bool combined_fits(struct stamps *stamps, struct bytes line)
{
    size_t at;
    int64_t time_ns;
    size_t rest = find_stamp(stamps, line, &at, &time_ns);
    return rest && at > 4 && line.at[rest] == '"';
}

/* Is text[at] behind an odd number of backslashes? */
static bool is_escaped(const char *text, size_t at)
{
    size_t slashes = 0;
    while (slashes < at && text[at - 1 - slashes] == '\\')
        slashes++;
    return slashes % 2;
}

/* `"..."` or a bare token, cut off `rest`. */
static struct bytes next_value(struct bytes *rest)
{
    while (rest->len && *rest->at == ' ')
        *rest = bytes_from(*rest, 1);
    if (!rest->len || *rest->at != '"')
        return bytes_until(rest, ' ');
    *rest = bytes_from(*rest, 1);
    size_t n = 0;
    for (;; n++) { // most quotes are not escaped, so this turns once
        const char *quote = memchr(rest->at + n, '"', rest->len - n);
        n = quote ? (size_t)(quote - rest->at) : rest->len;
        if (!quote || !is_escaped(rest->at, n))
            break;
    }
    struct bytes value = {rest->at, n};
    *rest = bytes_from(*rest, n + (n < rest->len));
    return value;
}

void combined_plan(struct record_plan *plan)
{
    static const char *const names[COMBINED_FIELDS] = {
        [COMBINED_REMOTE] = "remote", [COMBINED_METHOD] = "method",
        [COMBINED_PATH] = "path",     [COMBINED_STATUS] = "status",
        [COMBINED_BYTES] = "bytes",   [COMBINED_REFERER] = "referer",
        [COMBINED_AGENT] = "agent",   [COMBINED_TIME] = "request_time",
    };
    for (size_t i = 0; i < plan->wanted_count; i++)
        for (int field = 0; field < COMBINED_FIELDS; field++)
            if (bytes_is(plan->wanted[i].name, names[field]))
                plan->combined[field] |= UINT64_C(1) << i;
}

static bool is_wanted(const struct reading *reading, enum combined_field field)
{
    return reading->recorder->plan->combined[field] != 0;
}

static void set(struct reading *reading, enum combined_field field, struct bytes value)
{
    if (!value.len || (value.len == 1 && *value.at == '-'))
        return;
    uint64_t wanted = reading->recorder->plan->combined[field];
    for (; wanted; wanted &= wanted - 1)
        field_set(reading, (size_t)__builtin_ctzll(wanted), value);
}

/* vhost:80 1.2.3.4 - - : the remote end is the third token before the stamp. */
static struct bytes remote_of(struct bytes head)
{
    struct bytes rest = head, first = bytes_until(&rest, ' '), after = rest,
                 second = bytes_until(&after, ' ');
    bool vhost = memchr(first.at, ':', first.len) && memchr(after.at, ' ', after.len) &&
                 !bytes_is(second, "-");
    return vhost ? second : first;
}

/* The first of the values behind the agent that begins with a digit. */
static void take_request_time(struct reading *reading, struct bytes rest)
{
    while (rest.len) {
        struct bytes value = next_value(&rest);
        if (!value.len || *value.at < '0' || *value.at > '9')
            continue;
        set(reading, COMBINED_TIME, value);
        reading->body = value;
        return;
    }
}

static void take_fields(struct reading *reading, struct bytes head, struct bytes rest)
{
    struct bytes request = next_value(&rest);
    if (is_wanted(reading, COMBINED_REMOTE))
        set(reading, COMBINED_REMOTE, remote_of(head));
    if (is_wanted(reading, COMBINED_METHOD) || is_wanted(reading, COMBINED_PATH)) {
        set(reading, COMBINED_METHOD, bytes_until(&request, ' '));
        set(reading, COMBINED_PATH, bytes_until(&request, ' '));
    }
    set(reading, COMBINED_STATUS, next_value(&rest));
    set(reading, COMBINED_BYTES, next_value(&rest));
    bool combined = rest.len > 1 && rest.at[0] == ' ' && rest.at[1] == '"';
    if (!combined && rest.len && *rest.at == '"')
        combined = true; // bytes_until() took the blank
    if (combined) {
        set(reading, COMBINED_REFERER, next_value(&rest));
        set(reading, COMBINED_AGENT, next_value(&rest));
    }
    if (is_wanted(reading, COMBINED_TIME) || duration_wanted(reading))
        take_request_time(reading, rest);
}

int combined_record(struct reading *reading)
{
    size_t at;
    size_t rest = find_stamp(&reading->recorder->stamps, reading->text, &at, &reading->time_ns);
    reading->unfit = !rest;
    reading->message = bytes_from(reading->text, rest);
    reading->timed = true;
    reading->body = (struct bytes){"", 0};
    if (rest && (fields_wanted(reading) || duration_wanted(reading)))
        take_fields(reading, (struct bytes){reading->text.at, at - 1}, reading->message);
    return 0;
}

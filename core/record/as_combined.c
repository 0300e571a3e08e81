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

static void name(struct reading *reading, const char *field, struct bytes value)
{
    if (value.len && !bytes_is(value, "-"))
        field_named(reading, bytes_of(field), value);
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
        name(reading, "request_time", value);
        reading->body = value;
        return;
    }
}

static void take_fields(struct reading *reading, struct bytes head, struct bytes rest)
{
    struct bytes request = next_value(&rest);
    struct bytes method = bytes_until(&request, ' '), path = bytes_until(&request, ' ');
    name(reading, "remote", remote_of(head));
    name(reading, "method", method);
    name(reading, "path", path);
    name(reading, "status", next_value(&rest));
    name(reading, "bytes", next_value(&rest));
    bool combined = rest.len > 1 && rest.at[0] == ' ' && rest.at[1] == '"';
    if (!combined && rest.len && *rest.at == '"')
        combined = true; // bytes_until() took the blank
    if (combined) {
        name(reading, "referer", next_value(&rest));
        name(reading, "agent", next_value(&rest));
    }
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

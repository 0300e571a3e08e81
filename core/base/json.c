/* SPDX-License-Identifier: MIT */
/*
 * json.c - the half of json.h that writes.
 */

#include "base/json.h"

#include "base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void separate(struct json *json)
{
    if (json->comma)
        buffer_char(json->out, ',');
    json->comma = true;
}

void json_begin(struct json *json, char bracket)
{
    separate(json);
    buffer_char(json->out, bracket);
    json->comma = false;
}

void json_end(struct json *json, char bracket)
{
    buffer_char(json->out, bracket);
    json->comma = true;
}

void json_key(struct json *json, const char *key)
{
    separate(json);
    buffer_char(json->out, '"');
    buffer_text(json->out, key);
    buffer_append(json->out, "\":", 2);
    json->comma = false;
}

/*
 * Length of the well-formed UTF-8 sequence at the start of `p`, 0 when there is none (Unicode 15, table 3-7: no
 * overlong forms, no surrogates, nothing above U+10FFFF).
 */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    size_t len = p[0] < 0x80   ? 1
                 : p[0] < 0xc2 ? 0
                 : p[0] < 0xe0 ? 2
                 : p[0] < 0xf0 ? 3
                 : p[0] < 0xf5 ? 4
                               : 0;
    if (len == 0 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool bad = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
               (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
    return bad ? 0 : len;
}

/* Of a sequence of two or three bytes: C1 controls, marks and overrides of direction, line and paragraph separators. */
static unsigned steering(const unsigned char *p, size_t len)
{
    unsigned code = len == 2   ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu)
                    : len == 3 ? (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu)
                               : 0;
    bool steers = (code >= 0x80 && code < 0xa0) || code == 0x61c || code == 0x200e ||
                  code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
                  (code >= 0x2066 && code <= 0x2069);
    return steers ? code : 0;
}

static void escape(struct json *json, const unsigned char *p, size_t len)
{
    static const char short_form[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    char two[2] = {'\\', (char)p[0]};
    if (p[0] == '"' || p[0] == '\\') {
        buffer_append(json->out, two, 2);
    } else if (p[0] < 0x20 && short_form[p[0]]) {
        two[1] = short_form[p[0]];
        buffer_append(json->out, two, 2);
    } else if (p[0] < 0x20 || p[0] == 0x7f || steering(p, len)) {
        buffer_printf(json->out, "\\u%04x", len > 1 ? steering(p, len) : p[0]);
    } else {
        buffer_append(json->out, p, len);
    }
}

static void write_text(struct json *json, struct bytes text)
{
    const unsigned char *p = (const unsigned char *)text.at;
    for (size_t i = 0; i < text.len;) {
        size_t plain = i; // most text needs no care: copy it in runs
        while (plain < text.len && p[plain] >= 0x20 && p[plain] < 0x7f && p[plain] != '"' &&
               p[plain] != '\\')
            plain++;
        buffer_append(json->out, p + i, plain - i);
        i = plain;
        if (i == text.len)
            break;
        size_t len = utf8_length(p + i, text.len - i);
        if (len == 0) {
            buffer_text(json->out, "\xef\xbf\xbd");
            json->lossy = true;
            len = 1;
        } else {
            escape(json, p + i, len);
        }
        i += len;
    }
}

void json_bytes(struct json *json, struct bytes text)
{
    separate(json);
    buffer_char(json->out, '"');
    write_text(json, text);
    buffer_char(json->out, '"');
}

void json_text(struct json *json, const char *text)
{
    if (text)
        json_bytes(json, bytes_of(text));
    else
        json_null(json);
}

void json_name(struct json *json, struct bytes key)
{
    json_bytes(json, key);
    buffer_char(json->out, ':');
    json->comma = false;
}

void json_int(struct json *json, int64_t value)
{
    separate(json);
    buffer_printf(json->out, "%" PRId64, value);
}

void json_double(struct json *json, double value)
{
    if (!isfinite(value)) {
        json_null(json);
        return;
    }
    char text[40];
    for (int digits = 6; digits <= 17; digits += digits == 6 ? 9 : 1) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    separate(json);
    buffer_text(json->out, text);
}

void json_seconds(struct json *json, int64_t ns)
{
    int64_t ms = ns / NS_PER_MS;
    json_double(json, (double)ms / 1e3);
}

void json_bool(struct json *json, bool value)
{
    separate(json);
    buffer_text(json->out, value ? "true" : "false");
}

void json_null(struct json *json)
{
    separate(json);
    buffer_text(json->out, "null");
}

void json_time(struct json *json, int64_t instant_ns)
{
    char text[CLOCK_TEXT_SIZE];
    json_text(json, instant_ns == NO_TIME ? NULL : clock_format(instant_ns, text));
}

void json_raw(struct json *json, struct bytes text)
{
    separate(json);
    buffer_append(json->out, text.at, text.len);
}

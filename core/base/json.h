/* SPDX-License-Identifier: MIT */
/*
 * json.h - writes JSON, and walks JSON without building a tree.
 *
 * The writer is total: any bytes become valid JSON; invalid UTF-8 turns into U+FFFD and sets `lossy`, because log
 * lines are arbitrary bytes and no library on our list writes those. json_put.h writes a member at once. The reader lends slices of its input and never
 * allocates; it is fast enough for log lines.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- writing ------------------------------------------------------------ */

struct json {
    struct buffer *out;
    bool comma; /* a value was written at this depth; a comma is due before the next */
    bool lossy; /* some text was not valid UTF-8 */
};

void json_begin(struct json *json, char bracket);    /* '{' or '[' */
void json_end(struct json *json, char bracket);      /* '}' or ']' */
void json_key(struct json *json, const char *key);   /* plain ASCII, written as it is */
void json_name(struct json *json, struct bytes key); /* a key that others chose */
void json_bytes(struct json *json, struct bytes text);
void json_text(struct json *json, const char *text); /* NULL becomes null */
void json_int(struct json *json, int64_t value);
/* Shortest digits that read back as the same double; not a number and infinities become null. */
void json_double(struct json *json, double value);
void json_seconds(struct json *json, int64_t ns); /* of a duration, to the millisecond */
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
void json_time(struct json *json, int64_t instant_ns); /* NO_TIME becomes null */
/* A value that is JSON already. */
void json_raw(struct json *json, struct bytes text);

/* ---- reading ------------------------------------------------------------ */

enum json_type {
    JSON_BAD,
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
};

/* One value: `raw` is its text as it stands, without the quotes of a string (escapes not undone). */
struct json_value {
    enum json_type type;
    struct bytes raw;
};

/*
 * Read the value that `text` begins with (blanks before it are skipped); *ret_rest is what follows it. Nesting
 * deeper than 64, or text that is no JSON, gives JSON_BAD.
 */
struct json_value json_read(struct bytes text, struct bytes *ret_rest);

/*
 * Walk the members of an object or the elements of an array:
 *     struct json_walk walk = json_walk(value);
 *     while (json_next(&walk, &key, &member)) ...
 * `key` is empty for arrays. `walk.bad` is set when the text broke off.
 */
struct json_walk {
    struct bytes rest;
    bool object, bad;
};
struct json_walk json_walk(struct json_value container);
bool json_next(struct json_walk *walk, struct bytes *ret_key, struct json_value *ret_member);

/* The member at a path like "window.start"; JSON_BAD when there is none. */
struct json_value json_at(struct json_value object, const char *path);

/* Undo the escapes of a string into `out`, which must have room for raw.len bytes; returns the length. */
size_t json_unescape(struct bytes raw, char *out);
/* The number, or `fallback` when it is none. */
double json_number(struct json_value value, double fallback);

#endif /* BASE_JSON_H */

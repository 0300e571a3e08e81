/* SPDX-License-Identifier: MIT */
/*
 * Promise: any bytes become a JSON string that reads back; and what the reader takes for JSON can be written again, and then
 * reads and writes the same for ever.
 */

#include "fuzz.h"

#include "base/check.h"
#include "base/json.h"

#include <math.h>
#include <stdlib.h>

static struct json_value read_whole(const struct buffer *buffer)
{
    struct bytes rest;
    struct json_value value = json_read(buffer_bytes(buffer), &rest);
    CHECK(value.type == JSON_BAD || rest.at + rest.len == buffer->at + buffer->len);
    CHECK(value.type == JSON_BAD || rest.len == 0);
    return value;
}

/* Writes the text of a string value as it reads. */
static void copy_text(struct bytes raw, struct json *json)
{
    char *text = malloc(raw.len + 1);
    CHECK(text);
    size_t len = json_unescape(raw, text);
    CHECK(len <= raw.len);
    json_bytes(json, (struct bytes){text, len});
    free(text);
}

/* false when the text broke off within `value`. */
static bool copy(struct json_value value, struct json *json)
{
    if (value.type == JSON_STRING) {
        copy_text(value.raw, json);
    } else if (value.type == JSON_NUMBER) {
        CHECK(value.raw.len >= 64 || !isnan(json_number(value, NAN)));
        json_raw(json, value.raw);
    } else if (value.type == JSON_OBJECT || value.type == JSON_ARRAY) {
        struct json_walk walk = json_walk(value);
        struct json_value member;
        struct bytes key;
        json_begin(json, *value.raw.at);
        while (json_next(&walk, &key, &member)) {
            if (walk.object) {
                copy_text(key, json);
                buffer_char(json->out, ':');
                json->comma = false;
            }
            if (!copy(member, json))
                return false;
        }
        json_end(json, value.raw.at[value.raw.len - 1]);
        return !walk.bad;
    } else {
        json_raw(json, value.raw);
    }
    return true;
}

static void read_anything(struct bytes text)
{
    struct buffer once = {0}, again = {0};
    struct json json = {.out = &once}, second = {.out = &again};
    struct bytes rest;
    struct json_value value = json_read(text, &rest);
    CHECK(rest.len <= text.len);
    if (value.type != JSON_BAD && copy(value, &json)) {
        struct json_value back = read_whole(&once);
        CHECK(back.type == value.type);
        CHECK(copy(back, &second) && !second.lossy);
        CHECK(bytes_equal(buffer_bytes(&once), buffer_bytes(&again)));
    }
    json_at(value, "a.b");
    buffer_free(&once);
    buffer_free(&again);
}

static void write_anything(struct bytes text)
{
    struct buffer out = {0};
    struct json json = {.out = &out};
    json_bytes(&json, text);
    struct json_value value = read_whole(&out);
    CHECK(value.type == JSON_STRING);
    char *back = malloc(value.raw.len + 1);
    CHECK(back);
    size_t len = json_unescape(value.raw, back);
    CHECK(json.lossy || bytes_equal((struct bytes){back, len}, text));
    CHECK(len >= text.len); // U+FFFD takes three bytes for each bad one
    free(back);
    buffer_free(&out);
}

static void write_number(const uint8_t *data)
{
    struct buffer out = {0};
    struct json json = {.out = &out};
    double number;
    memcpy(&number, data, sizeof(number));
    json_double(&json, number);
    struct json_value value = read_whole(&out);
    CHECK(value.type == (isfinite(number) ? JSON_NUMBER : JSON_NULL));
    CHECK(!isfinite(number) || json_number(value, NAN) == number);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    read_anything(text);
    write_anything(text);
    if (size >= sizeof(double))
        write_number(data);
    return 0;
}

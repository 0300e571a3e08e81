/* SPDX-License-Identifier: MIT */

#include "base/json_put.h"

#include "base/hash.h"

void json_put_begin(struct json *json, const char *key, char bracket)
{
    json_key(json, key);
    json_begin(json, bracket);
}

void json_put_text(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_text(json, text);
}

void json_put_optional(struct json *json, const char *key, const char *text)
{
    json_put_text(json, key, text && *text ? text : NULL);
}

void json_put_bytes(struct json *json, const char *key, struct bytes text)
{
    json_key(json, key);
    json_bytes(json, text);
}

void json_put_int(struct json *json, const char *key, int64_t value)
{
    json_key(json, key);
    json_int(json, value);
}

void json_put_count(struct json *json, const char *key, uint64_t value)
{
    json_put_int(json, key, (int64_t)value);
}

void json_put_double(struct json *json, const char *key, double value)
{
    json_key(json, key);
    json_double(json, value);
}

void json_put_seconds(struct json *json, const char *key, int64_t ns)
{
    json_key(json, key);
    json_seconds(json, ns);
}

void json_put_bool(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    json_bool(json, value);
}

void json_put_null(struct json *json, const char *key)
{
    json_key(json, key);
    json_null(json);
}

void json_put_time(struct json *json, const char *key, int64_t instant_ns)
{
    json_key(json, key);
    json_time(json, instant_ns);
}

void json_put_hash(struct json *json, const char *key, uint64_t hash)
{
    char text[HASH_TEXT_SIZE];
    json_put_text(json, key, hash_format(hash, text));
}

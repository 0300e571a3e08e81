/* SPDX-License-Identifier: MIT */
/*
 * json_put.h - one member of a JSON object: its key, and its value.
 *
 * What json.h writes in two calls, in one. Whoever writes an object says what is in it, a member a line.
 */
#ifndef BASE_JSON_PUT_H
#define BASE_JSON_PUT_H

#include "base/json.h"

/* '{' or '['; json_end() closes it. */
void json_put_begin(struct json *json, const char *key, char bracket);
void json_put_text(struct json *json, const char *key,
                   const char *text); /* NULL becomes null */
/* A text that may be missing: "" becomes null too. */
void json_put_optional(struct json *json, const char *key, const char *text);
void json_put_bytes(struct json *json, const char *key, struct bytes text);
void json_put_int(struct json *json, const char *key, int64_t value);
void json_put_count(struct json *json, const char *key, uint64_t value); /* below 2^63 */
void json_put_double(struct json *json, const char *key, double value);
void json_put_seconds(struct json *json, const char *key, int64_t ns);
void json_put_bool(struct json *json, const char *key, bool value);
void json_put_null(struct json *json, const char *key);
void json_put_time(struct json *json, const char *key, int64_t instant_ns);
/* 16 hex digits: a reader whose numbers are doubles would lose the last bits. */
void json_put_hash(struct json *json, const char *key, uint64_t hash);

#endif /* BASE_JSON_PUT_H */

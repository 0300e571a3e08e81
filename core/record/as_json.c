/* SPDX-License-Identifier: MIT */
/* One JSON object a line, with the names that the usual loggers give to time, level and message. */

#include "record/parse.h"

#include "base/clock.h"

#include <errno.h>

enum role { ROLE_NONE, ROLE_TIME, ROLE_LEVEL, ROLE_SEVERITY, ROLE_MESSAGE };

static const struct {
    const char *key;
    enum role role;
} keys[] = {
    {"time", ROLE_TIME},
    {"timestamp", ROLE_TIME},
    {"@timestamp", ROLE_TIME},
    {"ts", ROLE_TIME},
    {"t", ROLE_TIME},
    {"datetime", ROLE_TIME},
    {"date", ROLE_TIME},
    {"asctime", ROLE_TIME},
    {"eventTime", ROLE_TIME},
    {"level", ROLE_LEVEL},
    {"severity", ROLE_LEVEL},
    {"lvl", ROLE_LEVEL},
    {"log.level", ROLE_LEVEL},
    {"levelname", ROLE_LEVEL},
    {"loglevel", ROLE_LEVEL},
    {"error_severity", ROLE_LEVEL},
    {"severityText", ROLE_LEVEL},
    {"severity_text", ROLE_LEVEL},
    {"level_name", ROLE_LEVEL},
    {"s", ROLE_LEVEL},
    {"severityNumber", ROLE_SEVERITY},
    {"severity_number", ROLE_SEVERITY},
    {"msg", ROLE_MESSAGE},
    {"message", ROLE_MESSAGE},
    {"short_message", ROLE_MESSAGE},
    {"@message", ROLE_MESSAGE},
    {"event", ROLE_MESSAGE},
    {"log", ROLE_MESSAGE},
};

static enum role role_of(struct bytes key)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].key[0] == *key.at && bytes_is(key, keys[i].key))
            return keys[i].role;
    return ROLE_NONE;
}

bool json_fits(struct stamps *stamps, struct bytes line)
{
    (void)stamps;
    struct bytes rest;
    while (line.len && (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\t'))
        line.len--;
    return line.len > 1 && *line.at == '{' && json_read(line, &rest).type == JSON_OBJECT &&
           rest.len == 0;
}

static bool is_scalar(struct json_value value)
{
    return value.type == JSON_STRING || value.type == JSON_NUMBER || value.type == JSON_TRUE ||
           value.type == JSON_FALSE;
}

/* A time in a string, a number, or MongoDB's {"$date": ...}. */
static void take_time(struct reading *reading, struct json_value value)
{
    if (value.type == JSON_OBJECT)
        value = json_at(value, "$date");
    if (reading->time_ns != NO_TIME || !is_scalar(value) || !value.raw.len)
        return;
    reading->time_ns = field_time(reading, value.raw);
}

static void take_level(struct reading *reading, enum role role, struct json_value value)
{
    double number = json_number(value, -1);
    if (reading->level)
        return;
    if (role == ROLE_SEVERITY)
        reading->level = number >= 0 && number <= 24 ? (uint8_t)number : 0;
    else if (value.type == JSON_NUMBER)
        reading->level = level_number(number);
    else if (value.type == JSON_STRING)
        reading->level =
            bytes_is(value.raw, "LOG") ? ODDLINE_LEVEL_INFO : level_value(value.raw);
}

static int take_field(struct reading *reading, size_t index, struct json_value value)
{
    struct bytes text;
    if (!is_scalar(value))
        return 0;
    if (!reading->recorder->plan->wanted[index].is_text) {
        field_set(reading, index, value.raw);
        return 0;
    }
    int r = decode(reading, value.raw, &text);
    if (r == 0)
        field_set(reading, index, text);
    return r;
}

/* Fields by the key as it stands. */
static int take_keyed(struct reading *reading, struct bytes key, struct json_value value)
{
    const struct record_plan *plan = reading->recorder->plan;
    for (size_t i = 0; i < plan->wanted_count; i++) {
        int r = bytes_equal(plan->wanted[i].name, key) ? take_field(reading, i, value) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* Fields by a path such as http.status. */
static int take_nested(struct reading *reading, struct json_value object)
{
    const struct record_plan *plan = reading->recorder->plan;
    for (size_t i = 0; i < plan->wanted_count; i++) {
        if ((reading->have >> i & 1) || !plan->wanted[i].name.len ||
            !memchr(plan->wanted[i].name.at, '.', plan->wanted[i].name.len))
            continue;
        int r = take_field(reading, i, json_at(object, plan->wanted[i].name.at));
        if (r < 0)
            return r;
    }
    return 0;
}

static int take(struct reading *reading, struct bytes key, struct json_value value,
                struct bytes *message)
{
    enum role role = key.len ? role_of(key) : ROLE_NONE;
    if (role == ROLE_TIME)
        take_time(reading, value);
    else if (role == ROLE_MESSAGE && value.type == JSON_STRING && !message->at)
        *message = value.raw;
    else if (role != ROLE_NONE)
        take_level(reading, role, value);
    return key.len && fields_wanted(reading) ? take_keyed(reading, key, value) : 0;
}

int json_members(struct reading *reading, struct json_value object)
{
    struct bytes key, message = {0};
    struct json_value value;
    struct json_walk walk = json_walk(object);
    reading->body = object.raw;
    while (json_next(&walk, &key, &value)) {
        int r = take(reading, key, value, &message);
        if (r < 0)
            return r;
    }
    int r = fields_wanted(reading) ? take_nested(reading, object) : 0;
    if (r == 0 && message.at)
        r = decode(reading, message, &reading->message);
    return r;
}

int json_record(struct reading *reading)
{
    struct bytes rest;
    struct json_value object = json_read(reading->text, &rest);
    if (object.type == JSON_OBJECT)
        return json_members(reading, object);
    reading->unfit = true;
    reading->message = reading->text;
    return 0;
}

/* SPDX-License-Identifier: MIT */

#include "deliver/heartbeat.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json_put.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the mailbox -------------------------------------------------------- */

void heartbeat_init(struct heartbeat *heartbeat, int64_t interval_ns)
{
    *heartbeat = (struct heartbeat){.interval_ns = interval_ns};
    CHECK(pthread_mutex_init(&heartbeat->lock, NULL) == 0);
}

void heartbeat_free(struct heartbeat *heartbeat)
{
    pthread_mutex_destroy(&heartbeat->lock);
}

void heartbeat_post(struct heartbeat *heartbeat, const struct heartbeat_facts *facts)
{
    CHECK(pthread_mutex_lock(&heartbeat->lock) == 0);
    heartbeat->facts = *facts;
    CHECK(pthread_mutex_unlock(&heartbeat->lock) == 0);
}

bool heartbeat_facts(struct heartbeat *heartbeat, struct heartbeat_facts *ret)
{
    CHECK(pthread_mutex_lock(&heartbeat->lock) == 0);
    bool there = heartbeat->facts.at_ns != 0;
    if (there)
        *ret = heartbeat->facts;
    CHECK(pthread_mutex_unlock(&heartbeat->lock) == 0);
    return there;
}

/* ---- when --------------------------------------------------------------- */

bool heartbeat_due(const struct heartbeat *heartbeat, int64_t now_ns)
{
    return heartbeat->interval_ns > 0 && now_ns >= heartbeat->next_ns;
}

void heartbeat_hurry(struct heartbeat *heartbeat)
{
    int64_t soon = heartbeat->last_ns + heartbeat->interval_ns / 4;
    if (heartbeat->last_ns && soon < heartbeat->next_ns)
        heartbeat->next_ns = soon;
}

/* Three quarters to the whole of an interval: a server that comes back, or a rollout, must not make all beat together for ever. */
void heartbeat_done(struct heartbeat *heartbeat, int64_t now_ns, uint32_t chance)
{
    int64_t quarter = heartbeat->interval_ns / 4;
    heartbeat->last_ns = now_ns;
    heartbeat->next_ns =
        now_ns + 3 * quarter + (int64_t)((double)quarter * (chance / 4294967296.0));
}

/* ---- as JSON ------------------------------------------------------------ */

void heartbeat_put_firing(const struct heartbeat_facts *facts, struct json *json)
{
    json_put_begin(json, "firing", '{');
    for (int route = 0; route < ROUTES; route++)
        json_put_count(json, finding_route_name((enum finding_route)route),
                       facts->firing[route]);
    json_end(json, '}');
}

static void put_facts(struct json *json, const struct heartbeat_facts *facts)
{
    json_put_time(json, "alive", facts->at_ns);
    json_put_time(json, "newest", facts->newest_ns);
    json_put_seconds(json, "lag_s", facts->lag_ns);
    json_put_count(json, "behind_bytes", facts->behind_bytes);
    json_put_hash(json, "config", facts->config);
    json_put_count(json, "streams", facts->streams);
    json_put_count(json, "files", facts->files);
    json_put_bool(json, "reading_waits", facts->waits);
    heartbeat_put_firing(facts, json);
}

void heartbeat_write(const struct beat *beat, struct buffer *out)
{
    struct json json = {.out = out};
    json_put_int(&json, "v", 1);
    json_put_text(&json, "version", beat->version);
    json_put_hash(&json, "epoch", beat->epoch);
    json_put_count(&json, "n", beat->n);
    json_put_count(&json, "waiting", beat->waiting);
    json_put_seconds(&json, "interval_s", beat->interval_ns);
    json_put_bool(&json, "running", beat->running);
    json_put_bool(&json, "troubled", beat->troubled);
    json_put_seconds(&json, "hung_s", beat->hung_ns);
    put_facts(&json, &beat->facts);
}

/* ---- and back: anybody may have written it, so each number has to fit where it is counted on ------------------------------- */

static uint64_t take_int(struct json_value object, const char *path, double most)
{
    double value = json_number(json_at(object, path), 0);
    return value > 0 && value <= most ? (uint64_t)value : 0; // also when it is no number
}

static int64_t take_seconds(struct json_value object, const char *key)
{
    double value = json_number(json_at(object, key), 0);
    return value > 0 && value <= 1e9 ? (int64_t)(value * NS_PER_S) : 0;
}

static uint64_t take_hash(struct json_value object, const char *key)
{
    char text[HASH_TEXT_SIZE] = "";
    struct json_value value = json_at(object, key);
    if (value.type == JSON_STRING && value.raw.len < sizeof(text))
        memcpy(text, value.raw.at, value.raw.len);
    return strtoull(text, NULL, 16);
}

static int64_t take_time(struct json_value object, const char *key)
{
    char text[CLOCK_TEXT_SIZE] = "";
    int64_t at = NO_TIME;
    struct json_value value = json_at(object, key);
    if (value.type == JSON_STRING && value.raw.len < sizeof(text))
        memcpy(text, value.raw.at, value.raw.len);
    return clock_parse(text, &at, NULL) == 0 ? at : NO_TIME;
}

static void take_facts(struct json_value object, struct heartbeat_facts *facts)
{
    facts->at_ns = take_time(object, "alive");
    facts->newest_ns = take_time(object, "newest");
    facts->lag_ns = take_seconds(object, "lag_s");
    facts->behind_bytes = take_int(object, "behind_bytes", 9e15);
    facts->config = take_hash(object, "config");
    facts->streams = (uint32_t)take_int(object, "streams", 1e6);
    facts->files = (uint32_t)take_int(object, "files", 1e9);
    facts->waits = json_at(object, "reading_waits").type == JSON_TRUE;
    for (int route = 0; route < ROUTES; route++) {
        char path[32];
        snprintf(path, sizeof(path), "firing.%s",
                 finding_route_name((enum finding_route)route));
        facts->firing[route] = (uint32_t)take_int(object, path, 1e6);
    }
}

bool heartbeat_read(struct bytes text, struct beat *ret)
{
    struct bytes rest;
    struct beat beat = {0};
    struct json_value object = json_read(text, &rest), version = json_at(object, "version");
    if (object.type != JSON_OBJECT || take_int(object, "v", 1) != 1)
        return false;
    if (version.type == JSON_STRING && version.raw.len < sizeof(beat.version))
        memcpy(beat.version, version.raw.at, version.raw.len);
    beat.beat_ms = (int64_t)take_int(object, "beat", 9e12);
    beat.interval_ns = take_seconds(object, "interval_s");
    beat.epoch = take_hash(object, "epoch");
    beat.n = take_int(object, "n", 9e15);
    beat.waiting = take_int(object, "waiting", 9e15);
    beat.running = json_at(object, "running").type == JSON_TRUE;
    beat.troubled = json_at(object, "troubled").type == JSON_TRUE;
    beat.hung_ns = take_seconds(object, "hung_s");
    take_facts(object, &beat.facts);
    *ret = beat;
    return true;
}

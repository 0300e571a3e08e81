/* SPDX-License-Identifier: MIT */

/* oddline fleet --json: one object a line, `type` first: host, trouble, and one fleet at the end. */

#include "command/fleet.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"

static void begin(struct json *json, struct buffer *out, const char *type)
{
    *json = (struct json){.out = out};
    json_begin(json, '{');
    json_key(json, "type");
    json_text(json, type);
}

static void end(struct json *json)
{
    json_end(json, '}');
    buffer_char(json->out, '\n');
}

static void put_int(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_int(json, (int64_t)value);
}

static void put_text(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_text(json, text);
}

static void put_hash(struct json *json, const char *key, uint64_t hash)
{
    char text[HASH_TEXT_SIZE];
    put_text(json, key, hash_format(hash, text));
}

static void put_firing(struct json *json, const struct heartbeat_facts *facts)
{
    json_key(json, "firing");
    json_begin(json, '{');
    for (int route = 0; route < ROUTES; route++)
        put_int(json, finding_route_name((enum finding_route)route), facts->firing[route]);
    json_end(json, '}');
}

static void put_host(struct json *json, const struct fleet *fleet,
                     const struct fleet_host *host)
{
    const struct beat *beat = &host->beat;
    put_text(json, "host", host->name);
    put_int(json, "shard", (uint64_t)host->shard);
    put_text(json, "state", fleet_state_name(host->state));
    if (host->state == FLEET_UNREADABLE)
        return;
    json_key(json, "last_beat");
    json_time(json, fleet->now_ns - host->age_ns);
    json_key(json, "age_s");
    json_seconds(json, host->age_ns);
    json_key(json, "interval_s");
    json_seconds(json, beat->interval_ns);
    put_text(json, "version", beat->version);
    put_hash(json, "epoch", beat->epoch);
    put_int(json, "n", beat->n);
    put_int(json, "waiting", beat->waiting);
    json_key(json, "newest");
    json_time(json, beat->facts.newest_ns);
    json_key(json, "lag_s");
    json_seconds(json, beat->facts.lag_ns);
    put_int(json, "behind_bytes", beat->facts.behind_bytes);
    put_hash(json, "config", beat->facts.config);
    json_key(json, "drift");
    json_bool(json, host->drift);
    put_int(json, "streams", beat->facts.streams);
    put_int(json, "files", beat->facts.files);
    put_firing(json, &beat->facts);
}

static void put_trouble(struct json *json, const struct fleet_trouble *trouble)
{
    put_hash(json, "fingerprint", trouble->fingerprint);
    put_text(json, "route", finding_route_name(trouble->route));
    put_int(json, "hosts", trouble->hosts);
    put_int(json, "silent_hosts", trouble->silent);
    put_text(json, "first_host", trouble->first);
    json_key(json, "starts_at");
    json_time(json, trouble->starts_ns);
    put_text(json, "stream", trouble->stream);
    put_text(json, "summary", trouble->summary);
}

static void put_whole(struct json *json, const struct fleet *fleet)
{
    json_key(json, "at");
    json_time(json, fleet->now_ns);
    put_int(json, "shards", (uint64_t)fleet->shards);
    put_int(json, "hosts", fleet->host_count);
    put_int(json, "hosts_not_shown", fleet->hosts_over);
    put_int(json, "silent", fleet->states[FLEET_SILENT]);
    put_int(json, "drift", fleet->drifts);
    put_hash(json, "config", fleet->norm);
    put_int(json, "troubles", fleet->trouble_count);
    put_int(json, "entries", fleet->entries);
    json_key(json, "entries_since");
    json_time(json, fleet->oldest_ns);
}

void fleet_json(const struct fleet *fleet, struct buffer *out)
{
    struct json json;
    for (size_t i = 0; i < fleet->host_count; i++) {
        begin(&json, out, "host");
        put_host(&json, fleet, &fleet->hosts[i]);
        end(&json);
    }
    for (size_t i = 0; i < fleet->trouble_count; i++) {
        begin(&json, out, "trouble");
        put_trouble(&json, &fleet->troubles[i]);
        end(&json);
    }
    begin(&json, out, "fleet");
    put_whole(&json, fleet);
    end(&json);
}

/* SPDX-License-Identifier: MIT */

/* oddline fleet --json: one object a line, `type` first: host, trouble, and one fleet at the end. */

#include "command/fleet.h"

#include "base/clock.h"
#include "base/json_put.h"

static void begin(struct json *json, struct buffer *out, const char *type)
{
    *json = (struct json){.out = out};
    json_begin(json, '{');
    json_put_text(json, "type", type);
}

static void end(struct json *json)
{
    json_end(json, '}');
    buffer_char(json->out, '\n');
}

static void put_host(struct json *json, const struct fleet *fleet,
                     const struct fleet_host *host)
{
    const struct beat *beat = &host->beat;
    json_put_text(json, "host", host->name);
    json_put_int(json, "shard", host->shard);
    json_put_text(json, "state", fleet_state_name(host->state));
    if (host->state == FLEET_UNREADABLE)
        return;
    json_put_time(json, "last_beat", fleet->now_ns - host->age_ns);
    json_put_seconds(json, "age_s", host->age_ns);
    json_put_seconds(json, "interval_s", beat->interval_ns);
    json_put_text(json, "version", beat->version);
    json_put_hash(json, "epoch", beat->epoch);
    json_put_count(json, "n", beat->n);
    json_put_count(json, "waiting", beat->waiting);
    json_put_time(json, "newest", beat->facts.newest_ns);
    json_put_seconds(json, "lag_s", beat->facts.lag_ns);
    json_put_count(json, "behind_bytes", beat->facts.behind_bytes);
    json_put_hash(json, "config", beat->facts.config);
    json_put_bool(json, "drift", host->drift);
    json_put_bool(json, "name_twice", host->twice);
    json_put_count(json, "streams", beat->facts.streams);
    json_put_count(json, "files", beat->facts.files);
    heartbeat_put_firing(&beat->facts, json);
}

static void put_trouble(struct json *json, const struct fleet_trouble *trouble)
{
    json_put_hash(json, "fingerprint", trouble->fingerprint);
    json_put_text(json, "route", finding_route_name(trouble->route));
    json_put_count(json, "hosts", trouble->hosts);
    json_put_count(json, "silent_hosts", trouble->silent);
    json_put_count(json, "unheard_hosts", trouble->unheard);
    json_put_text(json, "first_host", trouble->first);
    json_put_time(json, "starts_at", trouble->starts_ns);
    json_put_text(json, "stream", trouble->stream);
    json_put_text(json, "summary", trouble->summary);
}

static void put_whole(struct json *json, const struct fleet *fleet)
{
    json_put_time(json, "at", fleet->now_ns);
    json_put_int(json, "shards", fleet->shards);
    json_put_count(json, "hosts", fleet->host_count);
    json_put_count(json, "hosts_not_shown", fleet->hosts_over);
    json_put_count(json, "silent", fleet->states[FLEET_SILENT]);
    json_put_count(json, "drift", fleet->drifts);
    json_put_hash(json, "config", fleet->norm);
    json_put_count(json, "troubles", fleet->trouble_count);
    json_put_count(json, "entries", fleet->entries);
    json_put_time(json, "entries_since", fleet->oldest_ns);
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

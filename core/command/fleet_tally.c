/* SPDX-License-Identifier: MIT */

#include "command/fleet.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024 };
#define INTERVAL_NS (30 * NS_PER_S) /* of a beat that does not say */

void fleet_begin(struct fleet *fleet, int64_t now_ns, int shards)
{
    *fleet = (struct fleet){.now_ns = now_ns, .shards = shards, .oldest_ns = NO_TIME};
}

void fleet_free(struct fleet *fleet)
{
    arena_free(&fleet->arena);
    free(fleet->hosts);
    fleet_set_free(&fleet->ids);
    fleet_set_free(&fleet->pairs);
}

/* ---- hosts -------------------------------------------------------------- */

static struct fleet_host *another(struct fleet *fleet)
{
    if (fleet->host_count == FLEET_HOSTS_MAX) {
        fleet->hosts_over++;
        return NULL;
    }
    if (fleet->host_count == fleet->host_room) {
        fleet->host_room = fleet->host_room ? 2 * fleet->host_room : 64;
        fleet->hosts = realloc(fleet->hosts, fleet->host_room * sizeof(*fleet->hosts));
        if (!fleet->hosts)
            memory_gone();
    }
    return &fleet->hosts[fleet->host_count++];
}

static struct bytes cut(struct bytes text)
{
    return (struct bytes){text.at, text.len < TEXT_MAX ? text.len : TEXT_MAX};
}

/* By a clock that the server had once: whoever lives beats again soon, by that of now. */
static bool is_ahead(const struct fleet *fleet, const struct beat *beat, int64_t most_ns)
{
    return beat->beat_ms && !fleet->own_clock &&
           beat->beat_ms * NS_PER_MS - fleet->now_ns > most_ns;
}

static enum fleet_state state_of(const struct fleet *fleet, const struct fleet_host *host)
{
    const struct beat *beat = &host->beat;
    int64_t most = FLEET_MISSED * (beat->interval_ns > 0 ? beat->interval_ns : INTERVAL_NS);
    if (!beat->running)
        return FLEET_STOPPED;
    if (host->age_ns > most || is_ahead(fleet, beat, most))
        return FLEET_SILENT;
    if (beat->hung_ns > FLEET_HUNG_NS)
        return FLEET_HUNG;
    if (beat->facts.waits)
        return FLEET_WAITS;
    if (beat->troubled)
        return FLEET_TROUBLED;
    return beat->facts.lag_ns > 0 ? FLEET_BEHIND : FLEET_OK;
}

/* By the server's clock, where the server could be asked; else by those of the two hosts. */
static int64_t age_of(const struct fleet *fleet, const struct beat *beat)
{
    int64_t at = beat->beat_ms ? beat->beat_ms * NS_PER_MS : beat->facts.at_ns;
    int64_t age = at == NO_TIME ? 0 : fleet->now_ns - (at > 0 ? at : 0);
    return age > 0 ? age : 0;
}

void fleet_add_host(struct fleet *fleet, int shard, struct bytes name, struct bytes value)
{
    struct fleet_host *host = another(fleet);
    if (!host)
        return;
    *host = (struct fleet_host){.name = arena_text(&fleet->arena, cut(name)), .shard = shard};
    bool readable = heartbeat_read(value, &host->beat);
    host->age_ns = readable ? age_of(fleet, &host->beat) : 0;
    host->state = readable ? state_of(fleet, host) : FLEET_UNREADABLE;
}

static bool lives(const struct fleet_host *host)
{
    return host->state != FLEET_SILENT && host->state != FLEET_STOPPED &&
           host->state != FLEET_UNREADABLE;
}

static int by_name(const void *a, const void *b)
{
    const struct fleet_host *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (!order)
        order = (x->state == FLEET_UNREADABLE) - (y->state == FLEET_UNREADABLE);
    return order ? order : (x->age_ns > y->age_ns) - (x->age_ns < y->age_ns);
}

/*
 * HSCAN may show one twice, and a host that was moved to another shard left a beat in the old one: the newest counts. Two that live and
 * have not the same journal are two daemons; in one shard the server would have refused one of them.
 */
static void drop_doubles(struct fleet *fleet)
{
    size_t kept = 0;
    for (size_t i = 0; i < fleet->host_count; i++) {
        struct fleet_host *last = kept ? &fleet->hosts[kept - 1] : NULL,
                          *host = &fleet->hosts[i];
        if (!last || strcmp(last->name, host->name) != 0)
            fleet->hosts[kept++] = *host;
        else if (lives(last) && lives(host) && last->beat.epoch != host->beat.epoch)
            last->twice = true;
    }
    fleet->host_count = kept;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The commonest; of several, the one with the lowest hash, so that it does not change from look to look. */
static uint64_t commonest(uint64_t *hashes, size_t count)
{
    uint64_t best = 0;
    size_t most = 0, begin = 0;
    qsort(hashes, count, sizeof(*hashes), by_value);
    for (size_t i = 1; i <= count; i++) {
        if (i < count && hashes[i] == hashes[begin])
            continue;
        if (i - begin > most) {
            most = i - begin;
            best = hashes[begin];
        }
        begin = i;
    }
    return best;
}

static void find_norm(struct fleet *fleet)
{
    uint64_t *hashes = calloc(fleet->host_count + 1, sizeof(*hashes));
    size_t count = 0;
    if (!hashes)
        memory_gone();
    for (size_t i = 0; i < fleet->host_count; i++)
        if (fleet->hosts[i].state != FLEET_UNREADABLE)
            hashes[count++] = fleet->hosts[i].beat.facts.config;
    fleet->norm = commonest(hashes, count);
    free(hashes);
}

void fleet_judge(struct fleet *fleet)
{
    if (fleet->host_count)
        qsort(fleet->hosts, fleet->host_count, sizeof(*fleet->hosts), by_name);
    drop_doubles(fleet);
    find_norm(fleet);
    for (size_t i = 0; i < fleet->host_count; i++) {
        struct fleet_host *host = &fleet->hosts[i];
        host->drift = host->state != FLEET_UNREADABLE && host->beat.facts.config != fleet->norm;
        fleet->drifts += host->drift;
        fleet->twice += host->twice;
        fleet->states[host->state]++;
    }
}

const struct fleet_host *fleet_find(const struct fleet *fleet, struct bytes name)
{
    size_t low = 0, high = fleet->host_count;
    name = cut(name);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *at = fleet->hosts[middle].name;
        int order = strncmp(name.at, at, name.len);
        if (order == 0 && at[name.len] == '\0')
            return &fleet->hosts[middle];
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- troubles ----------------------------------------------------------- */

static uint64_t hash_of(struct bytes text, uint64_t with)
{
    return hash_join(hash_bytes(text), with);
}

static bool fingerprint_of(struct bytes text, uint64_t *ret)
{
    char hex[HASH_TEXT_SIZE], *end;
    if (text.len != sizeof(hex) - 1)
        return false;
    memcpy(hex, text.at, text.len);
    hex[text.len] = '\0';
    *ret = strtoull(hex, &end, 16);
    return *end == '\0';
}

static struct fleet_trouble *trouble_of(struct fleet *fleet, uint64_t fingerprint,
                                        enum finding_route route)
{
    for (size_t i = 0; i < fleet->trouble_count; i++)
        if (fleet->troubles[i].fingerprint == fingerprint && fleet->troubles[i].route == route)
            return &fleet->troubles[i];
    if (fleet->trouble_count == FLEET_TROUBLES_MAX) {
        fleet->troubles_over++;
        return NULL;
    }
    struct fleet_trouble *trouble = &fleet->troubles[fleet->trouble_count++];
    *trouble = (struct fleet_trouble){
        .fingerprint = fingerprint, .route = route, .starts_ns = NO_TIME};
    return trouble;
}

/* A text of the finding, its escapes undone; up to a NUL in it. */
static const char *member(struct fleet *fleet, struct json_value object, const char *name)
{
    char text[TEXT_MAX] = "";
    struct json_value value = json_at(object, name);
    if (value.type != JSON_STRING)
        return "";
    size_t len = json_unescape(cut(value.raw), text);
    return arena_text(&fleet->arena, (struct bytes){text, len});
}

static int64_t start_of(struct json_value object)
{
    char text[CLOCK_TEXT_SIZE] = "";
    int64_t at = NO_TIME;
    struct json_value value = json_at(object, "starts_at");
    if (value.type != JSON_STRING || value.raw.len >= sizeof(text))
        return NO_TIME;
    memcpy(text, value.raw.at, value.raw.len);
    return clock_parse(text, &at, NULL) == 0 ? at : NO_TIME;
}

/* Of a daemon that was stopped, is not known, or began anew with another journal nobody knows whether it is over. */
static bool is_unheard(const struct fleet_host *host, struct bytes epoch)
{
    char text[HASH_TEXT_SIZE];
    if (!host || host->state == FLEET_STOPPED || host->state == FLEET_UNREADABLE)
        return true;
    return host->beat.epoch && epoch.len &&
           !bytes_is(epoch, hash_format(host->beat.epoch, text));
}

static void fires(struct fleet *fleet, struct fleet_trouble *trouble,
                  const struct fleet_entry *entry)
{
    struct bytes rest;
    struct json_value object = json_read(entry->data, &rest);
    const struct fleet_host *host = fleet_find(fleet, entry->host);
    int64_t starts = start_of(object);
    bool begins =
        !trouble->first ||
        (starts != NO_TIME && (trouble->starts_ns == NO_TIME || starts < trouble->starts_ns));
    trouble->hosts++;
    if (host && host->state == FLEET_SILENT)
        trouble->silent++;
    else
        trouble->unheard += is_unheard(host, entry->epoch);
    if (!begins)
        return;
    if (!trouble->first) {
        trouble->stream = arena_text(&fleet->arena, cut(entry->stream));
        trouble->summary = member(fleet, object, "summary");
    }
    trouble->first = host ? host->name : arena_text(&fleet->arena, cut(entry->host));
    trouble->starts_ns = starts;
}

void fleet_add_entry(struct fleet *fleet, const struct fleet_entry *entry)
{
    uint64_t fingerprint, who = hash_of(entry->host, 0);
    fleet->entries++;
    if (!fingerprint_of(entry->fingerprint, &fingerprint) ||
        !fleet_set_add(&fleet->ids, hash_of(entry->id, who)))
        return; // none of ours; or an older entry of a finding that was seen
    if (!bytes_is(entry->status, "firing") ||
        !fleet_set_add(&fleet->pairs, hash_join(hash_join(fingerprint, who), entry->route)))
        return;
    struct fleet_trouble *trouble = trouble_of(fleet, fingerprint, entry->route);
    if (trouble)
        fires(fleet, trouble, entry);
}

/* ---- the order ---------------------------------------------------------- */

static int less(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_trouble(const void *a, const void *b)
{
    const struct fleet_host *x = a, *y = b;
    const struct heartbeat_facts *f = &x->beat.facts, *g = &y->beat.facts;
    int order = less(x->state, y->state);
    for (int route = 0; order == 0 && route < ROUTE_LOG; route++)
        order = less(g->firing[route], f->firing[route]);
    order = order ? order : less(y->drift, x->drift);
    order = order ? order : less(g->lag_ns, f->lag_ns);
    return order ? order : strcmp(x->name, y->name);
}

static int by_weight(const void *a, const void *b)
{
    const struct fleet_trouble *x = a, *y = b;
    int order = less(x->route, y->route);
    order = order ? order : less((int64_t)y->hosts, (int64_t)x->hosts);
    order = order ? order : less(x->starts_ns, y->starts_ns);
    return order ? order
                 : (x->fingerprint > y->fingerprint) - (x->fingerprint < y->fingerprint);
}

void fleet_sort(struct fleet *fleet)
{
    if (fleet->host_count)
        qsort(fleet->hosts, fleet->host_count, sizeof(*fleet->hosts), by_trouble);
    if (fleet->trouble_count)
        qsort(fleet->troubles, fleet->trouble_count, sizeof(*fleet->troubles), by_weight);
}

const char *fleet_state_name(enum fleet_state state)
{
    static const char *const names[FLEET_STATES] = {[FLEET_SILENT] = "SILENT",
                                                    [FLEET_HUNG] = "HUNG",
                                                    [FLEET_WAITS] = "READING WAITS",
                                                    [FLEET_TROUBLED] = "NOT SENT",
                                                    [FLEET_BEHIND] = "behind",
                                                    [FLEET_UNREADABLE] = "unreadable",
                                                    [FLEET_OK] = "ok",
                                                    [FLEET_STOPPED] = "stopped"};
    return names[state];
}

/* SPDX-License-Identifier: MIT */

#include "command/fleet.h"

#include "act/server.h"
#include "base/clock.h"
#include "deliver/shard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SCAN_COUNT = 500,
    ENTRIES_AT_ONCE = 16, /* of at most 1 MiB each: an answer is 20 MiB at most */
};

static int malformed(struct error *reterr)
{
    return error_set(reterr, -EPROTO, "redis: an answer of another form");
}

static bool is(const redisReply *reply, int type)
{
    return reply && reply->type == type;
}

static struct bytes text_of(const redisReply *reply)
{
    if (!is(reply, REDIS_REPLY_STRING))
        return (struct bytes){"", 0};
    return (struct bytes){reply->str, (size_t)reply->len};
}

/* ---- the time ----------------------------------------------------------- */

/* Who may not ask for it takes his own. */
static int server_now(struct server *server, int64_t *ret, bool *ret_own, struct error *reterr)
{
    redisReply *reply = NULL;
    int64_t now = clock_wall_ns();
    server_begin(server, WORDS("TIME"));
    int r = server_ask(server, &reply, reterr);
    if (r == 0 && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
        now = strtoll(text_of(reply->element[0]).at, NULL, 10) * NS_PER_S +
              strtoll(text_of(reply->element[1]).at, NULL, 10) * 1000;
    *ret_own = r < 0;
    if (reply)
        freeReplyObject(reply);
    if (r < 0 && r != -EPERM)
        return r;
    *ret = now;
    return 0;
}

/* ---- hosts -------------------------------------------------------------- */

static int take_hosts(struct fleet *fleet, int shard, const redisReply *reply, char cursor[24],
                      struct error *reterr)
{
    if (!is(reply, REDIS_REPLY_ARRAY) || reply->elements != 2 ||
        !is(reply->element[0], REDIS_REPLY_STRING) || !is(reply->element[1], REDIS_REPLY_ARRAY))
        return malformed(reterr);
    const redisReply *list = reply->element[1];
    for (size_t i = 0; i + 1 < list->elements; i += 2)
        fleet_add_host(fleet, shard, text_of(list->element[i]), text_of(list->element[i + 1]));
    snprintf(cursor, 24, "%s", reply->element[0]->str);
    return 0;
}

static int read_hosts(struct server *server, struct fleet *fleet, int shard,
                      struct error *reterr)
{
    char key[SERVER_KEY], cursor[24] = "0";
    int r = 0;
    do {
        redisReply *reply = NULL;
        server_begin(server, WORDS("HSCAN", server_key(server, key, "hosts"), cursor, "COUNT"));
        server_arg_int(server, SCAN_COUNT);
        r = server_ask(server, &reply, reterr);
        if (r == 0)
            r = take_hosts(fleet, shard, reply, cursor, reterr);
        if (reply)
            freeReplyObject(reply);
    } while (r == 0 && strcmp(cursor, "0") != 0 && fleet->hosts_over == 0);
    return r;
}

/* ---- entries ------------------------------------------------------------ */

static void take_fields(const redisReply *fields, struct fleet_entry *entry)
{
    struct {
        const char *name;
        struct bytes *into;
    } wanted[] = {{"id", &entry->id},         {"host", &entry->host},
                  {"stream", &entry->stream}, {"status", &entry->status},
                  {"data", &entry->data},     {"fingerprint", &entry->fingerprint},
                  {"epoch", &entry->epoch}};
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        for (size_t k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++)
            if (bytes_is(text_of(fields->element[i]), wanted[k].name))
                *wanted[k].into = text_of(fields->element[i + 1]);
}

/* Where a stream is read, backwards. */
struct place {
    enum finding_route route;
    char key[SERVER_KEY], to[64];
    int64_t left;
};

/* How many there were; -errno. */
static int take_entries(struct fleet *fleet, struct place *place, const redisReply *reply,
                        struct error *reterr)
{
    if (!is(reply, REDIS_REPLY_ARRAY))
        return malformed(reterr);
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *pair = reply->element[i];
        if (!is(pair, REDIS_REPLY_ARRAY) || pair->elements != 2 ||
            !is(pair->element[0], REDIS_REPLY_STRING) ||
            !is(pair->element[1], REDIS_REPLY_ARRAY) || pair->element[0]->len > 48)
            return malformed(reterr);
        struct fleet_entry entry = {.route = place->route};
        take_fields(pair->element[1], &entry);
        fleet_add_entry(fleet, &entry);
        snprintf(place->to, sizeof(place->to), "(%s", pair->element[0]->str);
    }
    return (int)reply->elements;
}

/* There is more than what was looked at: from when on it was. */
static void note_oldest(struct fleet *fleet, const struct place *place)
{
    int64_t at = strtoll(place->to + 1, NULL, 10) * NS_PER_MS;
    if (place->to[0] == '(' && at > fleet->oldest_ns) // of all streams what is known of each
        fleet->oldest_ns = at;
}

static int read_entries(struct server *server, struct fleet *fleet, struct place *place,
                        struct error *reterr)
{
    int r = ENTRIES_AT_ONCE;
    while (r == ENTRIES_AT_ONCE && place->left > 0) {
        redisReply *reply = NULL;
        server_begin(server, WORDS("XREVRANGE", place->key, place->to, "-", "COUNT"));
        server_arg_int(server, ENTRIES_AT_ONCE);
        r = server_ask(server, &reply, reterr);
        if (r == 0)
            r = take_entries(fleet, place, reply, reterr);
        place->left -= r > 0 ? r : 0;
        if (reply)
            freeReplyObject(reply);
    }
    if (r == ENTRIES_AT_ONCE)
        note_oldest(fleet, place);
    return r < 0 ? r : 0;
}

static int read_streams(struct server *server, struct fleet *fleet, int64_t last,
                        struct error *reterr)
{
    int r = 0;
    for (enum finding_route route = ROUTE_PAGE; r == 0 && route < ROUTE_LOG; route++) {
        struct place place = {.route = route, .to = "+", .left = last};
        server_key(server, place.key, "%s", finding_route_name(route));
        r = read_entries(server, fleet, &place, reterr);
    }
    return r;
}

/* ---- the whole ---------------------------------------------------------- */

/* One connection serves all shards of one server; a cluster says where each is (MOVED). */
static int each_shard(const struct fleet_source *source, int shard, struct server *server,
                      struct error *reterr)
{
    char text[SHARD_TEXT_SIZE];
    struct redis_options options = *source->options;
    options.shard = shard_format(shard, text);
    int r = server_setup(server, &options, reterr);
    return r < 0 ? r : server_open(server, reterr);
}

/* Twice, since a node of a cluster may send us on at the first question. */
static int with_shard(const struct fleet_source *source, int shard, struct fleet *fleet,
                      int (*act)(struct server *, struct fleet *, const struct fleet_source *,
                                 int shard, struct error *),
                      struct error *reterr)
{
    static struct server server; // 40 KiB of arguments
    server = (struct server){0};
    int r = each_shard(source, shard, &server, reterr);
    if (r == 0)
        r = act(&server, fleet, source, shard, reterr);
    if (r == -EREMOTE) {
        r = server_open(&server, reterr);
        if (r == 0)
            r = act(&server, fleet, source, shard, reterr);
    }
    server_free(&server);
    return r;
}

static int hosts_of(struct server *server, struct fleet *fleet,
                    const struct fleet_source *source, int shard, struct error *reterr)
{
    (void)source;
    int r = shard == 0 ? server_now(server, &fleet->now_ns, &fleet->own_clock, reterr) : 0;
    return r < 0 ? r : read_hosts(server, fleet, shard, reterr);
}

static int troubles_of(struct server *server, struct fleet *fleet,
                       const struct fleet_source *source, int shard, struct error *reterr)
{
    (void)shard;
    return read_streams(server, fleet, source->last, reterr);
}

int fleet_read(const struct fleet_source *source, struct fleet *fleet, struct error *reterr)
{
    int r = 0;
    fleet_begin(fleet, clock_wall_ns(), source->shards);
    for (int shard = 0; r == 0 && shard < source->shards; shard++)
        r = with_shard(source, shard, fleet, hosts_of, reterr);
    if (r == 0)
        fleet_judge(fleet);
    for (int shard = 0; r == 0 && shard < source->shards; shard++)
        r = with_shard(source, shard, fleet, troubles_of, reterr);
    return r;
}

/* ---- forgetting --------------------------------------------------------- */

int fleet_forget(const struct fleet_source *source, const struct fleet_host *host,
                 struct error *reterr)
{
    static struct server server;
    char key[SERVER_KEY];
    server = (struct server){0};
    int r = each_shard(source, host->shard, &server, reterr);
    for (int hop = 0; r == 0 && hop < 2; hop++) {
        server_begin(&server, WORDS("HDEL", server_key(&server, key, "hosts"), host->name));
        r = server_ask(&server, NULL, reterr);
        if (r == -EREMOTE && hop == 0)
            r = server_open(&server, reterr);
        else
            break;
    }
    server_free(&server);
    return r;
}

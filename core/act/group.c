/* SPDX-License-Identifier: MIT */

#include "act/group.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- beginning ---------------------------------------------------------- */

static int make_one(struct group *group, int stream, const char *from, struct error *reterr)
{
    struct error error = {""};
    server_begin(group->server,
                 WORDS("XGROUP", "CREATE", group->keys[stream], group->name, from, "MKSTREAM"));
    int r = server_ask(group->server, NULL, &error);
    return r == 0 || r == -EEXIST ? 0 : error_set(reterr, r, "%s", error.text);
}

int group_make(struct group *group, int64_t since_ns, struct error *reterr)
{
    char from[LETTER_ID];
    snprintf(from, sizeof(from), "%" PRId64 "-0", since_ns > 0 ? since_ns / NS_PER_MS : 0);
    for (int i = 0; i < group->count; i++) {
        int r = make_one(group, i, from, reterr);
        if (r < 0)
            return r;
        memcpy(group->cursor[i], "0", 2);
        memcpy(group->claimed[i], "0-0", 4);
    }
    group->behind = true;
    return 0;
}

/* ---- reading ------------------------------------------------------------ */

static int malformed(struct error *reterr)
{
    return error_set(reterr, -EPROTO, "redis: a stream was answered in another form");
}

static bool is_array(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ARRAY;
}

static bool is_text(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_STRING;
}

/* The entries of one stream; what was ours is read on behind the last of them. */
static int take_entries(struct group *group, int stream, const redisReply *entries,
                        const struct group_taker *taker, struct error *reterr)
{
    if (!is_array(entries))
        return malformed(reterr);
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        if (entry && entry->type == REDIS_REPLY_NIL)
            continue; // XAUTOCLAIM of Redis 6.2, for what was trimmed
        if (!is_array(entry) || entry->elements != 2 || !is_text(entry->element[0]) ||
            entry->element[0]->len >= LETTER_ID)
            return malformed(reterr);
        int r = taker->take(taker->context, entry, stream, reterr);
        if (r < 0)
            return r;
        if (group->behind)
            snprintf(group->cursor[stream], LETTER_ID, "%s", entry->element[0]->str);
    }
    return (int)entries->elements;
}

static int stream_of(const struct group *group, const redisReply *key)
{
    for (int i = 0; is_text(key) && i < group->count; i++)
        if (strcmp(key->str, group->keys[i]) == 0)
            return i;
    return -1;
}

static int take_streams(struct group *group, const redisReply *reply,
                        const struct group_taker *taker, struct error *reterr)
{
    int came = 0;
    if (reply->type == REDIS_REPLY_NIL)
        return 0;
    if (!is_array(reply))
        return malformed(reterr);
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *pair = reply->element[i];
        int stream =
            is_array(pair) && pair->elements == 2 ? stream_of(group, pair->element[0]) : -1;
        if (stream < 0)
            return malformed(reterr);
        int r = take_entries(group, stream, pair->element[1], taker, reterr);
        if (r < 0)
            return r;
        came += r;
    }
    return came;
}

static void ask_for(struct group *group, const struct group_round *round)
{
    struct redis_link *link = &group->server->link;
    server_begin(group->server, WORDS("XREADGROUP", "GROUP", group->name, group->consumer));
    redis_link_arg_text(link, "COUNT");
    server_arg_int(group->server, round->count);
    if (round->block_ms > 0) {
        redis_link_arg_text(link, "BLOCK");
        server_arg_int(group->server, round->block_ms);
    }
    redis_link_arg_text(link, "STREAMS");
    for (int i = 0; i < group->count; i++)
        redis_link_arg_text(link, group->keys[i]);
    for (int i = 0; i < group->count; i++)
        redis_link_arg_text(link, round->what == GROUP_OURS ? group->cursor[i] : ">");
}

int group_read(struct group *group, const struct group_round *round,
               const struct group_taker *taker, struct error *reterr)
{
    redisReply *reply;
    ask_for(group, round);
    int r = server_ask(group->server, &reply, reterr);
    if (r < 0)
        return r;
    r = take_streams(group, reply, taker, reterr);
    freeReplyObject(reply);
    if (r == 0 && round->what == GROUP_OURS)
        group->behind = false;
    return r;
}

/* ---- what others left --------------------------------------------------- */

/* Redis 7 forgets what was trimmed, and names it. */
static void say_trimmed(const struct group *group, int stream, const redisReply *ids)
{
    for (size_t i = 0; is_array(ids) && i < ids->elements; i++)
        if (is_text(ids->element[i]))
            log_warning("%s: entry %.40s was trimmed before it was acted on",
                        group->keys[stream], ids->element[i]->str);
}

static int take_claimed(struct group *group, int stream, const redisReply *reply,
                        const struct group_taker *taker, struct error *reterr)
{
    if (!is_array(reply) || reply->elements < 2 || !is_text(reply->element[0]) ||
        reply->element[0]->len >= LETTER_ID)
        return malformed(reterr);
    if (reply->elements > 2)
        say_trimmed(group, stream, reply->element[2]);
    bool behind = group->behind;
    group->behind = false; // the cursor is of another reading
    int r = take_entries(group, stream, reply->element[1], taker, reterr);
    group->behind = behind;
    if (r >= 0)
        snprintf(group->claimed[stream], LETTER_ID, "%s", reply->element[0]->str);
    return r;
}

int group_claim(struct group *group, int stream, int64_t idle_ns,
                const struct group_taker *taker, struct error *reterr)
{
    redisReply *reply;
    server_begin(group->server,
                 WORDS("XAUTOCLAIM", group->keys[stream], group->name, group->consumer));
    server_arg_int(group->server, idle_ns / NS_PER_MS);
    redis_link_arg_text(&group->server->link, group->claimed[stream]);
    redis_link_arg_text(&group->server->link, "COUNT");
    server_arg_int(group->server, GROUP_CLAIM_COUNT);
    int r = server_ask(group->server, &reply, reterr);
    if (r < 0)
        return r;
    r = take_claimed(group, stream, reply, taker, reterr);
    freeReplyObject(reply);
    return r;
}

/* ---- one entry ---------------------------------------------------------- */

int group_keep(struct group *group, const struct letter *letter, struct error *reterr)
{
    server_begin(group->server, WORDS("XCLAIM", group->keys[letter->stream], group->name,
                                      group->consumer, "0", letter->id, "JUSTID"));
    return server_ask(group->server, NULL, reterr);
}

int group_ack(struct group *group, const struct letter *letter, struct error *reterr)
{
    server_begin(group->server,
                 WORDS("XACK", group->keys[letter->stream], group->name, letter->id));
    return server_ask(group->server, NULL, reterr);
}

int group_alone(struct group *group, int stream, struct error *reterr)
{
    redisReply *reply;
    server_begin(group->server, WORDS("XINFO", "CONSUMERS", group->keys[stream], group->name));
    int r = server_ask(group->server, &reply, reterr);
    if (r < 0)
        return r;
    r = is_array(reply) && reply->elements <= 1;
    freeReplyObject(reply);
    return r;
}

int group_destroy(struct group *group, struct error *reterr)
{
    int r = 0;
    for (int i = 0; i < group->count && r == 0; i++) {
        server_begin(group->server, WORDS("XGROUP", "DESTROY", group->keys[i], group->name));
        r = server_ask(group->server, NULL, reterr);
    }
    return r;
}

/* SPDX-License-Identifier: MIT */

#include "act/decide.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* KEYS did cool hour; ARGV me, most|least, memory ms, cooldown ms, per hour, what `begun` is. Replies {word, ms}. */
static const char begin_script[] =
    "local t=redis.call('TIME') local now=t[1]*1000+math.floor(t[2]/1000)\n"
    "local did=redis.call('GET',KEYS[1])\n"
    "if did=='done' then return {'DONE','0'} end\n"
    "if did and did~=ARGV[6] and ARGV[2]=='most' then return {'MAYBE','0'} end\n"
    "local cool,cap=tonumber(ARGV[4]),tonumber(ARGV[5])\n"
    "if cool>0 then\n"
    "  local who=redis.call('GET',KEYS[2])\n"
    "  if who and who~=ARGV[1] then return {'COOL','0'} end\n"
    "end\n"
    "if cap>0 then\n"
    "  redis.call('ZREMRANGEBYSCORE',KEYS[3],'-inf',string.format('%d',now-3600000))\n"
    "  if not redis.call('ZSCORE',KEYS[3],ARGV[1]) and redis.call('ZCARD',KEYS[3])>=cap then\n"
    "    local first=redis.call('ZRANGE',KEYS[3],0,0,'WITHSCORES')\n"
    "    return {'WAIT',string.format('%d',tonumber(first[2])+3600000-now)}\n"
    "  end\n"
    "  redis.call('ZADD',KEYS[3],string.format('%d',now),ARGV[1])\n"
    "  redis.call('PEXPIRE',KEYS[3],3600000)\n"
    "end\n"
    "redis.call('SET',KEYS[1],ARGV[6],'PX',ARGV[3])\n"
    "if cool>0 then redis.call('SET',KEYS[2],ARGV[1],'PX',ARGV[4]) end\n"
    "return {'GO','0'}\n";

/* KEYS did cool stream dead; ARGV group, entry, memory ms, me, ending, at most, fields of a dead letter. */
static const char end_script[] =
    "local did=redis.call('GET',KEYS[1])\n"
    "if ARGV[5]~='skipped' then redis.call('SET',KEYS[1],'done','PX',ARGV[3]) end\n"
    "if ARGV[5]=='dead' and redis.call('GET',KEYS[2])==ARGV[4] then redis.call('DEL',KEYS[2]) "
    "end\n"
    "if (ARGV[5]=='dead' or ARGV[5]=='maybe') and did~='done' then\n"
    "  redis.call('XADD',KEYS[4],'MAXLEN','~',ARGV[6],'*',unpack(ARGV,7))\n"
    "end\n"
    "return redis.call('XACK',KEYS[3],ARGV[1],ARGV[2])\n";

#define MEMORY_MS ((int64_t)DECIDE_MEMORY_DAYS * 86400 * 1000)

/* The names of what is remembered of an entry and of its fingerprint. A resolve has a cooldown of its own. */
struct names {
    char me[LETTER_ME], did[SERVER_KEY], cool[SERVER_KEY], hour[SERVER_KEY];
};

static void set_names(struct names *names, const struct server *server,
                      const struct action *action, const struct letter *letter)
{
    letter_me(letter, names->me);
    server_key(server, names->did, "act:did:%s:%s", action->name, names->me);
    server_key(server, names->cool, "act:cool:%s:%s:%s", action->name, letter->fingerprint,
               letter->status);
    server_key(server, names->hour, "act:hour:%s", action->name);
}

static int read_begin(const redisReply *reply, struct verdict_of *ret, struct error *reterr)
{
    static const char *const decisions[] = {
        [DECIDE_GO] = "GO",     [DECIDE_DONE] = "DONE", [DECIDE_MAYBE] = "MAYBE",
        [DECIDE_COOL] = "COOL", [DECIDE_WAIT] = "WAIT",
    };
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[1]->type != REDIS_REPLY_STRING)
        return error_set(reterr, -EPROTO, "redis: the script answered something else");
    int64_t ms = strtoll(reply->element[1]->str, NULL, 10);
    for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++)
        if (strcmp(reply->element[0]->str, decisions[i]) == 0) {
            *ret = (struct verdict_of){(enum decision)i,
                                       (ms > 0 && ms <= 3600000 ? ms : 0) * NS_PER_MS};
            return 0;
        }
    return error_set(reterr, -EPROTO, "redis: the script answered '%.40s'",
                     reply->element[0]->str);
}

int decide_begin(struct server *server, const struct action *action,
                 const struct letter *letter, struct verdict_of *ret, struct error *reterr)
{
    struct names names;
    char begun[LETTER_ID + 32];
    redisReply *reply;
    snprintf(begun, sizeof(begun), "begun %s %s", server->token, letter->id);
    set_names(&names, server, action, letter);
    server_begin(server, WORDS("EVAL", begin_script, "3", names.did, names.cool, names.hour,
                               names.me, action->at_most_once ? "most" : "least"));
    server_arg_int(server, MEMORY_MS);
    server_arg_int(server, action->cooldown_ns / NS_PER_MS);
    server_arg_int(server, action->per_hour);
    redis_link_arg_text(&server->link, begun);
    int r = server_ask(server, &reply, reterr);
    if (r < 0)
        return r;
    r = read_begin(reply, ret, reterr);
    freeReplyObject(reply);
    return r;
}

static void dead_letter(struct group *group, const struct action *action,
                        const struct letter *letter, const struct end_note *note)
{
    struct redis_link *link = &group->server->link;
    const char *const pairs[][2] = {
        {"action", action->name},
        {"outcome", note->ending == END_MAYBE ? "maybe-done" : "dead"},
        {"why", note->why},
        {"stream", group->keys[letter->stream]},
        {"entry", letter->id},
        {"id", letter->finding},
        {"host", letter->host},
        {"epoch", letter->epoch},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        redis_link_arg_text(link, pairs[i][0]);
        redis_link_arg_text(link, pairs[i][1]);
    }
    redis_link_arg_text(link, "n");
    server_arg_int(group->server, (int64_t)letter->n);
    redis_link_arg_text(link, "attempts");
    server_arg_int(group->server, note->attempts);
    redis_link_arg_text(link, "data");
    redis_link_arg(link, buffer_bytes(&letter->data));
}

int decide_end(struct group *group, const struct action *action, const struct letter *letter,
               const struct end_note *note, struct error *reterr)
{
    static const char *const endings[] = {[END_SKIPPED] = "skipped",
                                          [END_DONE] = "done",
                                          [END_DEAD] = "dead",
                                          [END_MAYBE] = "maybe"};
    struct names names;
    char dead[SERVER_KEY];
    struct server *server = group->server;
    set_names(&names, server, action, letter);
    server_begin(server, WORDS("EVAL", end_script, "4", names.did, names.cool,
                               group->keys[letter->stream], server_key(server, dead, "dead"),
                               group->name, letter->id));
    server_arg_int(server, MEMORY_MS);
    redis_link_arg_text(&server->link, names.me);
    redis_link_arg_text(&server->link, endings[note->ending]);
    server_arg_int(server, DECIDE_DEAD_MAX);
    dead_letter(group, action, letter, note);
    return server_ask(server, NULL, reterr);
}

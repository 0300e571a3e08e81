/* SPDX-License-Identifier: MIT */

#include "deliver/redis_beat.h"

#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>

#define HURRY_NS (NS_PER_S / 2)

/* Who may not ask the time writes 0, and who may not count says 0 hosts: both are only worse to read. */
static const char script[] =
    "if redis.replicate_commands then redis.replicate_commands() end\n"
    "local now, ms = redis.pcall('TIME'), '0'\n"
    "if not now.err then ms = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000)) "
    "end\n"
    "redis.call('HSET', KEYS[1], ARGV[1], '{\"beat\":' .. ms .. ',' .. ARGV[2] .. '}')\n"
    "local hosts = redis.pcall('HLEN', KEYS[1])\n"
    "return type(hosts) == 'number' and hosts or 0\n";

static int send_it(struct redis_link *link, const struct redis_beat *what, struct bytes members,
                   uint64_t *ret_hosts, struct error *reterr)
{
    redisReply *reply = NULL;
    redis_link_begin(link, "EVAL");
    redis_link_arg_text(link, script);
    redis_link_arg_text(link, "1");
    redis_link_arg_text(link, what->key);
    redis_link_arg_text(link, what->host);
    redis_link_arg(link, members);
    int r = redis_link_command(link, &reply, reterr);
    if (r < 0)
        return r;
    if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
        *ret_hosts = (uint64_t)reply->integer;
    freeReplyObject(reply);
    return 0;
}

/* A cluster may send us on; more than once is trouble, which is not ours to solve. */
static int send_there(struct redis_link *link, const struct redis_beat *what,
                      struct bytes members, uint64_t *ret_hosts, struct error *reterr)
{
    bool own = false;
    int r = -EREMOTE;
    for (int hop = 0; r == -EREMOTE && hop < 2; hop++) {
        own |= !link->context;
        r = link->context ? 0 : redis_link_open(link, reterr);
        if (r == 0)
            r = send_it(link, what, members, ret_hosts, reterr);
    }
    if (own) // whoever publishes asks where the server stands when he connects
        redis_link_close(link);
    return r;
}

int redis_beat_send(struct redis_link *link, const struct redis_beat *what, uint64_t *ret_hosts,
                    struct error *reterr)
{
    struct buffer members = {0};
    int64_t connect_ns = link->connect_timeout_ns, command_ns = link->command_timeout_ns;
    if (what->hurry)
        link->connect_timeout_ns = link->command_timeout_ns = HURRY_NS;
    heartbeat_write(what->beat, &members);
    int r = send_there(link, what, buffer_bytes(&members), ret_hosts, reterr);
    link->connect_timeout_ns = connect_ns;
    link->command_timeout_ns = command_ns;
    buffer_free(&members);
    return r;
}

/* SPDX-License-Identifier: MIT */

#include "deliver/redis_master.h"

#include "base/clock.h"
#include "deliver/redis_answer.h"

#include <errno.h>

static int ask(struct redis_link *link, struct redis_node *ret, struct error *reterr)
{
    redisReply *reply = NULL;
    int r = redis_link_dial(link, &link->url.sentinels[link->sentinel], reterr);
    if (r < 0)
        return r;
    redis_link_begin(link, "SENTINEL");
    redis_link_arg_text(link, "get-master-addr-by-name");
    redis_link_arg_text(link, link->url.master);
    r = redis_link_command(link, &reply, reterr);
    if (r == 0) {
        r = redis_answer_node(reply, ret, reterr);
        freeReplyObject(reply);
    }
    redis_link_close(link);
    return r;
}

int redis_master_find(struct redis_link *link, struct redis_node *ret, struct error *reterr)
{
    int64_t until = clock_monotonic_ns() + 2 * link->connect_timeout_ns;
    for (int i = 0; i < link->url.sentinel_count && clock_monotonic_ns() < until; i++) {
        struct error error = {""};
        int r = ask(link, ret, &error);
        if (r == 0)
            return 0;
        error_set(reterr, r, "%s", error.text);
        link->sentinel = (link->sentinel + 1) % link->url.sentinel_count;
    }
    return -ECONNREFUSED;
}

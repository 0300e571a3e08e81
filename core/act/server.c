/* SPDX-License-Identifier: MIT */

#include "act/server.h"

#include "base/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

int server_setup(struct server *server, const struct redis_options *options,
                 struct error *reterr)
{
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        return error_set(reterr, -errno, "act: no random number: %s", strerror(errno));
    snprintf(server->token, sizeof(server->token), "%016" PRIx64, random);
    int r = redis_options_key(options, "", server->base, reterr);
    if (r == 0)
        r = redis_options_link(options, &server->link, reterr);
    server->link.guard.answer_max = SERVER_ANSWER_MAX;
    server->link.guard.elements_max = SERVER_ELEMENTS;
    return r;
}

int server_open(struct server *server, struct error *reterr)
{
    if (server->link.context && redis_wire_stale(server->link.context))
        redis_link_close(&server->link);
    return server->link.context ? 0 : redis_link_open(&server->link, reterr);
}

void server_free(struct server *server)
{
    redis_link_free(&server->link);
}

char *server_key(const struct server *server, char ret[SERVER_KEY], const char *format, ...)
{
    va_list args;
    int len = snprintf(ret, SERVER_KEY, "%s", server->base);
    va_start(args, format);
    vsnprintf(ret + len, SERVER_KEY - (size_t)len, format, args);
    va_end(args);
    return ret;
}

void server_begin(struct server *server, const char *const *words)
{
    server->number = 0;
    redis_link_begin(&server->link, *words++);
    for (; *words; words++)
        redis_link_arg_text(&server->link, *words);
}

void server_arg_int(struct server *server, int64_t value)
{
    CHECK(server->number < SERVER_NUMBERS);
    char *text = server->numbers[server->number++];
    snprintf(text, sizeof(server->numbers[0]), "%" PRId64, value);
    redis_link_arg_text(&server->link, text);
}

int server_ask(struct server *server, redisReply **ret, struct error *reterr)
{
    redisReply *reply = NULL;
    if (!server->link.context)
        return error_set(reterr, -ENOTCONN, "redis: not connected");
    int r = redis_link_command(&server->link, &reply, reterr);
    if (r < 0)
        return r;
    if (ret)
        *ret = reply;
    else
        freeReplyObject(reply);
    return 0;
}

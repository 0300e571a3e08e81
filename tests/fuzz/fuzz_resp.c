/* SPDX-License-Identifier: MIT */
/*
 * Promise: whatever a server answers, the sink comes back in time and in little memory, and takes from it only what has the form that was
 * asked for: a number that is one, texts that end, an address with a port; and on failure nothing is changed.
 *
 *      data: the bytes of the server, until it hangs up
 */

#include "fuzz.h"

#include "base/check.h"
#include "base/clock.h"
#include "deliver/redis_answer.h"
#include "deliver/redis_reply.h"
#include "deliver/redis_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void check_node(bool good, const struct redis_node *node)
{
    if (good)
        CHECK(node->host[0] && memchr(node->host, 0, sizeof(node->host)) && node->port > 0 &&
              node->port < 65536);
    else
        CHECK(node->port == -7);
}

static void read_error(const char *text)
{
    bool drop = false;
    struct error error = {""};
    struct redis_node node = {.port = -7};
    CHECK(redis_reply_error(text, &drop, &error) < 0 && error.text[0]);
    check_node(redis_answer_moved(text, "here", &node), &node);
}

static void read_reply(const redisReply *reply)
{
    struct error error = {""};
    struct redis_answer answer = {.n = 7};
    struct redis_node node = {.port = -7};
    char sha[REDIS_ANSWER_SHA] = "";
    int r = redis_answer_read(reply, &answer, &error);
    CHECK((r < 0) == (error.text[0] != '\0') && (r == 0 || answer.n == 7));
    CHECK(answer.n <= INT64_MAX && strlen(answer.word) < sizeof(answer.word) &&
          strlen(answer.detail) < sizeof(answer.detail));
    check_node(redis_answer_node(reply, &node, &error) == 0, &node);
    bool good = redis_answer_sha(reply, sha);
    CHECK(strlen(sha) == (good ? REDIS_ANSWER_SHA - 1 : 0));
    if (reply->type == REDIS_REPLY_ERROR)
        read_error(reply->str);
}

/* The server has said all that it will say before the question is there: the same as far as we can tell. */
static redisReply *listen_to(const uint8_t *data, size_t size)
{
    int pair[2];
    struct redis_guard guard = {0};
    struct error error = {""};
    redisReply *reply = NULL;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK(size == 0 || send(pair[1], data, size, MSG_DONTWAIT) == (ssize_t)size);
    CHECK(shutdown(pair[1], SHUT_WR) == 0);
    redisContext *context = redisConnectFd(pair[0]);
    CHECK(context);
    redis_wire_guard(context->reader, &guard);
    int r =
        redis_wire_ask(context, bytes_of("*1\r\n$4\r\nPING\r\n"), 5 * NS_PER_S, &reply, &error);
    CHECK((r == 0) == (reply != NULL) && (r < 0) == (error.text[0] != '\0'));
    CHECK(r == 0 || r == -ECONNRESET || r == -EPROTO);
    redisFree(context);
    close(pair[1]);
    return reply;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 65536)
        return 0; // more than the socket holds
    redisReply *reply = listen_to(data, size);
    if (!reply)
        return 0;
    read_reply(reply);
    freeReplyObject(reply);
    return 0;
}

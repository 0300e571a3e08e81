/* SPDX-License-Identifier: MIT */

#include "deliver/redis_answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_text(const redisReply *reply, char *to, size_t size)
{
    snprintf(to, size, "%.*s", reply->str ? (int)reply->len : 0, reply->str ? reply->str : "");
}

/* An array of `count` texts. */
static bool texts(const redisReply *reply, size_t count)
{
    bool good = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == count;
    for (size_t i = 0; good && i < count; i++)
        good = reply->element[i] && reply->element[i]->type == REDIS_REPLY_STRING;
    return good;
}

/* Decimal digits only, so neither a sign nor a blank comes through. */
static bool number(const char *text, uint64_t max, uint64_t *ret)
{
    size_t len = strspn(text, "0123456789");
    if (len == 0 || len > 19 || text[len])
        return false;
    uint64_t value = strtoull(text, NULL, 10);
    if (value > max)
        return false;
    *ret = value;
    return true;
}

int redis_answer_read(const redisReply *reply, struct redis_answer *ret, struct error *reterr)
{
    char n[24];
    struct redis_answer answer = {0};
    if (!texts(reply, 3))
        return error_set(reterr, -EPROTO, "redis: the script answered something else");
    copy_text(reply->element[0], answer.word, sizeof(answer.word));
    copy_text(reply->element[1], n, sizeof(n));
    copy_text(reply->element[2], answer.detail, sizeof(answer.detail));
    if (!number(n, INT64_MAX, &answer.n))
        return error_set(reterr, -EPROTO, "redis: the script answered no number: '%s'", n);
    *ret = answer;
    return 0;
}

bool redis_answer_sha(const redisReply *reply, char ret[REDIS_ANSWER_SHA])
{
    if (reply->type != REDIS_REPLY_STRING || reply->len != REDIS_ANSWER_SHA - 1 ||
        strspn(reply->str, "0123456789abcdef") != REDIS_ANSWER_SHA - 1)
        return false;
    memcpy(ret, reply->str, REDIS_ANSWER_SHA);
    return true;
}

static bool set_node(struct redis_node *ret, const char *host, size_t len, const char *port)
{
    struct redis_node node = {0};
    uint64_t value;
    if (len == 0 || len >= sizeof(node.host) || !number(port, 65535, &value) || value == 0)
        return false;
    memcpy(node.host, host, len);
    node.port = (int)value;
    *ret = node;
    return true;
}

int redis_answer_node(const redisReply *reply, struct redis_node *ret, struct error *reterr)
{
    char host[sizeof(ret->host) + 1], port[16];
    if (reply->type == REDIS_REPLY_NIL)
        return error_set(reterr, -ENOENT,
                         "redis: the sentinel knows no master of that name: see url");
    if (!texts(reply, 2))
        return error_set(reterr, -EPROTO, "redis: the sentinel answered something else");
    copy_text(reply->element[0], host, sizeof(host));
    copy_text(reply->element[1], port, sizeof(port));
    if (!set_node(ret, host, strlen(host), port))
        return error_set(reterr, -EPROTO, "redis: the sentinel answered no address");
    return 0;
}

bool redis_answer_moved(const char *text, const char *here, struct redis_node *ret)
{
    const char *at = strstr(text, "MOVED ");
    size_t slot = at ? strspn(at + 6, "0123456789") : 0;
    if (slot == 0 || at[6 + slot] != ' ')
        return false;
    at += 6 + slot + 1;
    char target[300];
    size_t len = strcspn(at, " \r\n");
    if (len >= sizeof(target))
        return false;
    memcpy(target, at, len);
    target[len] = '\0';
    char *colon = strrchr(target, ':'); // the last one: an IPv6 address stands there bare
    if (!colon)
        return false;
    size_t host = (size_t)(colon - target);
    return set_node(ret, host ? target : here, host ? host : strlen(here), colon + 1);
}

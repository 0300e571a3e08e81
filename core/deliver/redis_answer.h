/* SPDX-License-Identifier: MIT */
/*
 * redis_answer.h - what a server said, believed only as far as it has the form that was asked for.
 *
 * Everything is copied out, cut to its room; a reply of another form is -EPROTO, whatever it is.
 */
#ifndef DELIVER_REDIS_ANSWER_H
#define DELIVER_REDIS_ANSWER_H

#include "base/error.h"
#include "deliver/redis_url.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>

/* What the script answered: {word, n, detail}, see redis_script.h. */
struct redis_answer {
    char word[16], detail[256];
    uint64_t n;
};
int redis_answer_read(const redisReply *reply, struct redis_answer *ret, struct error *reterr);

/* The id of a script, from SCRIPT LOAD: 40 hex digits, or nothing. */
enum { REDIS_ANSWER_SHA = 41 };
bool redis_answer_sha(const redisReply *reply, char ret[REDIS_ANSWER_SHA]);

/* A sentinel's answer: {host, port}; -ENOENT when it does not know the master. */
int redis_answer_node(const redisReply *reply, struct redis_node *ret, struct error *reterr);

/* `MOVED 3999 host:port`, anywhere in the text; an empty host is `here`. False: it is something else. */
bool redis_answer_moved(const char *text, const char *here, struct redis_node *ret);

#endif /* DELIVER_REDIS_ANSWER_H */

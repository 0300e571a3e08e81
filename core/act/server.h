/* SPDX-License-Identifier: MIT */
/*
 * server.h - the Redis that act talks to: the sink's link and keys, with room for answers that hold findings.
 */
#ifndef ACT_SERVER_H
#define ACT_SERVER_H

#include "base/error.h"
#include "deliver/redis.h"

enum {
    SERVER_KEY = 1024,
    SERVER_NUMBERS = 32,
    SERVER_ANSWER_MAX = 20 << 20, /* a dozen findings of 1 MiB, and what is around them */
    SERVER_ELEMENTS = 16384,      /* a small hash is answered as a whole */
};

struct server {
    struct redis_link link;
    char base[REDIS_KEY_SIZE]; /* PREFIX:{SHARD}: */
    char token[20];            /* of this process, like no other's */
    char numbers[SERVER_NUMBERS][24];
    int number;
};

int server_setup(struct server *server, const struct redis_options *options,
                 struct error *reterr);
/* Connect, if it is not. */
int server_open(struct server *server, struct error *reterr);
void server_free(struct server *server);

/* PREFIX:{SHARD}: and what is printed. Returns `ret`. */
char *server_key(const struct server *server, char ret[SERVER_KEY], const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Start a command of WORDS("XACK", key, …); then add to it with redis_link_arg*() and server_arg_int(). */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
void server_begin(struct server *server, const char *const *words);
void server_arg_int(struct server *server, int64_t value);
/*
 * Send it.
 *   Owns     the caller frees *ret, unless `ret` is NULL
 *   Returns  0, or -errno as redis_link_command(); -ENOTCONN when there is no connection
 */
int server_ask(struct server *server, redisReply **ret, struct error *reterr);

#endif /* ACT_SERVER_H */

/* SPDX-License-Identifier: MIT */
/*
 * redis_instance.h - which run of which state directory this is, so that a copy of it is found out.
 *
 *      state directory:  t1 t2 t3      one token for each start, the newest last; synced before it is used
 *      Redis:            t2            who published last under this host's name
 *
 * Whoever comes is the same daemon again when the token in Redis is in its file: a restart after kill -9, and also after
 * Redis lost its tail and shows an older one. A clone has tokens of its own from its first start on, so one of the two
 * meets a token that it never had, and stops. No clocks, so a restart never waits.
 */
#ifndef DELIVER_REDIS_INSTANCE_H
#define DELIVER_REDIS_INSTANCE_H

#include "base/error.h"

enum {
    REDIS_INSTANCE_TOKENS =
        64,                   /* starts that are remembered; a Redis further back is not met */
    REDIS_INSTANCE_WORD = 17, /* 16 hex digits and a blank, or the NUL */
    REDIS_INSTANCE_SIZE = REDIS_INSTANCE_TOKENS * REDIS_INSTANCE_WORD + 2
};

struct redis_instance {
    char token[REDIS_INSTANCE_WORD]; /* "": nobody asks */
    char known[REDIS_INSTANCE_SIZE]; /* all of them, ` t1 t2 t3 `, the token too */
};

/*
 * Add a new token to the file. When the disk is full, the last one is used again, which finds clones a start later.
 *   Returns  0; -errno when there is not even an old one
 */
int redis_instance_begin(const char *path, struct redis_instance *ret, struct error *reterr);

#endif /* DELIVER_REDIS_INSTANCE_H */

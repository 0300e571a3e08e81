/* SPDX-License-Identifier: MIT */
/*
 * redis_call.h - one call of the publish script: its arguments gathered, sent, the answer read.
 *
 * The script goes by its hash once a server has been seen to take it; its text is sent only where that is not known.
 */
#ifndef DELIVER_REDIS_CALL_H
#define DELIVER_REDIS_CALL_H

#include "base/hash.h"
#include "deliver/redis_answer.h"
#include "deliver/redis_instance.h"
#include "deliver/redis_link.h"
#include "deliver/sink.h"

enum { REDIS_CALL_KEYS = 4, REDIS_CALL_SEEN = 3 };

struct redis_call {
    struct redis_link link;
    char keys[REDIS_CALL_KEYS][192]; /* REDIS_KEY_SIZE */
    char host[256], epoch[HASH_TEXT_SIZE], max_len[24];
    char floor[24]; /* after HOLE: we have nothing between this n and what comes */
    bool new_epoch;
    struct redis_instance instance;
    char sha[REDIS_ANSWER_SHA]; /* "": not known yet */
    bool may_not_load;          /* on this connection */
    struct buffer scratch;      /* numbers of a batch as text */
};

/*
 * With no entries it is a question: where does the far end stand, and are we who published there last? At most
 * REDIS_BATCH_MAX of them.
 */
int redis_call(struct redis_call *call, const struct entry *entries, size_t count,
               struct redis_answer *ret, struct error *reterr);
void redis_call_free(struct redis_call *call);

#endif /* DELIVER_REDIS_CALL_H */

/* SPDX-License-Identifier: MIT */
/*
 * redis_wire.h - a question out and its answer in, on a connected socket: bounded in time and in bytes.
 *
 * hiredis connects and parses; the bytes are moved here, because hiredis waits anew for each read, writes with SIGPIPE
 * and believes what a server announces (`*1000000000` makes it ask for 8 GB).
 *
 * Time is without progress: bytes that the far end takes (SIOCOUTQ, so also those that it takes out of the socket's
 * buffer) start it anew, so a link of 1 KB/s works and a dead one is noticed. Bytes of an answer do not.
 */
#ifndef DELIVER_REDIS_WIRE_H
#define DELIVER_REDIS_WIRE_H

#include "base/bytes.h"
#include "base/error.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    REDIS_WIRE_ANSWER_MAX = 16 << 10, /* ours are below 500 */
    REDIS_WIRE_ELEMENTS = 64,         /* of an array */
    REDIS_WIRE_PACE = 256 /* bytes a second that a question goes out with at least */
};

/* The table of hiredis with one entry of ours, and what an answer may be; it must outlive the reader. */
struct redis_guard {
    size_t answer_max, elements_max; /* for who reads streams; 0: as above */
    redisReplyObjectFunctions ours;
    const redisReplyObjectFunctions *theirs;
};
/* Make the reader refuse long arrays before it asks for their memory. */
void redis_wire_guard(redisReader *reader, struct redis_guard *guard);

/*
 * Send the question, wait for its answer.
 *   Owns     the caller frees *ret, which may be an error reply
 *   Returns  0; -ETIMEDOUT, -ECONNRESET, -EPROTO, -ENOMEM: the connection is of no more use
 */
int redis_wire_ask(redisContext *context, struct bytes question, int64_t patience_ns,
                   redisReply **ret, struct error *reterr);

/* Is the far end gone, or talking unasked? Asked before a question, so that an idle connection that was cut costs nothing. */
bool redis_wire_stale(const redisContext *context);

#endif /* DELIVER_REDIS_WIRE_H */

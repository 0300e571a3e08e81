/* SPDX-License-Identifier: MIT */
/*
 * redis_link.h - one connection to Redis: open, log in, ask, lose.
 *
 * A command is gathered in `args` and sent by redis_link_command(). Whatever goes wrong on the wire closes the link, so
 * that an answer that comes too late is never taken for the answer to another question.
 */
#ifndef DELIVER_REDIS_LINK_H
#define DELIVER_REDIS_LINK_H

#include "base/bytes.h"
#include "base/error.h"
#include "deliver/redis_url.h"

#include <hiredis/hiredis.h>

enum { REDIS_LINK_ARGS = 1536 }; /* a full batch of the publish script, and some */

struct redis_link {
    struct redis_url url;
    char user[128], password_file[4096]; /* "": none */
    struct timeval connect_timeout, command_timeout;
    redisContext *context; /* NULL: not connected */
    const char *args[REDIS_LINK_ARGS];
    size_t lens[REDIS_LINK_ARGS];
    int argc;
};

/* Connect, AUTH, SELECT. The password is read from its file each time, so that it may change. */
int redis_link_open(struct redis_link *link, struct error *reterr);
void redis_link_close(struct redis_link *link); /* may be closed already */

/* Start a command, add to it. The text is lent until it is sent. */
void redis_link_begin(struct redis_link *link, const char *name);
void redis_link_arg(struct redis_link *link, struct bytes text);
void redis_link_arg_text(struct redis_link *link, const char *text);

/*
 * Send it and wait for the reply, at most the command timeout.
 *   Owns     the caller frees *ret, which is never an error reply
 *   Returns  0; -ENOEXEC for NOSCRIPT; -ETIMEDOUT, -ECONNRESET with the link closed; see redis_reply.h for the rest
 */
int redis_link_command(struct redis_link *link, redisReply **ret, struct error *reterr);

#endif /* DELIVER_REDIS_LINK_H */

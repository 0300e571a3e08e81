/* SPDX-License-Identifier: MIT */
/*
 * redis_link.h - one connection to Redis: find, open, log in, ask, lose.
 *
 *      redis_master.h ──where──▶ redis_link ──bytes──▶ redis_wire.h
 *
 * A command is gathered in `args` and sent by redis_link_command(). Whatever goes wrong on the wire closes the link, so
 * that an answer that comes too late is never taken for the answer to another question.
 */
#ifndef DELIVER_REDIS_LINK_H
#define DELIVER_REDIS_LINK_H

#include "base/bytes.h"
#include "base/error.h"
#include "deliver/redis_url.h"
#include "deliver/redis_wire.h"

enum { REDIS_LINK_ARGS = 1536 }; /* a full batch of the publish script, and some */

struct redis_link {
    struct redis_url url;
    char user[128], password_file[4096]; /* "": none */
    bool allow_plaintext; /* the password may travel as it is, beyond this machine */
    int64_t connect_timeout_ns, command_timeout_ns;
    int64_t grace_ns;        /* on top of it, for a link that is known to be slow */
    struct redis_node moved; /* where a cluster node sent us; host "": nowhere */
    struct redis_node at;    /* where we are or were last */
    int sentinel;            /* the one to ask first */
    redisContext *context;   /* NULL: not connected */
    struct redis_guard guard;
    struct buffer question; /* the command as it is sent */
    const char *args[REDIS_LINK_ARGS];
    size_t lens[REDIS_LINK_ARGS];
    int argc;
};

/*
 * Find the server (the master of a sentinel, the node that a cluster named), connect, AUTH, SELECT. The password is read
 * from its file each time, so that it may change, and wiped.
 */
int redis_link_open(struct redis_link *link, struct error *reterr);
void redis_link_close(struct redis_link *link); /* may be closed already */
void redis_link_free(struct redis_link *link);  /* and what it keeps between connections */

/* A bare connection to a node, without login, for the length of a question. */
int redis_link_dial(struct redis_link *link, const struct redis_node *node,
                    struct error *reterr);

/* Start a command, add to it. The text is lent until it is sent. */
void redis_link_begin(struct redis_link *link, const char *name);
void redis_link_arg(struct redis_link *link, struct bytes text);
void redis_link_arg_text(struct redis_link *link, const char *text);

/*
 * Send it and wait for the reply, at most the command timeout without progress (redis_wire.h).
 *   Owns     the caller frees *ret, which is never an error reply
 *   Returns  0; -ENOEXEC for NOSCRIPT; -EREMOTE for MOVED, with the link closed and the next one going there;
 *            -ETIMEDOUT, -ECONNRESET, -EPROTO with the link closed; see redis_reply.h for the rest
 */
int redis_link_command(struct redis_link *link, redisReply **ret, struct error *reterr);

#endif /* DELIVER_REDIS_LINK_H */

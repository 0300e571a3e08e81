/* SPDX-License-Identifier: MIT */

#include "deliver/redis_wire.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define LOOK_NS                                                                                \
    (200 * NS_PER_MS) /* how often the socket's buffer is asked whether it shrinks */

/* ---- arrays ------------------------------------------------------------- */

#if HIREDIS_MAJOR >= 1
typedef size_t elements_t;
#else
typedef int elements_t;
#endif

static void *bounded_array(const redisReadTask *task, elements_t elements)
{
    const struct redis_guard *guard = task->privdata;
    size_t most = guard->elements_max ? guard->elements_max : REDIS_WIRE_ELEMENTS;
    return (size_t)elements > most ? NULL : guard->theirs->createArray(task, elements);
}

void redis_wire_guard(redisReader *reader, struct redis_guard *guard)
{
    guard->theirs = reader->fn;
    guard->ours = *reader->fn;
    guard->ours.createArray = bounded_array;
    reader->fn = &guard->ours;
    reader->privdata = guard;
}

/* ---- a talk ------------------------------------------------------------- */

struct talk {
    redisContext *context;
    struct bytes left; /* of the question */
    size_t asked, heard;
    int queued; /* what the far end has not taken yet */
    int64_t begin_ns, moved_ns, patience_ns;
    redisReply *answer;
    struct error *error;
};

static int lost(struct talk *t, const char *why)
{
    return error_set(t->error, -ECONNRESET, "redis: connection lost: %s", why);
}

static void say(struct talk *t)
{
    ssize_t n = send(t->context->fd, t->left.at, t->left.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        n = (ssize_t)t->left.len; // gone; it may have said why, so listen
    if (n <= 0)
        return;
    t->left = (struct bytes){t->left.at + n, t->left.len - (size_t)n};
    t->moved_ns = clock_monotonic_ns();
}

static void look_at_queue(struct talk *t)
{
    int queued = 0;
    if (ioctl(t->context->fd, SIOCOUTQ, &queued) < 0)
        return;
    if (queued < t->queued)
        t->moved_ns = clock_monotonic_ns();
    t->queued = queued;
}

static size_t most_bytes(const redisReader *reader)
{
    const struct redis_guard *guard = reader->privdata;
    return guard && guard->answer_max ? guard->answer_max : REDIS_WIRE_ANSWER_MAX;
}

static int listen_once(struct talk *t)
{
    char bytes[4096];
    void *answer = NULL;
    redisReader *reader = t->context->reader;
    ssize_t n = recv(t->context->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return lost(t, n ? strerror(errno) : "the server closed it");
    t->heard += (size_t)n;
    if (t->heard > most_bytes(reader))
        return error_set(t->error, -EPROTO, "redis: an answer of more than %zu bytes",
                         most_bytes(reader));
    if (redisReaderFeed(reader, bytes, (size_t)n) != REDIS_OK ||
        redisReaderGetReply(reader, &answer) != REDIS_OK)
        return error_set(t->error, -EPROTO, "redis: not the protocol of Redis: %s",
                         reader->errstr);
    t->answer = answer;
    return 0;
}

/* When this talk is given up, as things stand. */
static int64_t deadline(const struct talk *t)
{
    int64_t still = t->moved_ns + t->patience_ns;
    int64_t slow =
        t->begin_ns + t->patience_ns + (int64_t)(t->asked / REDIS_WIRE_PACE) * NS_PER_S;
    return still < slow ? still : slow;
}

static int step(struct talk *t)
{
    int64_t left = deadline(t) - clock_monotonic_ns();
    struct pollfd poll_fd = {.fd = t->context->fd,
                             .events = (short)(POLLIN | (t->left.len ? POLLOUT : 0))};
    if (left <= 0)
        return error_set(t->error, -ETIMEDOUT, "redis: no answer in time");
    left = left < LOOK_NS ? left : LOOK_NS;
    if (poll(&poll_fd, 1, (int)(left / NS_PER_MS) + 1) < 0 && errno != EINTR)
        return lost(t, strerror(errno));
    if (t->left.len && (poll_fd.revents & (POLLOUT | POLLERR | POLLHUP)))
        say(t);
    look_at_queue(t);
    return poll_fd.revents & (POLLIN | POLLERR | POLLHUP) ? listen_once(t) : 0;
}

/* An answer to half a question, or more than one: what comes next would be taken for the answer to something else. */
static int out_of_step(struct talk *t)
{
    const redisReader *reader = t->context->reader;
    if (t->left.len == 0 && reader->pos == reader->len)
        return 0;
    if (t->answer->type == REDIS_REPLY_ERROR) { // what it says counts, and it is the last word
        shutdown(t->context->fd, SHUT_RDWR);
        return 0;
    }
    freeReplyObject(t->answer);
    return error_set(t->error, -EPROTO, "redis: an answer that nobody asked for");
}

int redis_wire_ask(redisContext *context, struct bytes question, int64_t patience_ns,
                   redisReply **ret, struct error *reterr)
{
    int64_t now = clock_monotonic_ns();
    struct talk talk = {.context = context,
                        .left = question,
                        .asked = question.len,
                        .queued = INT_MAX,
                        .begin_ns = now,
                        .moved_ns = now,
                        .patience_ns = patience_ns,
                        .error = reterr};
    int r = 0;
    while (r == 0 && !talk.answer)
        r = step(&talk);
    if (r == 0)
        r = out_of_step(&talk);
    if (r == 0)
        *ret = talk.answer;
    return r;
}

bool redis_wire_stale(const redisContext *context)
{
    struct pollfd fd = {.fd = context->fd, .events = POLLIN};
    return poll(&fd, 1, 0) != 0;
}

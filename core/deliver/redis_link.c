/* SPDX-License-Identifier: MIT */

#include "deliver/redis_link.h"

#include "base/check.h"
#include "deliver/redis_reply.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void redis_link_close(struct redis_link *link)
{
    if (link->context)
        redisFree(link->context);
    link->context = NULL;
}

/* ---- one command -------------------------------------------------------- */

void redis_link_begin(struct redis_link *link, const char *name)
{
    link->argc = 0;
    redis_link_arg_text(link, name);
}

void redis_link_arg(struct redis_link *link, struct bytes text)
{
    CHECK(link->argc < REDIS_LINK_ARGS);
    link->args[link->argc] = text.len ? text.at : "";
    link->lens[link->argc++] = text.len;
}

void redis_link_arg_text(struct redis_link *link, const char *text)
{
    redis_link_arg(link, bytes_of(text));
}

/* hiredis writes with write(2): a server that went away must not end the process. */
static redisReply *send_args(struct redis_link *link)
{
    sigset_t pipe, old;
    struct timespec now = {0};
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &old);
    redisReply *reply = redisCommandArgv(link->context, link->argc, link->args, link->lens);
    int why = errno; // what hiredis saw, not what happens below
    while (!sigismember(&old, SIGPIPE) && sigtimedwait(&pipe, NULL, &now) > 0)
        ;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = why;
    return reply;
}

#ifndef REDIS_ERR_TIMEOUT
#define REDIS_ERR_TIMEOUT REDIS_ERR_IO /* hiredis before 1.0 says it by errno alone */
#endif

static int connection_error(struct redis_link *link, struct error *reterr)
{
    int err = link->context->err;
    bool slow = (err == REDIS_ERR_IO || err == REDIS_ERR_TIMEOUT) &&
                (errno == EAGAIN || errno == EWOULDBLOCK || errno == ETIMEDOUT);
    int r = slow ? error_set(reterr, -ETIMEDOUT, "redis: %s: no answer in time", link->url.host)
                 : error_set(reterr, -ECONNRESET, "redis: %s: connection lost: %s",
                             link->url.host, link->context->errstr);
    redis_link_close(link);
    return r;
}

int redis_link_command(struct redis_link *link, redisReply **ret, struct error *reterr)
{
    bool drop = true;
    redisReply *reply = send_args(link);
    if (!reply)
        return connection_error(link, reterr);
    if (reply->type != REDIS_REPLY_ERROR) {
        *ret = reply;
        return 0;
    }
    int r = strncmp(reply->str, "NOSCRIPT", 8) == 0
                ? -ENOEXEC
                : redis_reply_error(reply->str, &drop, reterr);
    freeReplyObject(reply);
    if (r != -ENOEXEC && drop)
        redis_link_close(link);
    return r;
}

static int simple(struct redis_link *link, struct error *reterr)
{
    redisReply *reply = NULL;
    int r = redis_link_command(link, &reply, reterr);
    if (r == 0)
        freeReplyObject(reply);
    return r;
}

/* ---- connecting --------------------------------------------------------- */

static int read_password(const char *path, char *password, size_t size, struct error *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(reterr, -errno, "%s: cannot read the password: %s", path,
                         strerror(errno));
    ssize_t len = read(fd, password, size - 1);
    int r = len < 0 ? -errno : 0;
    close(fd);
    if (r < 0)
        return error_set(reterr, r, "%s: cannot read the password: %s", path, strerror(-r));
    password[len] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    if (*password == '\0')
        return error_set(reterr, -EINVAL, "%s: no password on its first line", path);
    return 0;
}

static int authenticate(struct redis_link *link, struct error *reterr)
{
    char password[1024];
    if (!*link->password_file)
        return 0;
    int r = read_password(link->password_file, password, sizeof(password), reterr);
    if (r < 0)
        return r;
    redis_link_begin(link, "AUTH");
    if (*link->user)
        redis_link_arg_text(link, link->user);
    redis_link_arg_text(link, password);
    r = simple(link, reterr);
    explicit_bzero(password, sizeof(password));
    return r;
}

static int select_db(struct redis_link *link, struct error *reterr)
{
    char db[24];
    if (link->url.db == 0)
        return 0;
    snprintf(db, sizeof(db), "%d", link->url.db);
    redis_link_begin(link, "SELECT");
    redis_link_arg_text(link, db);
    return simple(link, reterr);
}

static int connect_socket(struct redis_link *link, struct error *reterr)
{
    const struct redis_url *url = &link->url;
    redisContext *c =
        url->local ? redisConnectUnixWithTimeout(url->host, link->connect_timeout)
                   : redisConnectWithTimeout(url->host, url->port, link->connect_timeout);
    if (!c)
        return error_set(reterr, -ENOMEM, "redis: out of memory");
    if (c->err) {
        int r = error_set(reterr, -ECONNREFUSED, "redis: %s: cannot connect: %s", url->host,
                          c->errstr);
        redisFree(c);
        return r;
    }
    link->context = c;
    if (redisSetTimeout(c, link->command_timeout) != REDIS_OK) {
        redis_link_close(link);
        return error_set(reterr, -EIO, "redis: cannot set a timeout");
    }
    return 0;
}

int redis_link_open(struct redis_link *link, struct error *reterr)
{
    int r = connect_socket(link, reterr);
    if (r == 0)
        r = authenticate(link, reterr);
    if (r == 0)
        r = select_db(link, reterr);
    if (r < 0)
        redis_link_close(link); // half logged in is of no use
    return r;
}

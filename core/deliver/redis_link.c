/* SPDX-License-Identifier: MIT */

#include "deliver/redis_link.h"

#include "base/check.h"
#include "base/clock.h"
#include "deliver/redis_answer.h"
#include "deliver/redis_master.h"
#include "deliver/redis_reply.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void redis_link_close(struct redis_link *link)
{
    if (link->context)
        redisFree(link->context);
    link->context = NULL;
}

void redis_link_free(struct redis_link *link)
{
    redis_link_close(link);
    buffer_free(&link->question);
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

/* The room is taken first: a buffer that grows leaves copies behind, and a password must not. */
static void write_question(struct redis_link *link)
{
    enum { HEAD = 32 }; // `$123\r\n` and `\r\n`
    struct buffer *out = &link->question;
    size_t most = HEAD;
    for (int i = 0; i < link->argc; i++)
        most += link->lens[i] + HEAD;
    buffer_clear(out);
    buffer_room(out, most);
    buffer_printf(out, "*%d\r\n", link->argc);
    for (int i = 0; i < link->argc; i++) {
        buffer_printf(out, "$%zu\r\n", link->lens[i]);
        buffer_append(out, link->args[i], link->lens[i]);
        buffer_text(out, "\r\n");
    }
}

static int refused(struct redis_link *link, const char *text, struct error *reterr)
{
    bool drop = true;
    struct redis_node node;
    if (strncmp(text, "NOSCRIPT", 8) == 0)
        return error_set(reterr, -ENOEXEC, "redis: the server does not know the script");
    int r = redis_reply_error(text, &drop, reterr);
    if (r == -EREMOTE && redis_answer_moved(text, link->at.host, &node))
        link->moved = node;
    if (drop)
        redis_link_close(link);
    return r;
}

int redis_link_command(struct redis_link *link, redisReply **ret, struct error *reterr)
{
    redisReply *reply = NULL;
    write_question(link);
    int r = redis_wire_ask(link->context, buffer_bytes(&link->question),
                           link->command_timeout_ns + link->grace_ns, &reply, reterr);
    if (r < 0) {
        redis_link_close(link);
        return r;
    }
    if (reply->type != REDIS_REPLY_ERROR) {
        *ret = reply;
        return 0;
    }
    r = refused(link, reply->str, reterr);
    freeReplyObject(reply);
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

/* ---- logging in --------------------------------------------------------- */

/* By hand: the library's search leaves 16 bytes of it on the stack. */
static void cut_first_line(char *text)
{
    while (*text && *text != '\r' && *text != '\n')
        text++;
    *text = '\0';
}

static int read_password(const char *path, char *password, size_t size, struct error *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO must not hold us up
    if (fd < 0)
        return error_set(reterr, -errno, "%s: cannot read the password: %s", path,
                         strerror(errno));
    ssize_t len = read(fd, password, size - 1);
    int r = len < 0 ? -errno : 0;
    close(fd);
    if (r < 0)
        return error_set(reterr, r, "%s: cannot read the password: %s", path, strerror(-r));
    password[len] = '\0';
    cut_first_line(password);
    if (*password == '\0')
        return error_set(reterr, -EINVAL, "%s: no password on its first line", path);
    return 0;
}

static bool on_this_machine(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
        struct sockaddr_storage room;
    } peer = {0};
    socklen_t len = sizeof(peer);
    if (getpeername(fd, &peer.any, &len) < 0)
        return false;
    if (peer.any.sa_family == AF_INET)
        return ntohl(peer.four.sin_addr.s_addr) >> 24 == 127;
    if (peer.any.sa_family != AF_INET6)
        return peer.any.sa_family == AF_UNIX;
    const struct in6_addr *six = &peer.six.sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

static int send_password(struct redis_link *link, const char *password, struct error *reterr)
{
    struct error error = {""};
    redis_link_begin(link, "AUTH");
    if (*link->user)
        redis_link_arg_text(link, link->user);
    redis_link_arg_text(link, password);
    int r = simple(link, &error);
    if (link->question.at)
        explicit_bzero(link->question.at, link->question.capacity);
    if (r == -EPROTO) // in words of its own, which may hold what it was sent
        return error_set(reterr, r, "redis: the server refused the login");
    return r < 0 ? error_set(reterr, r, "%s", error.text) : 0;
}

static int authenticate(struct redis_link *link, struct error *reterr)
{
    char password[1024];
    if (!*link->password_file)
        return 0;
    if (!link->allow_plaintext && !on_this_machine(link->context->fd))
        return error_set(
            reterr, -EACCES,
            "redis: %s: the password would travel readable: use a unix socket or a "
            "tunnel, or set allow_plaintext",
            link->at.host);
    int r = read_password(link->password_file, password, sizeof(password), reterr);
    if (r == 0)
        r = send_password(link, password, reterr);
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

/* ---- connecting --------------------------------------------------------- */

int redis_link_dial(struct redis_link *link, const struct redis_node *node,
                    struct error *reterr)
{
    int64_t ns = link->connect_timeout_ns;
    struct timeval most = {.tv_sec = ns / NS_PER_S, .tv_usec = ns % NS_PER_S / 1000};
    redisContext *c = link->url.local ? redisConnectUnixWithTimeout(node->host, most)
                                      : redisConnectWithTimeout(node->host, node->port, most);
    link->at = *node;
    if (!c)
        return error_set(reterr, -ENOMEM, "redis: out of memory");
    if (c->err) {
        int r = error_set(reterr, -ECONNREFUSED, "redis: %s: cannot connect: %s", node->host,
                          c->errstr);
        redisFree(c);
        return r;
    }
    link->context = c;
    redis_wire_guard(c->reader, &link->guard);
    return 0;
}

/* A node that a cluster named is tried once; when it does not answer, the url counts again. */
static int find(struct redis_link *link, struct redis_node *ret, struct error *reterr)
{
    if (link->url.sentinel_count)
        return redis_master_find(link, ret, reterr);
    if (link->moved.host[0]) {
        *ret = link->moved;
        link->moved.host[0] = '\0';
        return 0;
    }
    memcpy(ret->host, link->url.host, sizeof(ret->host));
    ret->port = link->url.port;
    return 0;
}

int redis_link_open(struct redis_link *link, struct error *reterr)
{
    struct redis_node node;
    int r = find(link, &node, reterr);
    if (r == 0)
        r = redis_link_dial(link, &node, reterr);
    if (r == 0)
        r = authenticate(link, reterr);
    if (r == 0)
        r = select_db(link, reterr);
    if (r < 0)
        redis_link_close(link); // half logged in is of no use
    return r;
}

/* SPDX-License-Identifier: MIT */
/* The promise: a question is answered once, in time and in little memory, or the connection is given up with a sentence. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "deliver/redis_wire.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE (200 * NS_PER_MS)

/* The far end is ours to play. */
struct line {
    int far;
    redisContext *context;
    struct redis_guard guard;
};

static void open_line(struct line *line)
{
    int pair[2];
    line->guard = (struct redis_guard){0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    line->far = pair[1];
    line->context = redisConnectFd(pair[0]);
    redis_wire_guard(line->context->reader, &line->guard);
}

static void close_line(struct line *line)
{
    redisFree(line->context);
    if (line->far >= 0)
        close(line->far);
}

/* The answer lies there already; what redis_wire_ask() makes of it. */
static int answered(const char *answer, size_t len, struct error *error)
{
    struct line line;
    redisReply *reply = NULL;
    open_line(&line);
    assert_int_equal(send(line.far, answer, len, 0), len);
    int r = redis_wire_ask(line.context, bytes_of("PING\r\n"), PATIENCE, &reply, error);
    assert_true((r == 0) == (reply != NULL));
    if (reply)
        freeReplyObject(reply);
    close_line(&line);
    return r;
}

static void wire_brings_an_answer(void **state)
{
    (void)state;
    assert_int_equal(answered("+PONG\r\n", 7, NULL), 0);
    assert_int_equal(answered("-ERR no\r\n", 9, NULL), 0);
    assert_int_equal(answered("*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", 19, NULL), 0);
}

static void wire_refuses_what_is_no_answer(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"*1000000000\r\n", "protocol"},    {"*65\r\n", "protocol"},
        {"%1\r\n+a\r\n+b\r\n", "protocol"}, {"HTTP/1.1 400\r\n", "protocol"},
        {"+a\r\n+b\r\n", "nobody asked"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};
        assert_int_equal(answered(rows[i].text, strlen(rows[i].text), &error), -EPROTO);
        assert_non_null(strstr(error.text, rows[i].says));
    }
}

static void wire_bounds_an_endless_line(void **state)
{
    (void)state;
    static char text[REDIS_WIRE_ANSWER_MAX + 4096] = "+";
    struct error error = {""};
    memset(text + 1, 'x', sizeof(text) - 1);
    assert_int_equal(answered(text, sizeof(text), &error), -EPROTO);
    assert_non_null(strstr(error.text, "more than"));
}

static void wire_gives_up_in_time(void **state)
{
    (void)state;
    struct error error = {""};
    int64_t begin = clock_monotonic_ns();
    assert_int_equal(answered("+half", 5, &error), -ETIMEDOUT);
    int64_t took = clock_monotonic_ns() - begin;
    assert_in_range(took, PATIENCE, 5 * PATIENCE);
    assert_non_null(strstr(error.text, "no answer in time"));
}

static void wire_survives_a_far_end_that_is_gone(void **state)
{
    (void)state;
    struct line line;
    redisReply *reply = NULL;
    open_line(&line);
    assert_false(redis_wire_stale(line.context));
    close(line.far);
    line.far = -1;
    assert_true(redis_wire_stale(line.context));
    // SIGPIPE would end this test
    assert_int_equal(redis_wire_ask(line.context, bytes_of("PING\r\n"), PATIENCE, &reply, NULL),
                     -ECONNRESET);
    close_line(&line);
}

static void wire_notices_talk_that_nobody_asked_for(void **state)
{
    (void)state;
    struct line line;
    open_line(&line);
    assert_int_equal(send(line.far, "+late\r\n", 7, 0), 7);
    assert_true(redis_wire_stale(line.context));
    close_line(&line);
}

/* Takes a piece now and then, each pause below the patience and all together above it, then answers. */
static void *slow_reader(void *data)
{
    struct line *line = data;
    static char piece[32768];
    size_t all = 0;
    while (all < 400000) {
        nanosleep(&(struct timespec){.tv_nsec = 50 * NS_PER_MS}, NULL);
        ssize_t n = recv(line->far, piece, sizeof(piece), 0);
        if (n <= 0)
            return NULL;
        all += (size_t)n;
    }
    return send(line->far, "+OK\r\n", 5, 0) == 5 ? data : NULL;
}

static void wire_waits_while_the_far_end_takes_something(void **state)
{
    (void)state;
    struct line line;
    pthread_t thread;
    void *done;
    redisReply *reply = NULL;
    struct error error = {""};
    char *question = calloc(1, 400000);
    open_line(&line);
    assert_int_equal(pthread_create(&thread, NULL, slow_reader, &line), 0);
    int64_t begin = clock_monotonic_ns();
    int r = redis_wire_ask(line.context, (struct bytes){question, 400000}, PATIENCE, &reply,
                           &error);
    if (r < 0)
        fail_msg("%s", error.text);
    assert_true(clock_monotonic_ns() - begin > 2 * PATIENCE);
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_non_null(done);
    freeReplyObject(reply);
    close_line(&line);
    free(question);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wire_brings_an_answer),
        cmocka_unit_test(wire_refuses_what_is_no_answer),
        cmocka_unit_test(wire_bounds_an_endless_line),
        cmocka_unit_test(wire_gives_up_in_time),
        cmocka_unit_test(wire_survives_a_far_end_that_is_gone),
        cmocka_unit_test(wire_notices_talk_that_nobody_asked_for),
        cmocka_unit_test(wire_waits_while_the_far_end_takes_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

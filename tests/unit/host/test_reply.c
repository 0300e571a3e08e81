/* SPDX-License-Identifier: MIT */
/*
 * Promise: what the worker pushes the core takes, whole and in order; nothing that a worker writes into the shared memory, or does to
 * the doorbells, stops the core, hangs it or makes it look where it should not.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/reply.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct reply *core, *worker;
static struct buffer message;
static enum reply_kind kind;

static int setup(void **state)
{
    (void)state;
    if (reply_create(&core, NULL) < 0)
        return -1;
    return reply_attach(dup(reply_fd(core)), dup(reply_wake_fd(core)), dup(reply_bell_fd(core)),
                        &worker, NULL);
}

static int teardown(void **state)
{
    (void)state;
    reply_close(core);
    reply_close(worker);
    buffer_free(&message);
    return 0;
}

static struct bytes numbered(char *room, size_t len, unsigned n)
{
    for (size_t i = 0; i < len; i++)
        room[i] = (char)(n * 7 + i);
    return (struct bytes){room, len};
}

/* What a hostile worker sees: the first two words are `head` and `position`, see struct area. */
static uint64_t *shared(void)
{
    struct stat st;
    assert_int_equal(fstat(reply_fd(core), &st), 0);
    void *area =
        mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, reply_fd(core), 0);
    assert_ptr_not_equal(area, MAP_FAILED);
    return area;
}

static void unshare(uint64_t *area)
{
    struct stat st;
    assert_int_equal(fstat(reply_fd(core), &st), 0);
    munmap(area, (size_t)st.st_size);
}

/* ---- honest ------------------------------------------------------------- */

static void reply_takes_what_was_pushed_in_order(void **state)
{
    (void)state;
    char room[5000];
    assert_int_equal(reply_next(core, &kind, &message), 0);
    assert_false(reply_pending(core));
    for (unsigned n = 0; n < 3000; n++) { // many laps of the ring
        size_t len = n * 61 % sizeof(room);
        reply_push(worker, (enum reply_kind)(1 + n % 8), numbered(room, len, n));
        assert_true(reply_pending(core));
        assert_int_equal(reply_next(core, &kind, &message), 1);
        assert_int_equal(kind, 1 + n % 8);
        assert_int_equal(message.len, len);
        assert_memory_equal(message.at, room, len);
    }
    assert_int_equal(reply_next(core, &kind, &message), 0);
}

static void reply_takes_the_longest_message(void **state)
{
    (void)state;
    char *room = malloc(REPLY_MESSAGE_MAX);
    reply_push(worker, REPLY_SCORES, numbered(room, REPLY_MESSAGE_MAX, 3));
    assert_int_equal(reply_next(core, &kind, &message), 1);
    assert_int_equal(message.len, REPLY_MESSAGE_MAX);
    assert_memory_equal(message.at, room, REPLY_MESSAGE_MAX);
    free(room);
}

/* A worker whose ring is full sleeps until the core takes something. */
static void reply_waits_for_room_and_for_messages(void **state)
{
    (void)state;
    enum { MESSAGES = 200, LEN = 60000 };
    pid_t child = fork();
    if (child == 0) {
        char *room = malloc(LEN);
        for (unsigned n = 0; n < MESSAGES; n++) {
            reply_push(worker, REPLY_STATE, numbered(room, LEN, n));
            reply_progress(worker, n + 1);
        }
        _exit(0);
    }
    char *room = malloc(LEN);
    for (unsigned n = 0; n < MESSAGES; n++) {
        int64_t until = clock_monotonic_ns() + 20 * NS_PER_S;
        int r;
        while ((r = reply_next(core, &kind, &message)) == 0 && clock_monotonic_ns() < until)
            reply_wait(core, -1, 1000);
        assert_int_equal(r, 1);
        assert_memory_equal(message.at, numbered(room, LEN, n).at, LEN);
        if (n % 50 == 0)
            usleep(20000); // let it fill up
    }
    free(room);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(reply_position(core), MESSAGES);
}

static void reply_tells_what_was_denied(void **state)
{
    (void)state;
    assert_int_equal(reply_denied(core), -1);
    *reply_denied_slot(worker) = 1; // system call 0 is one too
    assert_int_equal(reply_denied(core), 0);
}

/* ---- hostile ------------------------------------------------------------ */

static void reply_refuses_heads_that_cannot_be(void **state)
{
    (void)state;
    uint64_t *area = shared();
    static const uint64_t heads[] = {1, 7, REPLY_RING_BYTES + 1, UINT64_MAX, UINT64_MAX / 2};
    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
        area[0] = heads[i];
        assert_int_equal(reply_next(core, &kind, &message), -EBADMSG);
    }
    area[0] = 0;
    reply_push(worker, REPLY_READY, (struct bytes){0});
    assert_int_equal(reply_next(core, &kind, &message), 1);
    area[0] = 4; // it cannot take back what the core has seen
    assert_int_equal(reply_next(core, &kind, &message), -EBADMSG);
    unshare(area);
}

static void reply_refuses_lengths_and_kinds_that_cannot_be(void **state)
{
    (void)state;
    static const uint32_t wrong[][2] = {
        {REPLY_MESSAGE_MAX + 1, 1}, {UINT32_MAX, 1}, {9, 1}, {8, 0}, {8, 9}, {8, UINT32_MAX}};
    uint64_t *area = shared();
    static const char text[] = "findme--";
    reply_push(worker, REPLY_LABEL, bytes_of(text));
    struct stat st;
    assert_int_equal(fstat(reply_fd(core), &st), 0);
    char *payload = memmem(area, (size_t)st.st_size, text, 8);
    assert_non_null(payload);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        memcpy(payload - 8, wrong[i], 8);
        assert_int_equal(reply_next(core, &kind, &message), -EBADMSG);
    }
    unshare(area);
}

static bool is_rung(void)
{
    struct pollfd bell = {.fd = reply_wake_fd(core), .events = POLLIN};
    uint64_t rung;
    return poll(&bell, 1, 0) > 0 && read(bell.fd, &rung, 8) == 8 && rung == 1;
}

static void
a_sleeping_worker_is_rung_for_once_and_again_when_nobody_can_have_heard_it(void **state)
{
    (void)state;
    uint64_t *area = shared();
    uint32_t *sleeps = &((uint32_t *)area)[4];
    int bell = dup(reply_wake_fd(core)), deaf = open("/dev/null", O_RDONLY | O_CLOEXEC);
    *sleeps = 1;
    reply_nudge(core);
    assert_int_equal(*sleeps, 0);
    assert_true(is_rung());
    reply_nudge(core);
    assert_false(is_rung());
    *sleeps = 1;
    assert_true(bell >= 0 && dup2(deaf, reply_wake_fd(core)) >= 0);
    reply_nudge(core);
    assert_int_equal(*sleeps, 1);
    assert_true(dup2(bell, reply_wake_fd(core)) >= 0);
    reply_nudge(core);
    assert_true(is_rung());
    close(bell);
    close(deaf);
    unshare(area);
}

/* The counts of the doorbells at their ends, and emptied under the core's hands. */
static void reply_never_blocks_on_a_doorbell(void **state)
{
    (void)state;
    uint64_t most = UINT64_MAX - 1, rung;
    uint64_t *area = shared();
    assert_int_equal(write(reply_wake_fd(core), &most, 8), 8);
    assert_int_equal(write(reply_bell_fd(core), &most, 8), 8);
    ((uint32_t *)area)[4] = 1; // worker_sleeps
    alarm(5);
    reply_nudge(core);
    reply_wait(core, -1, 10);
    reply_wait(core, -1, 10);
    assert_int_equal(read(reply_wake_fd(core), &rung, 8), 8);
    assert_int_equal(rung, most); // it was full, and the core went on
    reply_wait(core, -1, 10);     // a bell that is emptied already
    alarm(0);
    unshare(area);
}

static void reply_memory_cannot_be_cut_short(void **state)
{
    (void)state;
    assert_int_equal(ftruncate(reply_fd(core), 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(reply_fd(core), 1 << 24), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reply_takes_what_was_pushed_in_order),
        TEST(reply_takes_the_longest_message),
        TEST(reply_waits_for_room_and_for_messages),
        TEST(reply_tells_what_was_denied),
        TEST(reply_refuses_heads_that_cannot_be),
        TEST(reply_refuses_lengths_and_kinds_that_cannot_be),
        TEST(a_sleeping_worker_is_rung_for_once_and_again_when_nobody_can_have_heard_it),
        TEST(reply_never_blocks_on_a_doorbell),
        TEST(reply_memory_cannot_be_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

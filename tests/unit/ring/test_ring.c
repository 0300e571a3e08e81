/* SPDX-License-Identifier: MIT */
/*
 * Promise: every frame reaches every reader once, whole and in order; a full ring refuses and never overwrites; whoever
 * sleeps is woken. Also run under ThreadSanitizer (preset tsan).
 */

#include "ring/ring.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct ring *make(size_t bytes, int readers)
{
    struct ring *ring = NULL;
    assert_int_equal(ring_create(bytes, readers, &ring, NULL), 0);
    return ring;
}

/* A frame of `len` bytes that only number `n` has; false when the ring is full. */
static bool put(struct ring *ring, size_t len, uint32_t n)
{
    unsigned char *room = ring_reserve(ring, len);
    if (!room)
        return false;
    for (size_t i = 0; i < len; i++)
        room[i] = (unsigned char)(n * 31 + i);
    ring_commit(ring, (enum ring_kind)(1 + n % 5), len);
    return true;
}

static size_t frame_bytes(size_t len)
{
    return (sizeof(struct ring_frame) + len + 7) & ~(size_t)7;
}

/* Number of the first byte that is not as put() wrote it, or -1. */
static long damage(const struct ring_frame *frame, size_t len, uint32_t n)
{
    const unsigned char *at = ring_payload(frame);
    if (frame->size != frame_bytes(len) || frame->kind != 1 + n % 5)
        return 0;
    for (size_t i = 0; i < len; i++)
        if (at[i] != (unsigned char)(n * 31 + i))
            return (long)i;
    return -1;
}

static void take(struct ring *ring, int reader, size_t len, uint32_t n)
{
    const struct ring_frame *frame = ring_peek(ring, reader);
    assert_non_null(frame);
    assert_int_equal(damage(frame, len, n), -1);
    ring_release(ring, reader);
}

static void ring_refuses_sizes_and_readers_out_of_range(void **state)
{
    (void)state;
    struct ring *ring = NULL;
    struct error error = {""};
    assert_int_equal(ring_create(0, 1, &ring, &error), -EINVAL);
    assert_int_equal(ring_create(SIZE_MAX, 1, &ring, &error), -EINVAL);
    assert_int_equal(ring_create(4096, 0, &ring, &error), -EINVAL);
    assert_int_equal(ring_create(4096, RING_READERS + 1, &ring, &error), -EINVAL);
    assert_true(error.text[0]);
    assert_null(ring);
    ring_destroy(NULL);
}

static void ring_is_at_least_as_large_as_asked(void **state)
{
    (void)state;
    struct ring *ring = make(100001, 1);
    assert_true(ring_payload_max(ring) >= 100001 / 2);
    assert_true(put(ring, ring_payload_max(ring), 1)); // the longest frame fits, twice
    assert_true(put(ring, ring_payload_max(ring), 2));
    assert_null(ring_reserve(ring, 0));
    take(ring, 0, ring_payload_max(ring), 1);
    take(ring, 0, ring_payload_max(ring), 2);
    ring_destroy(ring);
}

/* Frames of odd lengths over many laps: each is one run of memory, wherever in the data it lies. */
static void ring_never_wraps_a_frame(void **state)
{
    (void)state;
    struct ring *ring = make(4096, 1);
    size_t max = ring_payload_max(ring);
    for (uint32_t n = 0; n < 5000; n++) {
        size_t len = n * 37 % (max + 1);
        assert_true(put(ring, len, n));
        assert_int_equal((uintptr_t)ring_payload(ring_peek(ring, 0)) % 8, 0);
        take(ring, 0, len, n);
    }
    assert_true(ring_head(ring) > 500 * 4096);
    ring_destroy(ring);
}

static void ring_refuses_when_full_and_loses_nothing(void **state)
{
    (void)state;
    struct ring *ring = make(4096, 1);
    uint32_t in = 0, out = 0;
    while (put(ring, 100, in))
        in++;
    assert_int_equal(in, 4096 / frame_bytes(100));
    for (int i = 0; i < 100; i++)
        assert_null(ring_reserve(ring, 100));
    for (int lap = 0; lap < 1000; lap++) { // always full: each release makes room for one
        take(ring, 0, 100, out++);
        assert_true(put(ring, 100, in++));
        assert_null(ring_reserve(ring, 100));
    }
    while (out < in)
        take(ring, 0, 100, out++);
    assert_null(ring_peek(ring, 0));
    ring_destroy(ring);
}

static void ring_shows_nothing_before_commit(void **state)
{
    (void)state;
    struct ring *ring = make(4096, 1);
    char *room = ring_reserve(ring, 1000);
    memset(room, 1, 1000);
    assert_null(ring_peek(ring, 0));
    assert_ptr_equal(ring_reserve(ring, 500), room); // reserving again gives the same room
    ring_commit(ring, RING_GAP, 3);
    assert_int_equal(ring_head(ring), frame_bytes(3)); // only what was published counts
    assert_int_equal(ring_peek(ring, 0)->kind, RING_GAP);
    assert_int_equal(ring_peek(ring, 0)->size, frame_bytes(3));
    ring_destroy(ring);
}

static void ring_keeps_a_cursor_for_each_reader(void **state)
{
    (void)state;
    struct ring *ring = make(4096, 3);
    for (uint32_t n = 0; n < 10; n++)
        assert_true(put(ring, 200, n));
    for (uint32_t n = 0; n < 10; n++)
        take(ring, 0, 200, n);
    assert_int_equal(ring_tail(ring), 0); // the slowest reader decides
    for (uint32_t n = 0; n < 4; n++)
        take(ring, 2, 200, n);
    for (uint32_t n = 0; n < 2; n++)
        take(ring, 1, 200, n);
    assert_int_equal(ring_tail(ring), 2 * frame_bytes(200));
    assert_int_equal(ring_head(ring), 10 * frame_bytes(200));
    assert_null(ring_peek(ring, 0));
    uint32_t in = 10;
    while (put(ring, 200, in)) // up to what reader 1 still needs
        in++;
    for (uint32_t n = 2; n < in; n++)
        take(ring, 1, 200, n);
    for (uint32_t n = 4; n < in; n++)
        take(ring, 2, 200, n);
    for (uint32_t n = 10; n < in; n++)
        take(ring, 0, 200, n);
    assert_int_equal(ring_tail(ring), ring_head(ring));
    ring_destroy(ring);
}

static void ring_waits_no_longer_than_asked(void **state)
{
    (void)state;
    struct ring *ring = make(4096, 1);
    int64_t begun = clock_monotonic_ns();
    assert_int_equal(ring_wait_frame(ring, 0, 0), 0);
    assert_int_equal(ring_wait_frame(ring, 0, 30), 0);
    assert_true(clock_monotonic_ns() - begun >= 29 * NS_PER_MS);
    assert_int_equal(ring_wait_room(ring, 100, -1), 1);
    while (put(ring, 1000, 0))
        ;
    assert_int_equal(ring_wait_room(ring, 1000, 0), 0);
    assert_int_equal(ring_wait_room(ring, 1000, 30), 0);
    assert_int_equal(ring_wait_frame(ring, 0, -1), 1);
    ring_destroy(ring);
}

/* ---- two threads -------------------------------------------------------- */

enum { FRAMES = 30000 };

static size_t length_of(uint32_t n)
{
    return n * 29 % 700;
}

struct reader {
    struct ring *ring;
    int number, pause_every;
    uint32_t wrong;
};

static void *read_all(void *arg)
{
    struct reader *reader = arg;
    for (uint32_t n = 0; n < FRAMES; n++) {
        while (!ring_wait_frame(reader->ring, reader->number, n % 2 ? -1 : 1000))
            ;
        const struct ring_frame *frame = ring_peek(reader->ring, reader->number);
        reader->wrong += damage(frame, length_of(n), n) != -1;
        ring_release(reader->ring, reader->number);
        if (reader->pause_every && n % reader->pause_every == 0)
            usleep(50); // let the ring fill up, so that the producer sleeps
    }
    return NULL;
}

struct sleeper {
    struct ring *ring;
    _Atomic int woken;
};

static void *sleep_for_frames(void *arg)
{
    struct sleeper *sleeper = arg;
    ring_wait_frame(sleeper->ring, 0, 20000);
    atomic_store(&sleeper->woken, 1);
    return NULL;
}

static bool is_woken_within(struct sleeper *sleeper, int ms)
{
    for (; ms > 0 && !atomic_load(&sleeper->woken); ms--)
        usleep(1000);
    return atomic_load(&sleeper->woken);
}

/* Some batches, or what follows them; is the reader awake then? */
static void check_sleep(int batches, void (*then)(struct ring *), bool wakes)
{
    struct sleeper sleeper = {.ring = make(65536, 1)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, sleep_for_frames, &sleeper), 0);
    usleep(20000); // so that it sleeps; if it does not yet, it finds the frames by itself
    for (int i = 0; i < batches; i++) {
        assert_non_null(ring_reserve(sleeper.ring, 1000));
        ring_commit(sleeper.ring, RING_BATCH, 1000);
    }
    if (then)
        then(sleeper.ring);
    if (wakes)
        assert_true(is_woken_within(&sleeper, 5000));
    ring_wake(sleeper.ring);
    assert_true(is_woken_within(&sleeper, 5000));
    pthread_join(thread, NULL);
    ring_destroy(sleeper.ring);
}

static void commit_a_mark(struct ring *ring)
{
    assert_non_null(ring_reserve(ring, 8));
    ring_commit(ring, RING_MARK, 8);
}

static void look_for_room(struct ring *ring)
{
    ring_wait_room(ring, 1000, 0);
}

static void sleepers_are_woken_for_an_eighth_of_batches_or_anything_else(void **state)
{
    (void)state;
    check_sleep(1, NULL, false); // and ring_wake() does it
    check_sleep(9, NULL, true);
    check_sleep(1, commit_a_mark, true);
    check_sleep(1, look_for_room, true);
}

/* Both sides sleep for ever when there is nothing to do: a lost wake-up hangs, and the time-out of the test shows it. */
static void ring_passes_frames_between_threads_that_sleep(void **state)
{
    (void)state;
    struct ring *ring = make(8192, 2);
    struct reader readers[2] = {{ring, 0, 0, 0}, {ring, 1, 100, 0}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readers[i]), 0);
    for (uint32_t n = 0; n < FRAMES; n++) {
        ring_wait_room(ring, length_of(n), -1);
        assert_true(put(ring, length_of(n), n));
        if (n % 1000 == 0)
            usleep(200); // and let the readers sleep
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].wrong, 0);
    }
    assert_int_equal(ring_tail(ring), ring_head(ring));
    ring_destroy(ring);
}

/* ---- another process ---------------------------------------------------- */

/* As a worker gets it: the same memory, opened for reading. */
static int open_again(const struct ring *ring, int flags)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ring_fd(ring));
    return open(path, flags | O_CLOEXEC);
}

static struct ring *attach(const struct ring *ring)
{
    struct ring *far = NULL;
    int fd = open_again(ring, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(ring_attach(fd, &far, NULL), 0);
    close(fd); // a mapping needs none
    return far;
}

static void ring_is_seen_from_elsewhere_without_wrapping(void **state)
{
    (void)state;
    struct ring *ring = make(4096, 1), *far = attach(ring);
    uint64_t at = 0;
    assert_null(ring_at(far, 0));
    for (uint32_t n = 0; n < 1000; n++) {
        size_t len = n * 37 % 1500;
        assert_true(put(ring, len, n));
        assert_int_equal(ring_head(far), ring_head(ring));
        const struct ring_frame *frame = ring_at(far, at);
        assert_non_null(frame);
        assert_int_equal(damage(frame, len, n), -1);
        at += frame->size;
        assert_null(ring_at(far, at)); // the head
        ring_release(ring, 0);
    }
    ring_destroy(far);
    ring_destroy(ring);
}

static void ring_waits_for_those_who_hold_and_for_nobody_else(void **state)
{
    (void)state;
    struct ring *ring = make(4096, 1);
    uint32_t n = 0;
    ring_hold(ring, 5, 0);
    while (put(ring, 200, n)) // the holder stays at the beginning
        take(ring, 0, 200, n++);
    assert_int_equal(ring_tail(ring), 0);
    assert_int_equal(damage(ring_at(ring, 0), 200, 0), -1); // what is held stays as it is
    ring_hold(ring, 5, 2 * frame_bytes(200));
    assert_int_equal(ring_tail(ring), 2 * frame_bytes(200));
    assert_int_equal(ring_cursor(ring, 5), 2 * frame_bytes(200));
    assert_true(put(ring, 200, n));
    ring_let_go(ring, 5);
    for (int i = 0; i < 100; i++) {
        take(ring, 0, 200, n++);
        assert_true(put(ring, 200, n));
    }
    ring_destroy(ring);
}

/* Does it end with this signal? */
static bool dies(void (*deed)(struct ring *, struct ring *), struct ring *ring,
                 struct ring *far, int number)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        signal(number, SIG_DFL);
        deed(ring, far);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    // a sanitizer turns the signal into an exit of its own
    return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

static void write_text(struct ring *ring, struct ring *far)
{
    (void)ring;
    close(STDERR_FILENO);
    *(volatile char *)(uintptr_t)ring_payload(ring_at(far, 0)) = 1;
}

static void release_there(struct ring *ring, struct ring *far)
{
    (void)ring;
    close(STDERR_FILENO);
    ring_release(far, 0);
}

static void make_writable(struct ring *ring, struct ring *far)
{
    (void)ring;
    uintptr_t page = (uintptr_t)ring_at(far, 0) & ~(uintptr_t)4095;
    if (mprotect((void *)page, 4096, PROT_READ | PROT_WRITE) == 0)
        _exit(0);
    _exit(1);
}

static void ring_can_be_read_and_not_written_elsewhere(void **state)
{
    (void)state;
    struct ring *ring = make(4096, 1), *far = attach(ring);
    assert_true(put(ring, 100, 1));
    assert_true(dies(write_text, ring, far, SIGSEGV));
    assert_true(dies(release_there, ring, far, SIGSEGV));
    assert_true(dies(make_writable, ring, far, SIGSEGV));
    assert_int_equal(damage(ring_at(ring, 0), 100, 1), -1);
    assert_int_equal(ring_cursor(ring, 0), 0);
    ring_destroy(far);
    ring_destroy(ring);
}

/* Not even with a descriptor that may write: nobody maps it again for that, writes to it or cuts it short. */
static void ring_is_sealed(void **state)
{
    (void)state;
    struct ring *ring = make(4096, 1);
    int fd = open_again(ring, O_RDWR);
    if (fd >= 0) {
        assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
                         MAP_FAILED);
        assert_int_equal(write(fd, "x", 1), -1);
        close(fd);
    }
    assert_ptr_equal(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, ring_fd(ring), 0), MAP_FAILED);
    assert_int_equal(write(ring_fd(ring), "x", 1), -1);
    assert_int_equal(ftruncate(ring_fd(ring), 4096), -1);
    assert_int_equal(ftruncate(ring_fd(ring), 1 << 20), -1);
    assert_int_equal(fcntl(ring_fd(ring), F_ADD_SEALS, F_SEAL_WRITE), -1); // nor seal us out
    assert_true(put(ring, 100, 1));                                        // we go on writing
    ring_destroy(ring);
}

static void ring_does_not_attach_what_is_none(void **state)
{
    (void)state;
    struct ring *far = NULL;
    struct error error = {""};
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(ring_attach(fd, &far, &error) < 0);
    assert_true(error.text[0]);
    close(fd);
    assert_true(ring_attach(-1, &far, &error) < 0);
    assert_null(far);
}

/* ---- our own mistakes --------------------------------------------------- */

static void commit_more_than_reserved(struct ring *ring)
{
    ring_reserve(ring, 8);
    ring_commit(ring, RING_GAP, 100);
}

static void commit_without_reserving(struct ring *ring)
{
    ring_commit(ring, RING_END, 0);
}

static void release_what_is_not_there(struct ring *ring)
{
    ring_release(ring, 0);
}

static void reserve_more_than_there_can_be(struct ring *ring)
{
    ring_reserve(ring, ring_payload_max(ring) + 1);
}

static void ring_ends_the_program_when_we_break_its_rules(void **state)
{
    (void)state;
    static void (*const mistakes[])(struct ring *) = {
        commit_more_than_reserved, commit_without_reserving, release_what_is_not_there,
        reserve_more_than_there_can_be};
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct ring *ring = make(4096, 1);
        pid_t child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            close(STDERR_FILENO);
            mistakes[i](ring);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
            fail_msg("mistake %zu goes unnoticed", i);
        ring_destroy(ring);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_refuses_sizes_and_readers_out_of_range),
        cmocka_unit_test(ring_is_at_least_as_large_as_asked),
        cmocka_unit_test(ring_never_wraps_a_frame),
        cmocka_unit_test(ring_refuses_when_full_and_loses_nothing),
        cmocka_unit_test(ring_shows_nothing_before_commit),
        cmocka_unit_test(ring_keeps_a_cursor_for_each_reader),
        cmocka_unit_test(ring_waits_no_longer_than_asked),
        cmocka_unit_test(sleepers_are_woken_for_an_eighth_of_batches_or_anything_else),
        cmocka_unit_test(ring_passes_frames_between_threads_that_sleep),
        cmocka_unit_test(ring_is_seen_from_elsewhere_without_wrapping),
        cmocka_unit_test(ring_waits_for_those_who_hold_and_for_nobody_else),
        cmocka_unit_test(ring_can_be_read_and_not_written_elsewhere),
        cmocka_unit_test(ring_is_sealed),
        cmocka_unit_test(ring_does_not_attach_what_is_none),
        cmocka_unit_test(ring_ends_the_program_when_we_break_its_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

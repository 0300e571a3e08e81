/* SPDX-License-Identifier: MIT */
/* The promise: what was appended is read back; damage of any kind costs the frames it hit and no other. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deliver/segment.h"
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sandbox sandbox;
static int dir;
static char *room;

static int setup(void **state)
{
    (void)state;
    sandbox_make(&sandbox);
    dir = open(sandbox.dir, O_RDONLY | O_DIRECTORY);
    room = malloc(SEGMENT_PAYLOAD_MAX);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(dir);
    free(room);
    sandbox_remove(&sandbox);
    return 0;
}

static struct entry entry_number(uint64_t n)
{
    return (struct entry){.n = n,
                          .fingerprint = n * 3,
                          .route = ROUTE_TICKET,
                          .status = FINDING_RESOLVED,
                          .ts_ns = -5,
                          .score = 1.5,
                          .id = bytes_of("id"),
                          .stream = bytes_of("checkout"),
                          .detector = bytes_of("ewma"),
                          .data = bytes_of("{\"a\":\"some longer text\"}")};
}

/* A file with frames 1 to 3; *ret_size is the size of one. */
static void make(uint64_t *ret_size)
{
    struct segment segment = {.epoch = 9, .first_n = 1};
    struct buffer frames = {0};
    assert_int_equal(segment_create(dir, "s", &segment, NULL), 0);
    for (uint64_t n = 1; n <= 3; n++) {
        struct entry entry = entry_number(n);
        segment_frame(&entry, &frames);
    }
    assert_int_equal(segment_append(&segment, buffer_bytes(&frames), 3), 0);
    *ret_size = frames.len / 3;
    buffer_free(&frames);
    segment_close(&segment);
}

/* The numbers that can be read, as digits of one number. */
static uint64_t numbers(const struct segment *segment)
{
    uint64_t offset = SEGMENT_HEADER, all = 0;
    struct entry entry;
    while (segment_read(segment, &offset, room, SEGMENT_PAYLOAD_MAX, &entry) > 0)
        all = all * 10 + entry.n;
    return all;
}

static void segment_reads_back_what_was_appended(void **state)
{
    (void)state;
    uint64_t size, offset = SEGMENT_HEADER;
    struct segment segment;
    struct entry entry;
    make(&size);
    assert_int_equal(segment_open(dir, "s", false, &segment, NULL), 0);
    assert_int_equal(segment.epoch, 9);
    assert_int_equal(segment.last_n, 3);
    assert_int_equal(segment.torn, 0);
    assert_int_equal(segment_read(&segment, &offset, room, SEGMENT_PAYLOAD_MAX, &entry), 1);
    assert_int_equal(entry.n, 1);
    assert_int_equal(entry.epoch, 9);
    assert_int_equal(entry.fingerprint, 3);
    assert_int_equal(entry.route, ROUTE_TICKET);
    assert_int_equal(entry.status, FINDING_RESOLVED);
    assert_int_equal(entry.ts_ns, -5);
    assert_true(entry.score == 1.5);
    assert_true(bytes_is(entry.id, "id") && bytes_is(entry.stream, "checkout"));
    assert_true(bytes_is(entry.detector, "ewma"));
    assert_true(bytes_is(entry.data, "{\"a\":\"some longer text\"}"));
    segment_close(&segment);
}

static void segment_says_when_the_room_is_too_small(void **state)
{
    (void)state;
    uint64_t size, offset = SEGMENT_HEADER;
    struct segment segment;
    struct entry entry;
    make(&size);
    assert_int_equal(segment_open(dir, "s", false, &segment, NULL), 0);
    assert_int_equal(segment_read(&segment, &offset, room, 60, &entry), -EMSGSIZE);
    assert_int_equal(offset, SEGMENT_HEADER);
    segment_close(&segment);
}

/* At every length a crash may leave behind, exactly the whole frames are there. */
static void segment_finds_the_torn_tail_at_every_length(void **state)
{
    (void)state;
    uint64_t size;
    make(&size);
    for (uint64_t length = SEGMENT_HEADER + 3 * size; length-- > SEGMENT_HEADER;) {
        struct segment segment;
        assert_int_equal(truncate(sandbox_path(&sandbox, "s"), (off_t)length), 0);
        assert_int_equal(segment_open(dir, "s", true, &segment, NULL), 0);
        uint64_t padding = 2, whole = (length - SEGMENT_HEADER + padding) / size;
        assert_int_equal(segment.last_n, whole);
        assert_int_equal(segment.size, SEGMENT_HEADER + whole * size);
        assert_int_equal(segment.torn, length > segment.size ? length - segment.size : 0);
        assert_int_equal(segment.skipped, 0);
        segment_close(&segment);
    }
}

static void flip(uint64_t offset)
{
    unsigned char byte;
    int fd = open(sandbox_path(&sandbox, "s"), O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= 0x55;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
    close(fd);
}

/* Each byte of the second frame that counts, turned over, costs the second frame. */
static void segment_skips_a_damaged_frame_in_the_middle(void **state)
{
    (void)state;
    uint64_t size;
    make(&size);
    for (uint64_t at = size; at < 2 * size; at++) {
        struct segment segment;
        flip(SEGMENT_HEADER + at);
        assert_int_equal(segment_open(dir, "s", true, &segment, NULL), 0);
        uint64_t read = numbers(&segment);
        bool padding = at >= 2 * size - 7 && read == 123;
        assert_true(padding || read == 13);
        assert_int_equal(segment.last_n, 3);
        assert_int_equal(segment.skipped, padding ? 0 : 1);
        segment_close(&segment);
        flip(SEGMENT_HEADER + at);
    }
}

static void segment_refuses_a_damaged_header(void **state)
{
    (void)state;
    uint64_t size;
    make(&size);
    for (uint64_t at = 0; at < SEGMENT_HEADER; at++) {
        struct segment segment;
        flip(at);
        assert_int_equal(segment_open(dir, "s", true, &segment, NULL), -EBADMSG);
        flip(at);
    }
}

static void segment_reader_sees_what_a_writer_adds(void **state)
{
    (void)state;
    uint64_t size;
    struct segment reader, writer;
    struct buffer frames = {0};
    make(&size);
    assert_int_equal(segment_open(dir, "s", false, &reader, NULL), 0);
    assert_int_equal(segment_open(dir, "s", true, &writer, NULL), 0);
    struct entry entry = entry_number(4);
    segment_frame(&entry, &frames);
    assert_int_equal(segment_append(&writer, buffer_bytes(&frames), 4), 0);
    assert_int_equal(numbers(&reader), 123);
    segment_refresh(&reader);
    assert_int_equal(numbers(&reader), 1234);
    buffer_free(&frames);
    segment_close(&reader);
    segment_close(&writer);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(segment_reads_back_what_was_appended),
        T(segment_says_when_the_room_is_too_small),
        T(segment_finds_the_torn_tail_at_every_length),
        T(segment_skips_a_damaged_frame_in_the_middle),
        T(segment_refuses_a_damaged_header),
        T(segment_reader_sees_what_a_writer_adds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

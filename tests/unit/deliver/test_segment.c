/* SPDX-License-Identifier: MIT */
/* The promise: a segment ends behind its last whole block, whatever stands there, and says whose it is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "deliver/segment.h"
#include "fixture.h"

#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static struct sandbox sandbox;
static struct buffer scratch;
static int fd;

static int setup(void **state)
{
    (void)state;
    sandbox_make(&sandbox);
    fd = open(sandbox_path(&sandbox, "s"), O_RDWR | O_CREAT, 0600);
    return fd < 0;
}

static int teardown(void **state)
{
    (void)state;
    close(fd);
    buffer_free(&scratch);
    sandbox_remove(&sandbox);
    return 0;
}

static struct entry entry_number(uint64_t n)
{
    return (struct entry){.epoch = 9,
                          .n = n,
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

static void put_block(struct buffer *out, uint64_t seq, uint64_t first_n, uint64_t count)
{
    struct block block = {.seq = seq,
                          .first_n = first_n,
                          .count = count,
                          .time_ns = 77,
                          .manifest = bytes_of("what was read")};
    size_t begin = out->len;
    for (uint64_t i = 0; i < count; i++) {
        struct entry entry = entry_number(first_n + i);
        frame_put_entry(out, &entry);
    }
    block.span = out->len - begin;
    frame_put_block(out, 9, &block);
}

/* Blocks 4, 5, 6 with findings 1-2, none, 3; returns the end of each. */
static void make(uint64_t ends[3])
{
    struct segment s = {.epoch = 9, .first_seq = 4, .first_n = 1, .created_ns = 5};
    struct buffer out = {0};
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(segment_put_header(fd, &s), 0);
    put_block(&out, 4, 1, 2);
    ends[0] = SEGMENT_HEADER + out.len;
    put_block(&out, 5, 3, 0);
    ends[1] = SEGMENT_HEADER + out.len;
    put_block(&out, 6, 3, 1);
    ends[2] = SEGMENT_HEADER + out.len;
    assert_int_equal(pwrite(fd, out.at, out.len, SEGMENT_HEADER), (ssize_t)out.len);
    buffer_free(&out);
}

static struct segment walk(void)
{
    struct segment s;
    assert_int_equal(segment_header(fd, &s), SEGMENT_OURS);
    assert_int_equal(segment_walk(fd, &s, &scratch), 0);
    return s;
}

static void segment_knows_its_blocks(void **state)
{
    (void)state;
    uint64_t ends[3];
    make(ends);
    assert_int_equal(ftruncate(fd, 100000), 0); // the room asked for ahead
    struct segment s = walk();
    assert_int_equal(s.first_seq, 4);
    assert_int_equal(s.last_seq, 6);
    assert_int_equal(s.last_n, 3);
    assert_int_equal(s.size, ends[2]);
    assert_int_equal(s.room, 100000);
    assert_int_equal(s.torn + s.skipped, 0);
    assert_true(s.manifests && !s.compact);
    assert_int_equal(s.created_ns, 5);
    assert_int_equal(s.newest_ns, 77);
}

static void frames_read_back_what_was_put(void **state)
{
    (void)state;
    uint64_t ends[3];
    struct frame frame;
    struct entry entry;
    struct block block;
    char room[4096];
    make(ends);
    struct frames in = {.fd = fd, .epoch = 9, .end = ends[2]};
    assert_int_equal(frame_find(&in, SEGMENT_HEADER, &frame), 1);
    assert_true(frame_payload(&in, &frame, room) && frame_entry(&in, &frame, room, &entry));
    assert_int_equal(entry.n, 1);
    assert_int_equal(entry.fingerprint, 3);
    assert_int_equal(entry.route, ROUTE_TICKET);
    assert_int_equal(entry.status, FINDING_RESOLVED);
    assert_true(entry.ts_ns == -5 && entry.score == 1.5);
    assert_true(bytes_is(entry.id, "id") && bytes_is(entry.detector, "ewma"));
    assert_true(bytes_is(entry.data, "{\"a\":\"some longer text\"}"));
    assert_int_equal(frame_find(&in, ends[0], &frame), 1);
    assert_true(frame_payload(&in, &frame, room) && frame_block(&frame, room, &block));
    assert_int_equal(block.seq, 5);
    assert_int_equal(block.count, 0);
    assert_true(bytes_is(block.manifest, "what was read"));
    in.epoch = 10; // frames of another life are none
    assert_int_equal(frame_find(&in, SEGMENT_HEADER, &frame), 0);
}

/* At every length a crash may leave behind, exactly the whole blocks are there. */
static void segment_ends_behind_the_last_whole_block_at_every_length(void **state)
{
    (void)state;
    uint64_t ends[3];
    make(ends);
    for (uint64_t length = ends[2]; length >= SEGMENT_HEADER; length--) {
        assert_int_equal(ftruncate(fd, (off_t)length), 0);
        struct segment s = walk();
        uint64_t whole = 0;
        while (whole < 3 && length + 3 >= ends[whole]) // 3 zeros of padding say nothing
            whole++;
        assert_int_equal(s.last_seq, 3 + whole);
        assert_int_equal(s.size, whole ? ends[whole - 1] : SEGMENT_HEADER);
        assert_int_equal(s.skipped, 0);
        assert_true(s.torn <= (length > s.size ? length - s.size : 0));
    }
}

static void flip(uint64_t offset)
{
    unsigned char byte;
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= 0x55;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
}

static void segment_steps_over_damage_and_counts_it(void **state)
{
    (void)state;
    uint64_t ends[3];
    make(ends);
    for (uint64_t at = SEGMENT_HEADER; at < ends[2]; at++) {
        flip(at);
        struct segment s = walk();
        bool last = at >= ends[1], padding = s.skipped == 0 && s.torn == 0;
        if (!padding) {
            assert_int_equal(s.last_seq, last ? 5 : 6);
            assert_int_equal(s.last_n, last ? 2 : 3);
            assert_int_equal(s.skipped, last ? 0 : 1);
            assert_int_equal(s.torn > 0, last);
        }
        flip(at);
    }
}

static void segment_cut_leaves_zeros(void **state)
{
    (void)state;
    uint64_t ends[3];
    make(ends);
    flip(ends[2] - 20);
    struct segment s = walk();
    assert_true(s.torn > 0);
    assert_int_equal(segment_cut(fd, &s), 0);
    s = walk();
    assert_int_equal(s.torn, 0);
    assert_int_equal(s.last_seq, 5);
    assert_int_equal(s.room, ends[2]); // and keeps the room
}

static void segment_header_is_damaged_when_a_byte_is(void **state)
{
    (void)state;
    uint64_t ends[3];
    make(ends);
    for (uint64_t at = 0; at < SEGMENT_HEADER; at++) {
        struct segment s;
        flip(at);
        assert_int_equal(segment_header(fd, &s), SEGMENT_DAMAGED);
        flip(at);
    }
}

static void segment_header_of_others_is_known_as_such(void **state)
{
    (void)state;
    uint64_t ends[3], words[SEGMENT_HEADER / 8];
    struct segment s;
    make(ends);
    assert_int_equal(pread(fd, words, sizeof(words), 0), sizeof(words));
    for (size_t i = 0; i < SEGMENT_HEADER / 8; i++)
        words[i] = bswap_64(words[i]);
    // the hash that the other machine would have made of its bytes
    words[9] = bswap_64(hash_bytes((struct bytes){(const char *)words, 72}));
    assert_int_equal(pwrite(fd, words, sizeof(words), 0), sizeof(words));
    assert_int_equal(segment_header(fd, &s), SEGMENT_FOREIGN);
    // version 1
    words[0] = UINT64_C(0x01006b636c646f6f);
    words[3] = hash_bytes((struct bytes){(const char *)words, 24});
    assert_int_equal(pwrite(fd, words, sizeof(words), 0), sizeof(words));
    assert_int_equal(segment_header(fd, &s), SEGMENT_FOREIGN);
    // version 3
    words[0] = UINT64_C(0x03006b636c646f6f);
    words[9] = hash_bytes((struct bytes){(const char *)words, 72});
    assert_int_equal(pwrite(fd, words, sizeof(words), 0), sizeof(words));
    assert_int_equal(segment_header(fd, &s), SEGMENT_FOREIGN);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(segment_knows_its_blocks),
        T(frames_read_back_what_was_put),
        T(segment_ends_behind_the_last_whole_block_at_every_length),
        T(segment_steps_over_damage_and_counts_it),
        T(segment_cut_leaves_zeros),
        T(segment_header_is_damaged_when_a_byte_is),
        T(segment_header_of_others_is_known_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Promise: a bookmark comes back as it was packed, damage never becomes one; the book finds by inode and by serial, and is bounded. */

#include "room.h"

static struct bookmark example(void)
{
    return (struct bookmark){
        .path = "/var/log/we ird%\n\x1b\xff.log",
        .identity = {.device = 1,
                     .inode = UINT64_MAX,
                     .generation = 77,
                     .head = 0xabcdef,
                     .marker = 5,
                     .head_len = 1024,
                     .marker_len = 64},
        .serial = 300,
        .origin = 299,
        .offset = 123456789012,
        .size = 123456789099,
        .note = 42,
        .boot = 11,
        .seen_s = clock_wall_ns() / NS_PER_S,
        .flags = BOOKMARK_ARCHIVE | BOOKMARK_LEFT,
    };
}

static void bookmark_comes_back_as_packed(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct bookmark mark = example(), got;
    mark.flags |= BOOKMARK_UNMET; // of this run: not packed
    bookmark_pack(&mark, &out);
    size_t one = out.len;
    bookmark_pack(&mark, &out);
    assert_true(one < 100 + strlen(mark.path));
    struct unpacker in = {.rest = buffer_bytes(&out)};
    assert_int_equal(bookmark_unpack(&in, &got), 0);
    assert_int_equal(in.rest.len, one);
    assert_string_equal(got.path, mark.path);
    assert_memory_equal(&got.identity, &mark.identity, sizeof(mark.identity));
    assert_true(got.serial == 300 && got.origin == 299 && got.offset == mark.offset);
    assert_true(got.size == mark.size && got.note == 42);
    assert_true(got.boot == 11 && got.seen_s == mark.seen_s);
    assert_int_equal(got.flags, BOOKMARK_ARCHIVE | BOOKMARK_LEFT);
    assert_int_equal(bookmark_unpack(&in, &got), 0);
    assert_int_equal(in.rest.len, 0);
    buffer_free(&out);
}

static void cut_off_anywhere_is_no_bookmark(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct bookmark mark = example(), got = {.serial = 5};
    bookmark_pack(&mark, &out);
    for (size_t len = 0; len < out.len; len++) {
        char *exact = malloc(len + 1); // so that a byte too far is seen
        memcpy(exact, out.at, len);
        struct unpacker in = {.rest = {exact, len}};
        assert_int_equal(bookmark_unpack(&in, &got), -EBADMSG);
        assert_int_equal(got.serial, 5);
        free(exact);
    }
    buffer_free(&out);
}

static void flipped_bits_give_a_sane_bookmark_or_none(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct bookmark mark = example(), got;
    bookmark_pack(&mark, &out);
    for (size_t bit = 0; bit < out.len * 8; bit++) {
        out.at[bit / 8] ^= (char)(1 << bit % 8);
        struct unpacker in = {.rest = buffer_bytes(&out)};
        if (bookmark_unpack(&in, &got) == 0) {
            assert_true(got.serial > 0 && got.identity.head_len <= IDENTITY_HEAD_BYTES);
            assert_true(got.identity.marker_len <= got.offset && strlen(got.path) > 0);
        }
        out.at[bit / 8] ^= (char)(1 << bit % 8);
    }
    buffer_free(&out);
}

static void book_finds_by_inode_and_by_serial(void **state)
{
    (void)state;
    static struct book book;
    struct bookmark mark = example();
    book_init(&book);
    assert_int_equal(book_add(&book, &mark), 0);
    mark.serial = 301;
    assert_int_equal(book_add(&book, &mark), 0);
    mark.offset++;
    assert_int_equal(book_add(&book, &mark), 0); // in the place of the one before
    assert_int_equal(book.count, 2);
    assert_true(book_find(&book, 301)->offset == mark.offset);
    assert_null(book_find(&book, 302));
    const struct bookmark *one = book_next(&book, UINT64_MAX, NULL);
    const struct bookmark *two = book_next(&book, UINT64_MAX, one);
    assert_non_null(two);
    assert_null(book_next(&book, UINT64_MAX, two));
    book_free(&book);
}

static void book_forgets_the_oldest_when_full(void **state)
{
    (void)state;
    static struct book book;
    struct bookmark mark = example();
    book_init(&book);
    for (uint64_t i = 1; i <= BOOK_MAX + 10; i++) {
        mark.identity.inode = mark.serial = i;
        assert_int_equal(book_add(&book, &mark), 0);
    }
    assert_int_equal(book.count, BOOK_MAX);
    assert_null(book_next(&book, 10, NULL));
    assert_non_null(book_next(&book, 11, NULL));
    assert_null(book_find(&book, 10));
    book_free(&book);
}

static void what_left_is_told_once_and_not_forgotten_before(void **state)
{
    (void)state;
    static struct book book;
    struct bookmark mark = example();
    size_t told = 0;
    book_init(&book);
    for (uint64_t i = 1; i <= BOOK_LEFT_MAX + 10; i++) {
        mark.serial = i;
        book_leave(&book, &mark);
    }
    while (book_news(&book))
        told++;
    assert_int_equal(told, BOOK_LEFT_MAX + 10);
    mark.serial++;
    book_leave(&book, &mark);
    assert_int_equal(book.count, BOOK_LEFT_MAX);
    assert_true(book_news(&book)->serial == mark.serial);
    book_free(&book);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(bookmark_comes_back_as_packed),
        T(cut_off_anywhere_is_no_bookmark),
        T(flipped_bits_give_a_sane_bookmark_or_none),
        T(book_finds_by_inode_and_by_serial),
        T(book_forgets_the_oldest_when_full),
        T(what_left_is_told_once_and_not_forgotten_before),
    };
    return cmocka_run_group_tests_name("bookmark", tests, NULL, NULL);
}

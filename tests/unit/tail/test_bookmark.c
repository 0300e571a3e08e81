/* SPDX-License-Identifier: MIT */
/* Promise: bookmarks come back as they were written; a damaged file is set aside; a failed write leaves the old one. */

#include "room.h"
#include "tail/bookmark.h"
#include "tail/sys.h"

static struct bookmark example(void)
{
    static char path[] = "/var/log/we ird%\n\x1b\xff.log";
    return (struct bookmark){
        .path = path,
        .identity = {.device = 1,
                     .inode = UINT64_MAX,
                     .generation = 77,
                     .head = 0xabcdef,
                     .marker = 5,
                     .head_len = 1024,
                     .marker_len = 64},
        .offset = 123456789012,
        .size = 123456789099,
        .note = 42,
        .seen_s = clock_wall_ns() / NS_PER_S,
        .flags = BOOKMARK_ARCHIVE,
    };
}

static int save(const struct bookmark *mark)
{
    struct buffer out = {0};
    book_begin(&out);
    book_put(&out, mark, mark->path);
    int r = book_end(&out, at("book"), NULL);
    buffer_free(&out);
    return r;
}

static size_t load(struct book *book, int expected)
{
    struct error error;
    book_init(book);
    assert_int_equal(book_load(book, at("book"), &error), expected);
    return book->count;
}

static void bookmarks_come_back_as_written(void **state)
{
    (void)state;
    static struct book book;
    struct bookmark mark = example();
    assert_int_equal(save(&mark), 0);
    assert_int_equal(load(&book, 0), 1);
    const struct bookmark *got = book_next(&book, UINT64_MAX, NULL);
    assert_non_null(got);
    assert_string_equal(got->path, mark.path);
    assert_memory_equal(&got->identity, &mark.identity, sizeof(mark.identity));
    assert_true(got->offset == mark.offset && got->size == mark.size && got->note == 42);
    assert_int_equal(got->flags, BOOKMARK_ARCHIVE | BOOKMARK_DISK);
    assert_null(book_next(&book, UINT64_MAX, got));
    book_free(&book);
}

static void no_file_is_an_empty_book(void **state)
{
    (void)state;
    static struct book book;
    assert_int_equal(load(&book, 0), 0);
}

static void damage_at_any_byte_is_found_and_set_aside(void **state)
{
    (void)state;
    static struct book book;
    struct bookmark mark = example();
    for (off_t i = 0;; i++) {
        char c;
        assert_int_equal(save(&mark), 0);
        int fd = open(at("book"), O_RDWR);
        bool end = pread(fd, &c, 1, i) != 1;
        c ^= 1;
        assert_int_equal(pwrite(fd, &c, 1, i), 1);
        close(fd);
        assert_int_equal(load(&book, -EBADMSG), 0);
        assert_int_equal(access(at("book"), F_OK), -1);
        assert_int_equal(access(at("book.bad"), F_OK), 0);
        if (end)
            break; // a byte too many is damage too
    }
}

static void truncation_at_any_byte_is_found(void **state)
{
    (void)state;
    static struct book book;
    struct bookmark mark = example();
    struct stat st;
    assert_int_equal(save(&mark), 0);
    assert_int_equal(stat(at("book"), &st), 0);
    for (off_t len = 0; len < st.st_size; len++) {
        assert_int_equal(save(&mark), 0);
        assert_int_equal(truncate(at("book"), len), 0);
        assert_int_equal(load(&book, -EBADMSG), 0);
    }
}

static void old_bookmarks_expire(void **state)
{
    (void)state;
    static struct book book;
    struct bookmark mark = example();
    mark.seen_s -= (BOOK_DAYS + 1) * 86400;
    assert_int_equal(save(&mark), 0);
    assert_int_equal(load(&book, 0), 0);
}

static void book_forgets_the_oldest_when_full(void **state)
{
    (void)state;
    static struct book book;
    struct bookmark mark = example();
    book_init(&book);
    for (uint64_t i = 0; i < BOOK_MAX + 10; i++) {
        mark.identity.inode = i;
        book_add(&book, &mark);
    }
    assert_int_equal(book.count, BOOK_MAX);
    assert_null(book_next(&book, 9, NULL));
    assert_non_null(book_next(&book, 10, NULL));
    book_free(&book);
}

static int failing_sync(int fd)
{
    (void)fd;
    errno = EIO;
    return -1;
}

static ssize_t full_disk(int fd, const void *buf, size_t size)
{
    (void)buf, (void)size;
    errno = fd >= 0 ? ENOSPC : EBADF;
    return -1;
}

static ssize_t short_write(int fd, const void *buf, size_t size)
{
    return write(fd, buf, size > 3 ? 3 : size);
}

static void failed_write_leaves_the_old_file(void **state)
{
    (void)state;
    static struct book book;
    struct bookmark mark = example();
    assert_int_equal(save(&mark), 0);
    mark.offset++;
    tail_sys.fdatasync = failing_sync;
    assert_int_equal(save(&mark), -EIO);
    tail_sys.fdatasync = fdatasync;
    tail_sys.write = full_disk;
    assert_int_equal(save(&mark), -ENOSPC);
    tail_sys.write = write;
    assert_int_equal(access(at("book.tmp"), F_OK), -1);
    assert_int_equal(load(&book, 0), 1);
    assert_true(book_next(&book, UINT64_MAX, NULL)->offset == mark.offset - 1);
    book_free(&book);
    tail_sys.write = short_write;
    assert_int_equal(save(&mark), 0);
    tail_sys.write = write;
    assert_int_equal(load(&book, 0), 1);
    assert_true(book_next(&book, UINT64_MAX, NULL)->offset == mark.offset);
    book_free(&book);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(bookmarks_come_back_as_written),
        T(no_file_is_an_empty_book),
        T(damage_at_any_byte_is_found_and_set_aside),
        T(truncation_at_any_byte_is_found),
        T(old_bookmarks_expire),
        T(book_forgets_the_oldest_when_full),
        T(failed_write_leaves_the_old_file),
    };
    return cmocka_run_group_tests_name("bookmark", tests, NULL, NULL);
}

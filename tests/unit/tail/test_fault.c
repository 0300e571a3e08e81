/* SPDX-License-Identifier: MIT */
/* Promise: what the system refuses costs what it must and nothing else: a gap for what cannot be read, polling without inotify. */

#include "room.h"
#include "tail/sys.h"

#include <dirent.h>
#include <sys/inotify.h>

static const struct tail_options polling = {
    .no_inotify = true, .poll_ns = 20 * NS_PER_MS, .rotate_wait_ns = 100 * NS_PER_MS};

static struct tail_sys system_calls;

static int enter(void **state)
{
    system_calls = tail_sys;
    return room_enter(state);
}

static int leave(void **state)
{
    tail_sys = system_calls;
    return room_leave(state);
}

/* ---- a disk with a bad place -------------------------------------------------- */

static struct {
    ino_t inode;
    off_t from, to;
    int error;
} bad;

static bool is_bad(int fd, off_t offset, size_t size)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return st.st_ino == bad.inode && offset < bad.to && offset + (off_t)size > bad.from &&
           offset < st.st_size;
}

static ssize_t bad_pread(int fd, void *buf, size_t size, off_t offset)
{
    if (!is_bad(fd, offset, size))
        return pread(fd, buf, size, offset);
    errno = bad.error;
    return -1;
}

static ssize_t bad_preadv(int fd, const struct iovec *parts, int count, off_t offset)
{
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    if (!is_bad(fd, offset, size))
        return preadv(fd, parts, count, offset);
    errno = bad.error;
    return -1;
}

static void break_file(const char *name, off_t from, off_t to, int error)
{
    struct stat st;
    assert_int_equal(stat(at(name), &st), 0);
    bad.inode = st.st_ino;
    bad.from = from;
    bad.to = to;
    bad.error = error;
    tail_sys.pread = bad_pread;
    tail_sys.preadv = bad_preadv;
}

static void number_lines(struct buffer *text, int count)
{
    for (int i = 0; i < count; i++)
        buffer_printf(text, "line %05d\n", i); // 11 bytes
    buffer_char(text, '\0');
}

static void bad_blocks_are_one_range_and_the_lines_they_tear(void **state)
{
    (void)state;
    struct reader r;
    struct buffer text = {0};
    number_lines(&text, 5000);
    append("a.log", text.at);
    append("b.log", "fine\n");
    reader_open(&r, &polling);
    reader_add(&r, "*.log");
    break_file("a.log", 20480, 28672, EIO);
    reader_drain(&r, 1500);
    assert_int_equal(r.ended, 0);
    assert_int_equal(r.gap + r.lines.len, 55000 + 5);
    // no line is invented: each is whole, those missing lie together
    buffer_char(&r.lines, '\0');
    int next = 0, missing = 0;
    for (char *line = r.lines.at; *line; line = strchr(line, '\n') + 1) {
        if (strncmp(line, "fine\n", 5) == 0)
            continue;
        int n = atoi(line + 5);
        assert_true(strncmp(line, "line ", 5) == 0 && line[10] == '\n' && n >= next);
        missing += n - next;
        next = n + 1;
    }
    assert_int_equal(next, 5000);
    assert_int_equal(missing * 11, r.gap);
    assert_true(r.gap >= 8192 && r.gap <= 8192 + 22);
    buffer_clear(&r.lines);
    append("a.log", "more\n");
    reader_expect(&r, 100, "more\n");
    mark(r.tail);
    reader_close(&r);
    append("a.log", "after the restart\n");
    reader_open(&r, &polling);
    reader_add(&r, "*.log");
    reader_expect(&r, 100, "after the restart\n");
    reader_close(&r);
    buffer_free(&text);
}

static void restart_just_behind_a_bad_range_reads_nothing_again(void **state)
{
    (void)state;
    struct reader r;
    struct buffer text = {0};
    number_lines(&text, 700); // 7700 bytes
    append("a.log", text.at);
    reader_open(&r, &polling);
    reader_add(&r, "a.log");
    break_file("a.log", 4096, 8192, EIO);
    reader_drain(&r, 1500);
    assert_int_equal(r.gap + r.lines.len, 7700);
    mark(r.tail);
    reader_close(&r);
    append("a.log", "rest\nnew\n");
    reader_open(&r, &polling);
    reader_add(&r, "a.log");
    reader_drain(&r, 1500);
    assert_int_equal(tail_counts(r.tail).bookmark_invalid, 0);
    assert_int_equal(r.lines.len + r.gap, 9);
    reader_close(&r);
    buffer_free(&text);
}

static void trouble_that_passes_costs_nothing(void **state)
{
    (void)state;
    static const int errors[] = {EIO, ETIMEDOUT, ESTALE};
    struct reader r;
    append("a.log", "one\n");
    reader_open(&r, &polling);
    reader_add(&r, "a.log");
    reader_expect(&r, 50, "one\n");
    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
        break_file("a.log", 0, 1 << 20, errors[i]);
        append("a.log", "two\n");
        for (int turn = 0; turn < 20; turn++) {
            struct source *s = tail_next(r.tail, 10);
            if (s)
                reader_turn(&r, s);
        }
        assert_int_equal(r.lines.len, 0);
        bad.inode = 0;
        reader_expect(&r, 100, "two\n");
    }
    assert_true(r.gap == 0 && r.ended == 0 && r.stale == 0);
    reader_close(&r);
}

static int denied; /* 0 = nothing is */

static int deny_openat(int dir, const char *path, int flags)
{
    if (denied && !(flags & O_PATH)) {
        errno = denied;
        return -1;
    }
    return system_calls.openat(dir, path, flags);
}

static int deny_openat2(int dir, const char *path, const struct open_how *how)
{
    if (denied && strchr(path, '/') == NULL) {
        errno = denied;
        return -1;
    }
    return system_calls.openat2(dir, path, how);
}

static void permission_that_comes_later_is_used(void **state)
{
    (void)state;
    static const int errors[] = {EACCES, ENFILE};
    for (size_t i = 0; i < 2; i++) {
        struct reader r;
        append("a.log", "one\n");
        tail_sys.openat = deny_openat;
        tail_sys.openat2 = deny_openat2;
        denied = errors[i];
        reader_open(&r, &polling);
        reader_add(&r, "a.log");
        reader_expect(&r, 100, "");
        assert_int_equal(tail_counts(r.tail).refused, 1);
        denied = 0;
        reader_expect(&r, 600, "one\n");
        reader_close(&r);
        leave(state);
        enter(state);
    }
}

/* ---- inotify ------------------------------------------------------------------- */

static int no_init(int flags)
{
    (void)flags;
    errno = EMFILE;
    return -1;
}

static int no_watch(int fd, const char *path, uint32_t mask)
{
    (void)fd, (void)path, (void)mask;
    errno = ENOSPC;
    return -1;
}

static void without_inotify_files_are_polled(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct reader r;
        struct tail_options o = {0}; // the default: 250 ms then
        enter(state);
        if (i == 0)
            tail_sys.inotify_init = no_init;
        else
            tail_sys.inotify_add_watch = no_watch;
        append("a.log", "one\n");
        reader_open(&r, &o);
        reader_add(&r, "*.log");
        reader_expect(&r, 50, "one\n");
        append("a.log", "two\n");
        append("b.log", "three\n");
        reader_drain(&r, 600);
        assert_int_equal(r.lines.len, 10);
        assert_true(tail_counts(r.tail).polling);
        reader_close(&r);
        leave(state);
    }
    enter(state);
}

static int inotify_fd;
static bool overflow;

static int note_init(int flags)
{
    return inotify_fd = inotify_init1(flags);
}

/* All that was queued is gone, but for the word that it is. */
static ssize_t overflowing(int fd, void *buf, size_t size)
{
    ssize_t got = read(fd, buf, size);
    if (fd != inotify_fd || !overflow || got <= 0)
        return got;
    while (read(fd, buf, size) > 0)
        continue;
    *(struct inotify_event *)buf = (struct inotify_event){.wd = -1, .mask = IN_Q_OVERFLOW};
    overflow = false;
    return sizeof(struct inotify_event);
}

static void lost_events_make_it_look_at_everything(void **state)
{
    (void)state;
    enum { FILES = 200 };
    struct reader r;
    struct tail_options o = {.poll_ns = 60 * NS_PER_S}; // no sweep but for the overflow
    char name[32];
    tail_sys.inotify_init = note_init;
    tail_sys.read = overflowing;
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%d.log", i);
        append(name, "one\n");
    }
    reader_open(&r, &o);
    reader_add(&r, "*.log");
    reader_drain(&r, 100);
    assert_int_equal(r.lines.len, FILES * 4);
    overflow = true;
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%d.log", i);
        append(name, "two\n");
    }
    append("new.log", "new\n");
    reader_drain(&r, 300);
    assert_int_equal(r.lines.len, FILES * 8 + 4);
    reader_close(&r);
}

/* ---- a caller that cannot take its turn ------------------------------------------- */

static size_t open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void deleted_files_are_released_while_nobody_reads(void **state)
{
    (void)state;
    enum { FILES = 1000 };
    struct reader r;
    char name[32];
    reader_open(&r, &polling);
    reader_add(&r, "*.log");
    assert_int_equal(tail_begin(r.tail), 0);
    size_t base = open_descriptors();
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%d.log", i);
        append(name, "one\nand some unread\n");
    }
    for (int i = 0; i < FILES / 2; i++) // some were read in part
        reader_turn(&r, tail_next(r.tail, 1000));
    struct source *lent = tail_next(r.tail, 1000); // and here it blocks
    assert_non_null(lent);
    assert_true(open_descriptors() > base + FILES / 3);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%d.log", i);
        assert_int_equal(unlink(at(name)), 0);
    }
    for (int64_t end = clock_monotonic_ns() + NS_PER_S; clock_monotonic_ns() < end; nap_ms(5))
        tail_tend(r.tail);
    assert_true(open_descriptors() <=
                base + 1 + FILES / 2); // the lent one; those read are drained
    reader_turn(&r, lent);
    reader_drain(&r, 500);
    assert_int_equal(open_descriptors(), base);
    assert_int_equal(r.lines.len + r.gap, FILES * 20);
    assert_true(r.gap >= FILES / 3 * 20);
    assert_int_equal(r.ended, FILES);
    reader_close(&r);
}

static void renamed_files_wait_for_their_reader(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\n");
    reader_open(&r, &polling);
    reader_add(&r, "a.log");
    struct source *lent = tail_next(r.tail, 1000);
    move("a.log", "a.log.1");
    for (int64_t end = clock_monotonic_ns() + NS_PER_S / 2; clock_monotonic_ns() < end;
         nap_ms(5))
        tail_tend(r.tail);
    reader_turn(&r, lent);
    reader_expect(&r, 200, "one\n");
    assert_int_equal(r.gap, 0);
    reader_close(&r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(bad_blocks_are_one_range_and_the_lines_they_tear),
        T(restart_just_behind_a_bad_range_reads_nothing_again),
        T(trouble_that_passes_costs_nothing),
        T(permission_that_comes_later_is_used),
        T(without_inotify_files_are_polled),
        T(lost_events_make_it_look_at_everything),
        T(deleted_files_are_released_while_nobody_reads),
        T(renamed_files_wait_for_their_reader),
    };
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}

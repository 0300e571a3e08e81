/* SPDX-License-Identifier: MIT */
/* Promise: whatever happens to a file's name, each line comes exactly once and in order; with inotify and by polling alone. */

#include "room.h"

#include <pthread.h>

/* Each case is run both ways. */
static const struct tail_options ways[] = {
    {.poll_ns = 50 * NS_PER_MS, .rotate_wait_ns = 300 * NS_PER_MS},
    {.poll_ns = 20 * NS_PER_MS, .rotate_wait_ns = 300 * NS_PER_MS, .no_inotify = true},
};

static void both_ways(void **state, const char *pattern, void (*each)(struct reader *r))
{
    for (size_t i = 0; i < 2; i++) {
        struct reader r;
        room_enter(state);
        append("app.log", "one\ntwo\n");
        reader_open(&r, &ways[i]);
        reader_add(&r, pattern);
        reader_expect(&r, 60, "one\ntwo\n");
        each(&r);
        reader_close(&r);
        room_leave(state);
    }
    room_enter(state);
}

static void case_rename_create(struct reader *r)
{
    int old = open(at("app.log"), O_WRONLY | O_APPEND);
    move("app.log", "app.log.1");
    append("app.log", "new\n");
    reader_expect(r, 100, "new\n");
    assert_int_equal(write(old, "late\n", 5), 5); // the writer still has the old one
    reader_expect(r, 60, "late\n");
    close(old);
    reader_expect(r, 600, "");
    assert_int_equal(r->ended, 1);
    assert_int_equal(tail_counts(r->tail).files, 1);
    assert_int_equal(tail_counts(r->tail).rotated, 1);
}

static void rename_and_create(void **state)
{
    both_ways(state, "app.log", case_rename_create);
}

static void case_rename_unread(struct reader *r)
{
    append("app.log", "unread\n");
    move("app.log", "app.log.1");
    append("app.log", "new\n");
    move("app.log", "app.log.0");
    append("app.log", "newer\n");
    reader_drain(r, 120);
    buffer_char(&r->lines, '\0');
    assert_non_null(strstr(r->lines.at, "unread\n"));
    assert_non_null(strstr(r->lines.at, "newer\n"));
}

static void unread_bytes_of_a_renamed_file_are_read(void **state)
{
    both_ways(state, "app.log", case_rename_unread);
}

static void case_rename_within(struct reader *r)
{
    move("app.log", "app.log.1");
    append("app.log", "new\n");
    reader_expect(r, 100, "new\n");
    move("app.log.1", "app.log.2");
    move("app.log", "app.log.1");
    append("app.log", "newer\n");
    append("app.log.1", "late\n");
    reader_drain(r, 120);
    assert_int_equal(r->lines.len, strlen("newer\nlate\n"));
    buffer_clear(&r->lines);
    reader_expect(r, 600, ""); // longer than rotate_wait: they are not merely drained
    assert_int_equal(tail_counts(r->tail).files, 3);
    assert_int_equal(r->ended, 0);
    append("app.log.2", "very late\n");
    reader_expect(r, 120, "very late\n");
}

static void rename_within_the_glob_is_not_read_again(void **state)
{
    both_ways(state, "app.log*", case_rename_within);
}

/* All names were taken, the directory is old by the next look, and nothing in it changes after that. */
static void case_rename_long_before_a_look(struct reader *r)
{
    static const char *const names[] = {"app.log.3", "app.log.2", "app.log.1", "app.log"};
    for (int turn = 0; turn < 5; turn++) {
        for (size_t i = 1; i < 4; i++)
            (void)rename(at(names[i]), at(names[i - 1])); // the first ones need not be there
        append("app.log", "new\n");
        nap_ms(250);
        reader_expect(r, 150, "new\n");
    }
}

static void a_name_left_to_a_new_file_is_looked_at_however_late(void **state)
{
    both_ways(state, "app.log*", case_rename_long_before_a_look);
}

static void case_order(struct reader *r)
{
    struct buffer all = {0};
    for (int i = 0; i < 3000; i++) // several turns of the reader
        buffer_printf(&all, "unread %d\n", i);
    buffer_char(&all, '\0');
    append("app.log", all.at);
    move("app.log", "app.log.1");
    append("app.log", "new\n");
    all.len--;
    buffer_text(&all, "new\n");
    buffer_char(&all, '\0');
    reader_expect(r, 150, all.at);
    buffer_free(&all);
}

static void new_file_waits_until_the_old_one_is_drained(void **state)
{
    both_ways(state, "app.log", case_order);
}

static void case_copytruncate(struct reader *r)
{
    append("app.log", "three\n");
    reader_expect(r, 80, "three\n");
    overwrite("app.log", "");
    reader_expect(r, 80, "");
    append("app.log", "new\n");
    reader_expect(r, 80, "new\n");
    overwrite("app.log", "much longer than it was ever before\n");
    reader_expect(r, 80, "much longer than it was ever before\n");
    assert_int_equal(r->stale, 2);
    assert_int_equal(r->gap, 0);
}

static void copytruncate(void **state)
{
    both_ways(state, "app.log", case_copytruncate);
}

static void case_delete_recreate(struct reader *r)
{
    assert_int_equal(unlink(at("app.log")), 0);
    append("app.log", "new\n"); // at once: the inode cannot be the old one, it is still open
    reader_expect(r, 100, "new\n");
    assert_int_equal(unlink(at("app.log")), 0);
    reader_expect(r, 600, "");
    assert_int_equal(tail_counts(r->tail).files, 0);
    assert_int_equal(r->ended, 2);
    append("app.log", "ONE\nTWO\n"); // ext4 gives an inode that was ours
    reader_expect(r, 100, "ONE\nTWO\n");
}

static void delete_and_recreate(void **state)
{
    both_ways(state, "app.log", case_delete_recreate);
}

static void case_symlink(struct reader *r)
{
    assert_int_equal(mkdir(at("real"), 0755), 0);
    append("real/1.log", "first\n");
    append("real/2.log", "second\n");
    assert_int_equal(symlink("real/1.log", at("now.log")), 0);
    reader_add(r, "now.log");
    reader_expect(r, 100, "first\n");
    append("real/1.log", "more\n");
    reader_expect(r, 100, "more\n");
    append("real/1.log", "unread\n");
    assert_int_equal(symlink("real/2.log", at("next")), 0);
    move("next", "now.log");
    reader_drain(r, 120);
    buffer_char(&r->lines, '\0');
    assert_non_null(strstr(r->lines.at, "second\n"));
    assert_non_null(strstr(r->lines.at, "unread\n"));
    assert_int_equal(r->lines.len, 1 + strlen("second\nunread\n"));
}

static void symlink_switch(void **state)
{
    both_ways(state, "app.log", case_symlink);
}

static void case_two_names(struct reader *r)
{
    assert_int_equal(link(at("app.log"), at("hard.log")), 0);
    assert_int_equal(symlink("app.log", at("soft.log")), 0);
    reader_add(r, "app.log");
    reader_expect(r, 100, "");
    append("hard.log", "three\n");
    reader_expect(r, 100, "three\n");
    assert_int_equal(tail_counts(r->tail).files, 1);
}

static void one_file_under_several_names_is_read_once(void **state)
{
    both_ways(state, "*.log", case_two_names);
}

static void case_same_content(struct reader *r)
{
    append("app2.log", "one\ntwo\n");
    reader_expect(r, 100, "one\ntwo\n");
}

static void two_files_with_the_same_content_are_both_read(void **state)
{
    both_ways(state, "*.log", case_same_content);
}

static void case_bytes(struct reader *r)
{
    static const char text[] = "slow and\nslower\n";
    char one[2] = {0};
    for (const char *c = text; *c; c++) {
        one[0] = *c;
        append("app.log", one);
        reader_turn(r, tail_next(r->tail, 1000));
    }
    reader_expect(r, 60, text);
}

static void bytes_one_by_one_make_the_same_lines(void **state)
{
    both_ways(state, "app.log", case_bytes);
}

/* ---- a writer that rotates under our hands ------------------------------------- */

enum { LINES = 60000, ROTATE_MS = 50, KEPT = 3 };

static void rotate_files(void)
{
    char from[32], to[32];
    for (int i = KEPT; i > 0; i--) {
        snprintf(from, sizeof(from), "busy.log.%d", i - 1);
        snprintf(to, sizeof(to), "busy.log.%d", i);
        (void)rename(at(i == 1 ? "busy.log" : from), at(to));
    }
}

/* What writer and reader know of each other. */
struct pace {
    int stop, newest; /* number of the newest line that was read */
};

/* Three old files are kept: what nobody has seen yet must not be pushed out, however rarely the reader gets his turn. */
static bool is_seen(const struct pace *pace, int line)
{
    int64_t until = clock_monotonic_ns() + 20 * NS_PER_S;
    while (__atomic_load_n(&pace->newest, __ATOMIC_ACQUIRE) < line)
        if (clock_monotonic_ns() > until)
            return false;
        else
            nap_ms(1);
    return true;
}

static void *write_until_done(struct pace *pace)
{
    char line[64];
    int fd = open(at("busy.log"), O_WRONLY | O_CREAT | O_APPEND, 0644), before = 0, begun = 0;
    int64_t next = clock_monotonic_ns() + ROTATE_MS * NS_PER_MS;
    for (int i = 0; i < LINES; i++) {
        int n = snprintf(line, sizeof(line), "line %d\n", i);
        int half = i % 7 == 0 ? n / 2 : n;
        if (write(fd, line, (size_t)half) != half ||
            (half < n && write(fd, line + half, (size_t)(n - half)) != n - half))
            return pace; // says: not all was written
        if (i % 20 == 0)
            nap_ms(1);
        if (clock_monotonic_ns() < next)
            continue;
        if (!is_seen(pace, before))
            return pace;
        rotate_files();
        close(fd);
        fd = open(at("busy.log"), O_WRONLY | O_CREAT | O_APPEND, 0644);
        next = clock_monotonic_ns() + ROTATE_MS * NS_PER_MS;
        before = begun; // first line of the file that was just renamed
        begun = i + 1;
    }
    close(fd);
    return NULL;
}

static void *write_busily(void *argument)
{
    struct pace *pace = argument;
    void *trouble = write_until_done(pace);
    __atomic_store_n(&pace->stop, 1, __ATOMIC_RELEASE);
    return trouble;
}

static int newest_line(const struct buffer *lines)
{
    size_t at = lines->len;
    while (at > 1 && lines->at[at - 2] != '\n')
        at--;
    return lines->len ? atoi(lines->at + at - 1 + strlen("line ")) : 0;
}

/* Lost, or only out of its place? */
static void fail_out_of_line(const struct buffer *lines, const char *line, int expected)
{
    char wanted[40];
    snprintf(wanted, sizeof(wanted), "\nline %d\n", expected);
    const char *at = strstr(lines->at, wanted);
    fail_msg("line %d came instead of %d, which came %s", atoi(line + 5), expected,
             !at         ? "never"
             : at < line ? "before"
                         : "later");
}

static void busy(size_t way, const char *pattern)
{
    struct reader r;
    pthread_t writer;
    void *trouble;
    struct pace pace = {0};
    at("warm up the table of paths before there are two threads");
    reader_open(&r, &ways[way]);
    reader_add(&r, pattern);
    assert_int_equal(tail_begin(r.tail), 0); // what is there before that has no order
    assert_int_equal(pthread_create(&writer, NULL, write_busily, &pace), 0);
    while (!__atomic_load_n(&pace.stop, __ATOMIC_ACQUIRE)) {
        struct source *source = tail_next(r.tail, 10);
        if (source)
            reader_turn(&r, source);
        __atomic_store_n(&pace.newest, newest_line(&r.lines), __ATOMIC_RELEASE);
    }
    assert_int_equal(pthread_join(writer, &trouble), 0);
    assert_null(trouble);
    reader_drain(&r, 300);
    int expected = 0;
    buffer_char(&r.lines, '\0');
    for (char *line = r.lines.at; *line; line = strchr(line, '\n') + 1)
        if (atoi(line + 5) == expected)
            expected++;
        else
            fail_out_of_line(&r.lines, line, expected);
    assert_int_equal(expected, LINES);
    reader_close(&r);
}

static void busy_rotation_loses_and_doubles_nothing(void **state)
{
    (void)state;
    busy(0, "busy.log");
}

static void busy_rotation_within_the_glob(void **state)
{
    (void)state;
    busy(0, "busy.log*");
}

static void busy_rotation_polled_alone(void **state)
{
    (void)state;
    busy(1, "busy.log*");
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(rename_and_create),
        T(unread_bytes_of_a_renamed_file_are_read),
        T(rename_within_the_glob_is_not_read_again),
        T(a_name_left_to_a_new_file_is_looked_at_however_late),
        T(new_file_waits_until_the_old_one_is_drained),
        T(copytruncate),
        T(delete_and_recreate),
        T(symlink_switch),
        T(one_file_under_several_names_is_read_once),
        T(two_files_with_the_same_content_are_both_read),
        T(bytes_one_by_one_make_the_same_lines),
        T(busy_rotation_loses_and_doubles_nothing),
        T(busy_rotation_within_the_glob),
        T(busy_rotation_polled_alone),
    };
    return cmocka_run_group_tests_name("rotate", tests, NULL, NULL);
}

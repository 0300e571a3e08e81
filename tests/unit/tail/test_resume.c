/* SPDX-License-Identifier: MIT */
/* Promise: after a restart each file goes on where it was, by its identity and not by its name; what does not fit begins at 0. */

#include "room.h"

static struct tail_options options(void)
{
    return (struct tail_options){
        .no_inotify = true, .poll_ns = 20 * NS_PER_MS, .rotate_wait_ns = NS_PER_MS};
}

static void start(struct reader *r, const char *pattern)
{
    struct tail_options o = options();
    reader_open(r, &o);
    reader_add(r, pattern);
}

static void stop(struct reader *r)
{
    mark(r->tail);
    reader_close(r);
}

/* Run once over what is there. */
static void run(const char *pattern, const char *expected)
{
    struct reader r;
    start(&r, pattern);
    reader_expect(&r, 150, expected);
    stop(&r);
}

static void restart_goes_on_at_the_consumed_offset(void **state)
{
    (void)state;
    append("a.log", "one\ntwo\npart");
    run("a.log", "one\ntwo\n");
    append("a.log", "ial\nthree\n");
    run("a.log", "partial\nthree\n");
    run("a.log", "");
}

static void note_and_key_come_back_with_the_bookmark(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\n");
    start(&r, "a.log");
    reader_expect(&r, 60, "one\n");
    assert_int_equal(tail_note(tail_each(r.tail, NULL)), 0);
    tail_set_note(tail_each(r.tail, NULL), 17);
    stop(&r);
    start(&r, "a.log");
    assert_int_equal(tail_begin(r.tail), 0);
    assert_int_equal(tail_note(tail_each(r.tail, NULL)), 17);
    reader_close(&r);
}

static void only_what_was_marked_counts(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\n");
    start(&r, "a.log");
    reader_expect(&r, 60, "one\n");
    mark(r.tail);
    append("a.log", "two\n");
    reader_expect(&r, 60, "two\n");
    reader_close(&r); // without another mark
    run("a.log", "two\n");
}

static void renamed_while_down_goes_on_then_the_new_file_from_zero(void **state)
{
    (void)state;
    append("a.log", "one\ntwo\n");
    run("a.log", "one\ntwo\n");
    append("a.log", "three\n");
    move("a.log", "a.log.1");
    append("a.log", "new\n");
    run("a.log", "three\nnew\n");
    run("a.log", "");
}

static void cut_off_and_then_renamed_while_down_is_read_from_zero(void **state)
{
    (void)state;
    append("a.log", "one\ntwo\n");
    run("a.log", "one\ntwo\n");
    overwrite("a.log", "ONE\nTWO\nTHREE\n");
    make_old("a.log"); // its age says nothing
    move("a.log", "a.log.1");
    append("a.log", "new\n");
    run("a.log", "ONE\nTWO\nTHREE\nnew\n");
    run("a.log", "");
}

static void several_rotations_while_down_are_read_in_order(void **state)
{
    (void)state;
    append("a.log", "one\n");
    append("a.log.1", "long ago\n");
    run("a.log", "one\n");
    append("a.log", "two\n");
    char from[32], to[32], text[32];
    for (int i = 0; i < 4; i++) {
        nap_ms(20); // the age of files has the resolution of a timer tick
        for (int n = i + 1; n > 0; n--) {
            snprintf(from, sizeof(from), "a.log.%d", n);
            snprintf(to, sizeof(to), "a.log.%d", n + 1);
            move(from, to);
        }
        move("a.log", "a.log.1");
        nap_ms(20);
        snprintf(text, sizeof(text), "gen %d\n", i);
        append("a.log", text);
    }
    run("a.log", "two\ngen 0\ngen 1\ngen 2\ngen 3\n");
    run("a.log", "");
}

static void gone_while_down_is_a_gap_of_known_size(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\npart");
    run("a.log", "one\n");
    assert_int_equal(unlink(at("a.log")), 0);
    append("b", "keeps the inode from being used again");
    append("a.log", "a new file\n");
    start(&r, "a.log");
    reader_expect(&r, 100, "a new file\n");
    assert_int_equal(r.gap, 4);
    stop(&r);
}

static void inode_used_again_begins_at_zero(void **state)
{
    (void)state;
    struct stat before, after;
    append("a.log", "one\ntwo\n");
    run("a.log", "one\ntwo\n");
    assert_int_equal(stat(at("a.log"), &before), 0);
    assert_int_equal(unlink(at("a.log")), 0);
    append("a.log", "ONE\nTWO\nand more than before\n");
    assert_int_equal(stat(at("a.log"), &after), 0);
    if (before.st_ino != after.st_ino)
        print_message("the file system gave another inode: a weaker test\n");
    run("a.log", "ONE\nTWO\nand more than before\n");
}

static void truncated_below_the_offset_begins_at_zero_and_counts(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\ntwo\n");
    run("a.log", "one\ntwo\n");
    overwrite("a.log", "new\n");
    start(&r, "a.log");
    reader_expect(&r, 100, "new\n");
    assert_int_equal(tail_counts(r.tail).bookmark_invalid, 1);
    stop(&r);
    overwrite("a.log", "other, longer than it was\n");
    start(&r, "a.log");
    reader_expect(&r, 100, "other, longer than it was\n");
    assert_int_equal(tail_counts(r.tail).bookmark_invalid, 1);
    reader_close(&r);
}

static void
generations_read_before_the_stop_are_not_read_again_when_older_ones_are_gone(void **state)
{
    (void)state;
    struct reader r;
    struct tail_options o = options();
    o.rotate_wait_ns = 60 * NS_PER_S; // the rotated ones are followed still when it stops
    reader_open(&r, &o);
    reader_add(&r, "a.log");
    append("a.log", "1\n");
    reader_expect(&r, 60, "1\n");
    move("a.log", "a.log.1");
    nap_ms(1100); // bookmarks count seconds
    append("a.log", "2\n");
    reader_expect(&r, 60, "2\n");
    move("a.log.1", "a.log.2");
    move("a.log", "a.log.1");
    append("a.log", "3\n");
    reader_expect(&r, 60, "3\n");
    stop(&r);
    append("a.log", "3b\n");
    assert_int_equal(unlink(at("a.log.2")), 0); // the oldest left the house
    move("a.log.1", "a.log.3");
    move("a.log", "a.log.2");
    nap_ms(20); // files are told apart by the tick they were written in
    append("a.log.1", "4\n");
    nap_ms(20);
    append("a.log", "5\n");
    run("a.log", "3b\n4\n5\n");
}

static void bytes_unread_when_a_file_is_cut_while_nobody_looks_are_a_gap(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\nno newline, so not read yet");
    start(&r, "a.log");
    reader_expect(&r, 60, "one\n");
    stop(&r);
    overwrite("a.log", "new\n");
    start(&r, "a.log");
    reader_expect(&r, 60, "new\n");
    assert_int_equal(r.gap, strlen("no newline, so not read yet"));
    reader_close(&r);
}

static void same_head_and_other_bytes_before_the_offset_begins_at_zero(void **state)
{
    (void)state;
    struct reader r;
    char text[2200];
    memset(text, 'h', sizeof(text));
    for (size_t i = 99; i < sizeof(text); i += 100)
        text[i] = '\n';
    text[sizeof(text) - 1] = '\0';
    text[2099] = '\n';
    overwrite("a.log", text);
    start(&r, "a.log");
    reader_drain(&r, 100);
    assert_int_equal(r.lines.len, 2100);
    stop(&r);
    text[2050] = 'x'; // the head is as it was
    overwrite("a.log", text);
    append("a.log", "\n");
    start(&r, "a.log");
    reader_drain(&r, 100);
    assert_int_equal(r.lines.len, 2200);
    assert_int_equal(tail_counts(r.tail).bookmark_invalid, 1);
    reader_close(&r);
}

/* As if the machine had been started since the bookmarks were made. */
static void start_other_boot(struct reader *r, const char *pattern)
{
    struct unpacker in = {.rest = buffer_bytes(&room_book)};
    struct buffer changed = {0};
    for (struct bookmark mark; in.rest.len > 0;) {
        assert_int_equal(bookmark_unpack(&in, &mark), 0);
        mark.boot++;
        bookmark_pack(&mark, &changed);
    }
    buffer_free(&room_book);
    room_book = changed;
    start(r, pattern);
}

static void shorter_after_a_power_cut_goes_on_at_its_end(void **state)
{
    (void)state;
    struct reader r;
    struct buffer text = {0};
    for (int i = 0; i < 300; i++)
        buffer_printf(&text, "line %d\n", i);
    buffer_char(&text, '\0');
    append("a.log", text.at);
    run("a.log", text.at);
    assert_int_equal(truncate(at("a.log"), 2001), 0);
    start_other_boot(&r, "a.log");
    reader_expect(&r, 100, "");
    assert_int_equal(source_offset(tail_each(r.tail, NULL)), 2001);
    assert_int_equal(tail_serial(tail_each(r.tail, NULL)), 2);
    assert_int_equal(tail_origin(tail_each(r.tail, NULL)), 1);
    append("a.log", "new\n");
    reader_expect(&r, 100, "new\n");
    assert_int_equal(tail_counts(r.tail).bookmark_invalid, 0);
    stop(&r);
    run("a.log", "");
    buffer_free(&text);
}

static void shorter_after_a_power_cut_is_named(void **state)
{
    (void)state;
    struct reader r;
    char text[1500], buf[16];
    const char *reason = NULL;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    text[sizeof(text) - 2] = '\n';
    append("a.log", text);
    run("a.log", text);
    assert_int_equal(truncate(at("a.log"), 1100), 0);
    start_other_boot(&r, "a.log");
    struct source *s = tail_next(r.tail, 1000);
    assert_int_equal(source_read(s, buf, sizeof(buf)), 0);
    assert_int_equal(source_gap(s, &reason), 0); // all of it was read
    assert_non_null(reason);
    assert_non_null(strstr(reason, "log-regressed"));
    reader_close(&r);
}

static void other_content_after_a_power_cut_begins_at_zero(void **state)
{
    (void)state;
    struct reader r;
    char text[1500];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    text[sizeof(text) - 2] = '\n';
    append("a.log", text);
    run("a.log", text);
    text[0] = 'y';
    text[1300] = '\0';
    text[1299] = '\n';
    overwrite("a.log", text);
    start_other_boot(&r, "a.log");
    reader_expect(&r, 100, text);
    assert_int_equal(tail_counts(r.tail).bookmark_invalid, 1);
    reader_close(&r);
}

static void files_with_equal_heads_go_on_each_where_it_was(void **state)
{
    (void)state;
    struct reader r;
    char head[1200];
    memset(head, 'h', sizeof(head));
    head[sizeof(head) - 1] = '\0';
    head[sizeof(head) - 2] = '\n';
    append("a.log", head);
    append("b.log", head);
    append("b.log", "b1\n");
    start(&r, "*.log");
    reader_drain(&r, 100);
    assert_int_equal(r.lines.len, 2 * 1199 + 3);
    stop(&r);
    append("a.log", "a1\n");
    move("a.log", "c.log");
    start(&r, "*.log");
    reader_expect(&r, 100, "a1\n");
    append("b.log", "b2\n");
    reader_expect(&r, 100, "b2\n");
    stop(&r);
}

static void growing_by_one_byte_over_restarts_makes_the_same_lines(void **state)
{
    (void)state;
    static const char text[] = "slow\nand\nslower\n";
    struct buffer all = {0};
    char one[2] = {0};
    for (const char *c = text; *c; c++) {
        struct reader r;
        one[0] = *c;
        append("a.log", one);
        start(&r, "a.log");
        reader_drain(&r, 10);
        buffer_append(&all, r.lines.at, r.lines.len);
        stop(&r);
    }
    buffer_char(&all, '\0');
    assert_string_equal(all.at, text);
    buffer_free(&all);
}

static void inode_that_is_used_again_and_shorter_begins_at_zero(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\ntwo\nthree\n");
    run("a.log", "one\ntwo\nthree\n");
    assert_int_equal(unlink(at("a.log")), 0);
    append("a.log", "ONE\n");
    start(&r, "a.log");
    reader_expect(&r, 100, "ONE\n");
    stop(&r);
    run("a.log", "");
}

static void archive_stopped_before_its_first_turn_goes_on(void **state)
{
    (void)state;
    struct reader r;
    append("plain", "one\ntwo\nthree\n");
    pack_file("plain", "a.zst");
    struct tail_options o = options();
    reader_open(&r, &o);
    reader_add(&r, "*.zst");
    struct source *s = tail_next(r.tail, 1000);
    char buf[8];
    assert_int_equal(source_read(s, buf, 8), 8);
    source_consume(s, buf, 8, 8);
    stop(&r);                     // in its midst
    for (int i = 0; i < 3; i++) { // and again before it was read on
        start(&r, "*.zst");
        assert_int_equal(tail_begin(r.tail), 0);
        stop(&r);
    }
    run("*.zst", "three\n");
    run("*.zst", "");
}

static void start_at_the_end_skips_what_was_there_and_nothing_else(void **state)
{
    (void)state;
    struct reader r;
    struct tail_options o = options();
    append("a.log", "old\n");
    reader_open(&r, &o);
    reader_add_from(&r, "*.log", TAIL_END);
    reader_expect(&r, 60, "");
    append("a.log", "new\n");
    reader_expect(&r, 60, "new\n");
    append("b.log", "a new file\n");
    reader_expect(&r, 150, "a new file\n");
    stop(&r);
    move("a.log", "a.old");
    append("a.log", "rotated while down\n");
    reader_open(&r, &o);
    reader_add_from(&r, "*.log", TAIL_END);
    reader_expect(&r, 100, "rotated while down\n");
    reader_close(&r);
}

static void start_is_that_of_the_pattern_and_of_the_first_that_names_the_file(void **state)
{
    (void)state;
    struct reader r;
    struct tail_options o = options();
    append("end.log", "old\n");
    append("begin.txt", "past\n");
    append("both.log", "not this\n");
    reader_open(&r, &o);
    reader_add_from(&r, "*.log", TAIL_END);
    reader_add_from(&r, "begin.txt", TAIL_BEGIN);
    reader_add_from(&r, "both.log", TAIL_BEGIN);
    reader_expect(&r, 60, "past\n");
    append("end.log", "new\n");
    reader_expect(&r, 60, "new\n");
    stop(&r);
}

static void archive_is_read_once(void **state)
{
    (void)state;
    append("plain", "one\ntwo\n");
    pack_file("plain", "a.zst");
    run("*.zst", "one\ntwo\n");
    run("*.zst", "");
}

static void archive_of_a_file_that_was_read_is_not_read_again(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\ntwo\n");
    start(&r, "a.log*");
    reader_expect(&r, 60, "one\ntwo\n");
    move("a.log", "a.log.1");
    reader_expect(&r, 100, "");
    pack_file("a.log.1", "a.log.1.zst");
    assert_int_equal(unlink(at("a.log.1")), 0);
    append("a.log", "new\n");
    reader_expect(&r, 150, "new\n");
    stop(&r);
    run("a.log*", "");
}

static void archive_made_while_down_gives_the_rest(void **state)
{
    (void)state;
    append("a.log", "one\ntwo\n");
    run("a.log*", "one\ntwo\n");
    append("a.log", "three\n");
    pack_file("a.log", "a.log.1.zst");
    assert_int_equal(unlink(at("a.log")), 0);
    append("a.log", "new\n");
    run("a.log*", "three\nnew\n");
    run("a.log*", "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(restart_goes_on_at_the_consumed_offset),
        T(note_and_key_come_back_with_the_bookmark),
        T(only_what_was_marked_counts),
        T(renamed_while_down_goes_on_then_the_new_file_from_zero),
        T(cut_off_and_then_renamed_while_down_is_read_from_zero),
        T(several_rotations_while_down_are_read_in_order),
        T(gone_while_down_is_a_gap_of_known_size),
        T(inode_used_again_begins_at_zero),
        T(truncated_below_the_offset_begins_at_zero_and_counts),
        T(generations_read_before_the_stop_are_not_read_again_when_older_ones_are_gone),
        T(bytes_unread_when_a_file_is_cut_while_nobody_looks_are_a_gap),
        T(same_head_and_other_bytes_before_the_offset_begins_at_zero),
        T(shorter_after_a_power_cut_goes_on_at_its_end),
        T(shorter_after_a_power_cut_is_named),
        T(other_content_after_a_power_cut_begins_at_zero),
        T(files_with_equal_heads_go_on_each_where_it_was),
        T(growing_by_one_byte_over_restarts_makes_the_same_lines),
        T(inode_that_is_used_again_and_shorter_begins_at_zero),
        T(archive_stopped_before_its_first_turn_goes_on),
        T(start_at_the_end_skips_what_was_there_and_nothing_else),
        T(start_is_that_of_the_pattern_and_of_the_first_that_names_the_file),
        T(archive_is_read_once),
        T(archive_of_a_file_that_was_read_is_not_read_again),
        T(archive_made_while_down_gives_the_rest),
    };
    return cmocka_run_group_tests_name("resume", tests, NULL, NULL);
}

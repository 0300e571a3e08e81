/* SPDX-License-Identifier: MIT */
/*
 * Promise: lines over generations of a log come in the order in which one writer wrote them: of a file nothing is lent before all that
 * was written to those before it, also when one of them is empty or grows again; and no limit that this sets loses a byte.
 */

#include "room.h"
#include "tail/follow.h"

static const struct tail_options options = {
    .no_inotify = true, .poll_ns = 2 * NS_PER_MS, .rotate_wait_ns = 300 * NS_PER_MS};

static void log_opened(struct reader *r)
{
    append("app.log", "old\n");
    reader_open(r, &options);
    reader_add(r, "app.log");
    reader_expect(r, 20, "old\n");
}

/* Read until a line has come, with a buffer that holds few of them: the order shows. */
static void next_line(struct reader *r, const char *text)
{
    char buf[8];
    for (int turn = 0; turn < 200 && r->lines.len == 0; turn++) {
        struct source *s = tail_next(r->tail, 20);
        ssize_t got = s ? source_read(s, buf, sizeof(buf)) : 0;
        char *end = got > 0 ? memchr(buf, '\n', (size_t)got) : NULL;
        size_t used = end ? (size_t)(end - buf) + 1 : 0;
        buffer_append(&r->lines, buf, used);
        if (got > 0)
            source_consume(s, buf, (size_t)got, used);
    }
    buffer_char(&r->lines, '\0');
    assert_string_equal(r->lines.at, text);
    buffer_clear(&r->lines);
}

static void successor_is_never_lent_before_its_predecessor(void **state)
{
    (void)state;
    struct reader r;
    log_opened(&r);
    append("app.log", "a 1\na 2\na 3\n");
    move("app.log", "app.log.1");
    append("app.log", "b 1\nb 2\n");
    const char *order[] = {"a 1\n", "a 2\n", "a 3\n", "b 1\n", "b 2\n"};
    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
        next_line(&r, order[i]);
    reader_close(&r);
}

static void predecessor_that_grows_again_comes_first_again(void **state)
{
    (void)state;
    struct reader r;
    log_opened(&r);
    move("app.log", "app.log.1");
    append("app.log", "b 1\n");
    next_line(&r, "b 1\n");
    append("app.log.1", "a late\n"); // who held it open writes before it turns to the new one
    append("app.log", "b 2\n");
    next_line(&r, "a late\n");
    next_line(&r, "b 2\n");
    reader_close(&r);
}

static void empty_generation_hides_none_before_it(void **state)
{
    (void)state;
    struct reader r;
    log_opened(&r);
    append("app.log", "a 1\na 2\n");
    move("app.log", "app.log.2");
    append("app.log", "");
    reader_drain(&r, 0); // the empty one is known
    move("app.log", "app.log.1");
    append("app.log", "");
    nap_ms(5);
    tail_tend(r.tail);
    append("app.log.2", "a 3\na 4\n");
    append("app.log", "b 1\n");
    struct source *s = NULL;
    while ((s = tail_each(r.tail, s)) != NULL) // all want a turn, the newest first
        crowd_ready(r.tail, s->owner);
    buffer_clear(&r.lines);
    reader_expect(&r, 20, "a 3\na 4\nb 1\n");
    reader_close(&r);
}

/* ---- the parts ---------------------------------------------------------------- */

static struct followed *followed_at(struct tail *tail, const char *name)
{
    struct source *source;
    struct error error;
    assert_int_equal(source_follow(at(name), &source, &error), 0);
    struct followed *f = crowd_add(tail, source);
    assert_non_null(f);
    crowd_number(tail, f, 0);
    return f;
}

/* a ◀─ b ◀─ c, of which b is empty. */
static void three_followed(struct reader *r, struct followed *f[3])
{
    append("a", "a 1\n");
    append("b", "");
    append("c", "c 1\n");
    reader_open(r, &options);
    for (int i = 0; i < 3; i++)
        f[i] = followed_at(r->tail, (const char *[]){"a", "b", "c"}[i]);
    crowd_order(f[0], f[1]);
    crowd_order(f[1], f[2]);
}

static void read_all(struct followed *f)
{
    char buf[64];
    ssize_t got = source_read(f->source, buf, sizeof(buf));
    if (got > 0)
        source_consume(f->source, buf, (size_t)got, (size_t)got);
}

static void all_before_it_are_waited_for(void **state)
{
    (void)state;
    struct reader r;
    struct followed *f[3];
    three_followed(&r, f);
    assert_true(crowd_waits(r.tail, f[2]));
    assert_true(f[0]->ready);
    assert_true(f[2]->held);
    assert_false(crowd_waits(r.tail, f[0]));
    read_all(f[0]);
    crowd_resume(r.tail, f[0]);
    assert_true(f[2]->ready);
    assert_false(crowd_waits(r.tail, f[2]));
    append("a", "a 2\n");
    assert_true(crowd_waits(r.tail, f[2]));
    crowd_remove(r.tail, f[0]); // whoever is gone is not waited for
    assert_false(crowd_waits(r.tail, f[2]));
    reader_close(&r);
}

static void who_waits_is_readied_when_the_other_is_gone(void **state)
{
    (void)state;
    struct reader r;
    struct followed *f[3];
    three_followed(&r, f);
    assert_true(crowd_waits(r.tail, f[2]));
    crowd_remove(r.tail, f[1]); // the one in between: the order stays
    assert_ptr_equal(f[2]->after, f[0]);
    assert_true(crowd_waits(r.tail, f[2]));
    crowd_remove(r.tail, f[0]);
    assert_true(f[2]->ready);
    reader_close(&r);
}

static void limit_holds_what_was_written_before_the_look(void **state)
{
    (void)state;
    struct reader r;
    struct followed *f[3];
    char buf[64];
    three_followed(&r, f);
    read_all(f[0]);
    assert_false(crowd_waits(r.tail, f[2]));
    append("a", "a 2\n"); // after the look, and before what follows
    append("c", "c 2\n");
    assert_int_equal(source_read(f[2]->source, buf, sizeof(buf)), 4);
    source_consume(f[2]->source, buf, 4, 4);
    assert_int_equal(source_read(f[2]->source, buf, sizeof(buf)), 0);
    assert_true(crowd_waits(r.tail, f[2]));
    read_all(f[0]);
    assert_false(crowd_waits(r.tail, f[2]));
    assert_int_equal(source_read(f[2]->source, buf, sizeof(buf)), 4);
    reader_close(&r);
}

static void limit_loses_nothing_of_a_final_file(void **state)
{
    (void)state;
    struct reader r;
    struct followed *f[3];
    char buf[64];
    three_followed(&r, f);
    read_all(f[0]);
    f[2]->source->final = true;
    assert_false(crowd_waits(r.tail, f[2]));
    append("c", "c 2\n"); // behind the limit
    read_all(f[2]);
    assert_int_equal(source_read(f[2]->source, buf, sizeof(buf)), 0);
    assert_false(f[2]->source->idle); // another turn, with another limit
    assert_false(crowd_waits(r.tail, f[2]));
    assert_int_equal(source_read(f[2]->source, buf, sizeof(buf)), 4);
    source_consume(f[2]->source, buf, 4, 4);
    assert_int_equal(source_read(f[2]->source, buf, sizeof(buf)), -ENODATA);
    reader_close(&r);
}

static void predecessor_that_was_cut_off_is_not_drained(void **state)
{
    (void)state;
    struct reader r;
    struct followed *f[3];
    char buf[64];
    three_followed(&r, f);
    read_all(f[0]);
    overwrite("a", "x\n");
    assert_true(crowd_waits(r.tail, f[2]));
    assert_int_equal(source_read(f[0]->source, buf, sizeof(buf)), -ESTALE);
    assert_true(crowd_waits(r.tail, f[2]));
    read_all(f[0]);
    assert_false(crowd_waits(r.tail, f[2]));
    reader_close(&r);
}

static void predecessor_long_silent_is_let_go(void **state)
{
    (void)state;
    struct reader r;
    struct followed *f[3];
    three_followed(&r, f);
    read_all(f[0]);
    assert_false(crowd_waits(r.tail, f[2]));
    assert_ptr_equal(f[2]->after, f[1]);
    f[1]->news_ns -= NS_PER_S;
    assert_false(crowd_waits(r.tail, f[2]));
    assert_null(f[2]->after);
    assert_true(f[2]->source->limit == UINT64_MAX);
    reader_close(&r);
}

static void order_keeps_chains_and_makes_no_ring(void **state)
{
    (void)state;
    struct reader r;
    struct followed *f[3];
    three_followed(&r, f);
    append("d", "");
    struct followed *d = followed_at(r.tail, "d");
    crowd_order(f[0], d); // between a and b
    assert_ptr_equal(d->after, f[0]);
    assert_ptr_equal(f[1]->after, d);
    assert_ptr_equal(d->before, f[1]);
    crowd_order(f[2], f[0]); // that would be a ring
    assert_null(f[0]->after);
    assert_null(f[2]->before);
    reader_close(&r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(successor_is_never_lent_before_its_predecessor),
        T(predecessor_that_grows_again_comes_first_again),
        T(empty_generation_hides_none_before_it),
        T(all_before_it_are_waited_for),
        T(who_waits_is_readied_when_the_other_is_gone),
        T(limit_holds_what_was_written_before_the_look),
        T(limit_loses_nothing_of_a_final_file),
        T(predecessor_that_was_cut_off_is_not_drained),
        T(predecessor_long_silent_is_let_go),
        T(order_keeps_chains_and_makes_no_ring),
    };
    return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}

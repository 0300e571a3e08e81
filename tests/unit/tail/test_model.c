/* SPDX-License-Identifier: MIT */
/*
 * Promise: whatever happens to a log, in whatever order, while it is followed and while nobody looks: each line comes exactly once and in
 * order, and there is no gap. (It is drained before it is cut off or deleted: what nobody could have read is test_copy.c's.)
 *
 * Random sequences of steps against a model in memory. A failing one prints its seed and the shortest beginning that fails.
 * ODDLINE_LONG=1 tries many more.
 */

#include "room.h"

enum step {
    WRITE,
    PARTIAL,
    ROTATE,
    COPYTRUNCATE,
    DELETE,
    READ,
    MARK,
    RESTART,
    CRASH,
    DRAIN,
    STEPS
};

static const char letters[STEPS + 1] = "wprcdRMSKD";
/* Of 32: writing is what a log sees most. */
static const unsigned char shares[STEPS] = {11, 4, 3, 1, 1, 5, 2, 2, 2, 1};

enum { SEQUENCE = 60 };

struct model {
    struct reader r;
    bool partial;      /* the file ends in the midst of line `next` */
    int next;          /* line number */
    struct buffer log; /* of line numbers, as int */
    size_t marked;     /* how many of them are behind the bookmarks */
    int generation;
    bool
        was_cut; /* and regrown unseen, perhaps: then a size in a bookmark is the new content's */
    const char *wrong;
};

static const struct tail_options options = {
    .no_inotify = true, .poll_ns = 2 * NS_PER_MS, .rotate_wait_ns = 60 * NS_PER_S};

static void open_reader(struct model *m)
{
    reader_open(&m->r, &options);
    reader_add(&m->r, "app.log");
    assert_int_equal(tail_begin(m->r.tail), 0);
}

/* Lines that came go to the log, whole ones only. */
static void collect(struct model *m)
{
    struct buffer *lines = &m->r.lines;
    buffer_char(lines, '\0');
    for (char *at = lines->at; *at;) {
        char *end = strchr(at, '\n');
        int n = atoi(at);
        char exact[32];
        snprintf(exact, sizeof(exact), "%d is a line\n", n);
        if (!end || strncmp(at, exact, strlen(exact)) != 0 || n >= m->next)
            m->wrong = "a line that nobody wrote";
        if (m->wrong)
            break;
        buffer_append(&m->log, &n, sizeof(n));
        at = end + 1;
    }
    buffer_clear(lines);
}

/* Not by the clock alone: a machine that is busy with other things may stand still for a while. */
static void drain(struct model *m)
{
    int64_t last = clock_monotonic_ns();
    for (int fruitless = 0; fruitless < 40 || clock_monotonic_ns() - last < 12 * NS_PER_MS;) {
        size_t before = m->r.lines.len;
        struct source *s = tail_next(m->r.tail, 1);
        if (s)
            reader_turn(&m->r, s);
        fruitless = m->r.lines.len == before ? fruitless + 1 : 0;
        if (fruitless == 0)
            last = clock_monotonic_ns();
    }
    collect(m);
}

static void finish_partial(struct model *m)
{
    if (m->partial)
        append("app.log", " line\n");
    m->partial = false;
}

static void make_mark(struct model *m)
{
    mark(m->r.tail);
    m->marked = m->log.len;
}

static void restart(struct model *m)
{
    reader_close(&m->r);
    m->log.len = m->marked; // what came later was not committed: it comes again
    open_reader(m);
}

static void rename_away(struct model *m)
{
    char name[32];
    finish_partial(m);
    nap_ms(12); // files are told apart by the tick they were written in
    snprintf(name, sizeof(name), "app.log.%d", ++m->generation);
    (void)rename(at("app.log"), at(name));
    append("app.log", "");
}

static void write_line(struct model *m, bool whole)
{
    char line[32];
    if (m->partial) {
        finish_partial(m);
        return;
    }
    snprintf(line, sizeof(line), "%d is a%s", m->next++, whole ? " line\n" : "");
    append("app.log", line);
    m->partial = !whole;
}

static void cut(struct model *m, bool remove)
{
    finish_partial(m);
    drain(m);
    make_mark(m); // what is cut off cannot come again after a crash
    if (remove) {
        assert_int_equal(unlink(at("app.log")), 0);
        append("app.log", "");
    } else {
        overwrite("app.log", "");
        m->was_cut = true;
    }
}

static void take_step(struct model *m, enum step step)
{
    struct source *s;
    switch (step) {
    case WRITE:
    case PARTIAL:
        write_line(m, step == WRITE);
        break;
    case ROTATE:
        rename_away(m);
        break;
    case COPYTRUNCATE:
    case DELETE:
        cut(m, step == DELETE);
        break;
    case READ:
        s = tail_next(m->r.tail, 0);
        if (s)
            reader_turn(&m->r, s);
        collect(m);
        break;
    case MARK:
        make_mark(m);
        break;
    case RESTART:
        make_mark(m);
        restart(m);
        break;
    case CRASH:
        restart(m);
        break;
    default:
        drain(m);
    }
}

/* Each line once, and in order. */
static void judge(struct model *m)
{
    const int *came = (const int *)(const void *)m->log.at;
    int count = (int)(m->log.len / sizeof(int));
    for (int i = 0; i < count && !m->wrong; i++)
        if (came[i] != i)
            m->wrong = came[i] < i ? "a line came twice, or too late" : "a line is missing";
    if (!m->wrong && count < m->next - m->partial)
        m->wrong = "the last lines are missing";
    if (!m->wrong && m->r.gap > 0 && !m->was_cut)
        m->wrong = "a gap that nothing explains";
}

static enum step draw(unsigned *seed)
{
    int n = (int)(rand_r(seed) % 32);
    enum step step = WRITE;
    while (n >= shares[step])
        n -= shares[step++];
    return step;
}

/* Run the first `length` steps of the sequence; says what is wrong, or NULL. */
static const char *run(unsigned seed, int length, char text[SEQUENCE + 1])
{
    struct model m = {.next = 0};
    void *state = NULL;
    assert_int_equal(room_enter(&state), 0);
    append("app.log", "");
    open_reader(&m);
    make_mark(&m); // as the first commit says which files there are
    for (int i = 0; i < length && !m.wrong; i++) {
        enum step step = draw(&seed);
        text[i] = letters[step];
        text[i + 1] = '\0';
        take_step(&m, step);
    }
    drain(&m);
    judge(&m);
    reader_close(&m.r);
    buffer_free(&m.log);
    room_leave(&state);
    return m.wrong;
}

static void sequences_against_the_model(void **state)
{
    (void)state;
    int count = getenv("ODDLINE_LONG") ? 10000 : 60;
    char text[SEQUENCE + 1];
    for (unsigned seed = 1; seed <= (unsigned)count; seed++) {
        if (!run(seed, SEQUENCE, text))
            continue;
        for (int length = 1; length <= SEQUENCE; length++) {
            const char *wrong = run(seed, length, text);
            if (wrong)
                fail_msg("seed %u: %s after %s", seed, wrong, text);
        }
        fail_msg("seed %u fails sometimes only", seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sequences_against_the_model, room_enter, room_leave)};
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Promise: at a snapshot mark the crew has the states of all seats exactly as of there, however far workers have read ahead, whatever they
 * saved since and whoever was killed around it; a crew that takes them over scores on as if nothing had been. What could not be had in
 * time says that it is older.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crew_rig.h"

enum { WINDOWS = 120, MARKS = 6, CUTS = WINDOWS / MARKS, BATCHES = 12 };

static struct rig_tape honest, tape;
static struct buffer wanted[CUTS]; /* by the snapshot marks of the honest run */

struct keeper {
    struct buffer packed[CUTS];
    int next; /* kills so far */
    uint64_t seed;
};

static void keep(void *context, struct crew *crew, int window)
{
    struct keeper *keeper = context;
    struct buffer *packed = &keeper->packed[window / MARKS];
    buffer_clear(packed);
    crew_pack(crew, packed);
}

static void forget(struct keeper *keeper)
{
    for (int i = 0; i < CUTS; i++)
        buffer_free(&keeper->packed[i]);
}

static struct rig_script script_of(struct keeper *keeper)
{
    return (struct rig_script){.windows = WINDOWS,
                               .batches = BATCHES,
                               .ring_bytes = 16384,
                               .marks = MARKS,
                               .cut = keep,
                               .context = keeper};
}

static void assert_same_cuts(const struct keeper *keeper)
{
    for (int i = 0; i < CUTS; i++)
        if (!bytes_equal(buffer_bytes(&keeper->packed[i]), buffer_bytes(&wanted[i])))
            fail_msg("other states at snapshot mark %d", i);
}

static void assert_same_scores(int from)
{
    assert_int_equal(tape.counts.gaps, 0);
    for (int window = from; window < WINDOWS; window++)
        for (uint32_t seat = 0; seat < RIG_SEATS; seat++)
            if (!rig_same(&honest.takes[window][seat], &tape.takes[window][seat]))
                fail_msg("window %d, seat %u: another score", window, seat);
}

static void crew_has_the_states_of_the_mark_however_far_workers_are_ahead(void **state)
{
    (void)state;
    for (size_t turn = 0; turn < 8; turn++) {
        struct keeper keeper = {.next = 0};
        struct rig_script script = script_of(&keeper);
        script.ring_bytes = (size_t)4096 << turn % 4;
        rig_run(&script, &tape);
        assert_int_equal(tape.complaint_count, 0);
        assert_same_scores(0);
        assert_same_cuts(&keeper);
        forget(&keeper);
    }
}

/* ---- kill -9 ------------------------------------------------------------ */

static int children(int pids[3])
{
    char path[64];
    int count = 0, pid;
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (count < 3 && fscanf(file, "%d", &pid) == 1)
        pids[count++] = pid;
    fclose(file);
    return count;
}

/* A little before the judge comes to a mark, at it, or a little behind. */
static void kill_around_a_mark(void *context, struct crew *crew, int window)
{
    struct keeper *keeper = context;
    int pids[3], count, phase = window % MARKS;
    (void)crew;
    if (keeper->next >= 4 || window < 24 * keeper->next + 4 || (phase && phase != MARKS - 1))
        return;
    int64_t until = clock_monotonic_ns() + (int64_t)(drive_uniform(&keeper->seed) * 400) * 1000;
    while (clock_monotonic_ns() < until)
        ;
    if ((count = children(pids)) > 0 &&
        kill(pids[(int)(drive_uniform(&keeper->seed) * count)], SIGKILL) == 0)
        keeper->next++;
}

/* While the judge waits at a mark. */
static void kill_and_keep(void *context, struct crew *crew, int window)
{
    struct keeper *keeper = context;
    keep(context, crew, window);
    if (drive_uniform(&keeper->seed) < 0.2)
        kill_around_a_mark(context, crew, (window / MARKS + 1) * MARKS - 1);
}

static void crew_has_the_states_of_the_mark_through_kills(void **state)
{
    (void)state;
    int killed = 0;
    for (uint64_t turn = 0; killed < 60; turn++) {
        assert_true(turn < 60);
        struct keeper keeper = {.seed = turn + 3};
        struct rig_script script = script_of(&keeper);
        script.ring_bytes = (size_t)4096 << turn % 4;
        script.each = kill_around_a_mark;
        script.cut = kill_and_keep;
        rig_run(&script, &tape);
        killed += keeper.next;
        assert_same_scores(0);
        assert_same_cuts(&keeper);
        forget(&keeper);
    }
    print_message("           %d kills\n", killed);
}

/* ---- another crew ------------------------------------------------------- */

static void crew_goes_on_from_every_mark(void **state)
{
    (void)state;
    for (int cut = 0; cut < CUTS - 1; cut++) {
        struct keeper keeper = {.next = 0};
        struct rig_script script = script_of(&keeper);
        script.isolation = cut % 2 ? ISOLATION_NONE : ISOLATION_WORKERS;
        script.from = (cut + 1) * MARKS;
        script.packed = buffer_bytes(&wanted[cut]);
        rig_run(&script, &tape);
        assert_same_scores(script.from);
        for (int i = cut + 1; i < CUTS; i++)
            assert_true(bytes_equal(buffer_bytes(&keeper.packed[i]), buffer_bytes(&wanted[i])));
        forget(&keeper);
    }
}

static struct crew *packed_crew(struct bytes packed, int *ret, struct rig_tape *says)
{
    struct crew *crew;
    uint32_t seat, on = 0;
    static const char *const series[] = {"lines"};
    struct crew_options options = {
        .isolation = ISOLATION_NONE, .complain = rig_complain, .context = says};
    assert_int_equal(crew_create(&options, &crew, NULL), 0);
    struct crew_request request = {
        .plugin = rig_near[2],
        .options = {.stream = "left", .series = series, .series_count = 1},
        .on = &on};
    assert_int_equal(crew_add(crew, &request, &seat, NULL), 0);
    *ret = crew_unpack(crew, packed);
    return crew;
}

static void crew_refuses_torn_states_as_a_whole(void **state)
{
    (void)state;
    const struct buffer *good = &wanted[3];
    char *copy = malloc(good->len);
    int r;
    for (size_t i = 0; i < good->len; i += 1 + i / 64) {
        memcpy(copy, good->at, good->len);
        copy[i] = (char)(copy[i] ^ 1 << i % 8);
        crew_free(packed_crew((struct bytes){copy, good->len}, &r, &tape));
        assert_int_equal(r, -EBADMSG);
        char *cut = memcpy(malloc(i + 1), good->at, i); // its own size, so that ASan sees
        crew_free(packed_crew((struct bytes){cut, i}, &r, &tape));
        assert_int_equal(r, -EBADMSG);
        free(cut);
    }
    free(copy);
}

/* ---- older than the log ------------------------------------------------- */

static void crew_says_of_a_state_that_it_is_older_than_the_log(void **state)
{
    (void)state;
    struct keeper keeper = {.next = 0};
    struct rig_script script = script_of(&keeper);
    int r;
    script.deed = "loop";
    script.where = "save";
    script.at = "0";
    script.deadline_ns = 200 * NS_PER_MS;
    rig_run(&script, &tape);
    for (uint32_t seat = 0; seat < RIG_VILLAIN; seat++)
        rig_assert_same(&honest, &tape, seat, WINDOWS);
    memset(&tape, 0, sizeof(tape));
    struct crew *crew = packed_crew(buffer_bytes(&keeper.packed[CUTS - 1]), &r, &tape);
    assert_int_equal(r, 0);
    struct buffer again = {0};
    crew_pack(crew, &again); // not said yet: the next one must say it
    crew_say_stale(crew);
    crew_say_stale(crew);
    assert_int_equal(tape.complaint_count, 1);
    assert_int_equal(tape.complaints[0].trouble, CREW_STATE);
    assert_non_null(strstr(tape.complaints[0].text, "older than the log"));
    crew_free(crew);
    crew = packed_crew(buffer_bytes(&again), &r, &tape);
    crew_say_stale(crew);
    assert_int_equal(tape.complaint_count, 2);
    crew_free(crew);
    buffer_free(&again);
    forget(&keeper);
}

/* What is exact says nothing. */
static void crew_says_nothing_of_a_state_as_new_as_the_log(void **state)
{
    (void)state;
    int r;
    memset(&tape, 0, sizeof(tape));
    struct crew *crew = packed_crew(buffer_bytes(&wanted[5]), &r, &tape);
    assert_int_equal(r, 0);
    crew_say_stale(crew);
    assert_int_equal(tape.complaint_count, 0);
    crew_free(crew);
}

static int setup(void **state)
{
    struct keeper keeper = {.next = 0};
    struct rig_script script = script_of(&keeper);
    script.isolation = ISOLATION_NONE;
    if (rig_setup(state) < 0)
        return -1;
    rig_run(&script, &honest);
    memcpy(wanted, keeper.packed, sizeof(wanted));
    return rig_scored(&honest, RIG_VILLAIN, WINDOWS) == WINDOWS ? 0 : -1;
}

static int teardown(void **state)
{
    for (int i = 0; i < CUTS; i++)
        buffer_free(&wanted[i]);
    return rig_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crew_has_the_states_of_the_mark_however_far_workers_are_ahead),
        cmocka_unit_test(crew_has_the_states_of_the_mark_through_kills),
        cmocka_unit_test(crew_goes_on_from_every_mark),
        cmocka_unit_test(crew_refuses_torn_states_as_a_whole),
        cmocka_unit_test(crew_says_of_a_state_that_it_is_older_than_the_log),
        cmocka_unit_test(crew_says_nothing_of_a_state_as_new_as_the_log),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

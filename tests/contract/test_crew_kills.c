/* SPDX-License-Identifier: MIT */
/*
 * Promise: a worker may end at any moment, hang or dawdle: nothing is lost for the others, and what it saved goes on where it was. A
 * crew never stands still for longer than its deadlines, and leaves nothing behind.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crew_rig.h"
#include "host/jail.h"

#include <fcntl.h>
#include <sys/resource.h>

enum { WINDOWS = 240 };

static struct rig_tape honest, tape;

/* The child that runs `file`, or 0. */
static int worker_of(const char *file)
{
    char path[64], text[256];
    int found = 0, pid;
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    assert_non_null(children);
    while (!found && fscanf(children, "%d", &pid) == 1) {
        snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
        if (fd >= 0)
            close(fd);
        if (len > 0 && memmem(text, (size_t)len, file, strlen(file)))
            found = pid;
    }
    fclose(children);
    return found;
}

static void assert_others_honest(void)
{
    for (uint32_t seat = 0; seat < RIG_VILLAIN; seat++)
        rig_assert_same(&honest, &tape, seat, WINDOWS);
}

/* ---- kill -9 ------------------------------------------------------------ */

enum { KILLS = 4 }; /* of one crew: the fifth within a minute is quarantine */

struct killer {
    const char *files[3];
    int at[KILLS], signal, next, killed;
};

static void spin(uint64_t *seed)
{
    int64_t until =
        clock_monotonic_ns() + (int64_t)(drive_uniform(seed) * 300) * 1000; // within a frame
    while (clock_monotonic_ns() < until)
        ;
}

static void kill_now(void *context, struct crew *crew, int window)
{
    struct killer *killer = context;
    uint64_t seed = (uint64_t)window;
    (void)crew;
    if (killer->next >= KILLS || window != killer->at[killer->next])
        return;
    killer->next++;
    for (int i = 0; i < 3 && killer->files[i]; i++) {
        int pid = worker_of(killer->files[i]);
        spin(&seed);
        if (pid && kill(pid, killer->signal) == 0)
            killer->killed++;
    }
}

/* Moments far enough from each other that no frame is the same. */
static void choose(struct killer *killer, uint64_t *seed)
{
    enum { EACH = WINDOWS / KILLS };
    for (int i = 0; i < KILLS; i++)
        killer->at[i] = i * EACH + (int)(drive_uniform(seed) * (EACH - 30));
    killer->next = 0;
}

static void crew_scores_exactly_through_two_hundred_kills(void **state)
{
    (void)state;
    static const char *const files[] = {"villain.so", "extreme.so", "ewma.so"};
    enum { WANTED = 200 };
    uint64_t seed = 7;
    struct killer killer = {.signal = SIGKILL};
    int64_t begun = clock_monotonic_ns();
    int turns = 0;
    for (; killer.killed < WANTED && turns < WANTED; turns++) {
        memset(killer.files, 0, sizeof(killer.files));
        for (int i = 0; i < 1 + turns % 3; i++)
            killer.files[i] = files[(turns + i) % 3];
        choose(&killer, &seed);
        struct rig_script script = {
            .windows = WINDOWS, .ring_bytes = 16384, .each = kill_now, .context = &killer};
        rig_run(&script, &tape);
        for (uint32_t seat = 0; seat < RIG_SEATS; seat++)
            rig_assert_same(&honest, &tape, seat, WINDOWS);
        assert_int_equal(tape.counts.gaps, 0);
        for (int i = 0; i < tape.complaint_count; i++)
            assert_non_null(strstr(tape.complaints[i].text, "SIGKILL"));
    }
    print_message("           %d kills in %d crews, %.1f s\n", killer.killed, turns,
                  (double)(clock_monotonic_ns() - begun) / 1e9);
    assert_true(killer.killed >= WANTED);
}

/* Ctrl-C reaches the whole group; a service manager stops all of them at once. */
static void crew_works_on_when_the_group_is_told_to_end(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < 3; i++) {
        struct killer killer = {.files = {"villain.so", "extreme.so", "ewma.so"},
                                .signal = signals[i],
                                .at = {10, 60, 120, 180}};
        struct rig_script script = {.windows = WINDOWS, .each = kill_now, .context = &killer};
        rig_run(&script, &tape);
        assert_int_equal(killer.killed, 12);
        assert_int_equal(tape.complaint_count, 0);
        rig_assert_same(&honest, &tape, RIG_VILLAIN, WINDOWS);
    }
}

/* A state that is not taken: it starts cold and says so with its numbers, and nobody complains but of the kill. */
static void crew_starts_cold_what_refuses_its_state(void **state)
{
    (void)state;
    struct killer killer = {
        .files = {"villain.so"}, .signal = SIGKILL, .at = {150, -1, -1, -1}};
    struct rig_script script = {.deed = "state-refused",
                                .where = "load",
                                .windows = WINDOWS,
                                .ring_bytes = 8192,
                                .each = kill_now,
                                .context = &killer};
    rig_run(&script, &tape);
    assert_others_honest();
    assert_int_equal(tape.complaint_count, 1);
    assert_int_equal(rig_scored(&tape, RIG_VILLAIN, WINDOWS), WINDOWS);
    assert_true(tape.takes[WINDOWS - 1][RIG_VILLAIN].score.upper < WINDOWS); // fewer records
}

/* ---- frames that always crash it ---------------------------------------- */

static void crew_leaves_out_each_frame_that_crashes(void **state)
{
    (void)state;
    enum { FEW = 80 };
    struct rig_script script = {.deed = "abort",
                                .where = "score",
                                .at = "40",
                                .every = "25", // 40, 65: within the same quarter of the ring
                                .windows = FEW};
    rig_run(&script, &tape);
    for (uint32_t seat = 0; seat < RIG_VILLAIN; seat++)
        rig_assert_same(&honest, &tape, seat, FEW);
    assert_int_equal(tape.counts.gaps, 2);
    assert_int_equal(tape.complaint_count, 4);
    assert_false(tape.takes[40][RIG_VILLAIN].scored);
    assert_false(tape.takes[65][RIG_VILLAIN].scored);
}

enum { BACK_AT = 100 };

/* At this window it is back, however long that takes. */
static void await_return(void *context, struct crew *crew, int window)
{
    int64_t until = clock_monotonic_ns() + 20 * NS_PER_S;
    (void)context;
    while (window == BACK_AT && crew_report(crew, RIG_VILLAIN).quarantined) {
        crew_poll(crew);
        usleep(1000);
        assert_true(clock_monotonic_ns() < until);
    }
}

static void crew_puts_it_in_quarantine_and_takes_it_back(void **state)
{
    (void)state;
    struct rig_script script = {.deed = "abort",
                                .where = "score",
                                .at = "0",
                                .every = "8", // 0 and 8 twice, 16 once, and then 104
                                .windows = WINDOWS,
                                .each = await_return};
    rig_run(&script, &tape);
    assert_others_honest();
    int quarantines = 0;
    for (int i = 0; i < tape.complaint_count; i++)
        quarantines += strstr(tape.complaints[i].text, "too often, in quarantine for") != NULL;
    assert_in_range(quarantines, 2, 5);
    assert_non_null(strstr(tape.complaints[4].text, "in quarantine for 1s"));
    assert_true(tape.takes[15][RIG_VILLAIN].scored && !tape.takes[16][RIG_VILLAIN].scored);
    for (int i = BACK_AT; i < BACK_AT + 4; i++)
        assert_true(tape.takes[i][RIG_VILLAIN].scored);
    assert_false(tape.takes[BACK_AT + 4][RIG_VILLAIN].scored);
}

/* No window is waited for; the ring would be full for ever. */
static void crew_frees_the_ring_of_one_that_hangs_between_windows(void **state)
{
    (void)state;
    static const char *const deeds[] = {"loop", "exit0"};
    for (size_t i = 0; i < 2; i++) {
        struct rig_script script = {.deed = deeds[i],
                                    .where = "observe",
                                    .at = "5",
                                    .windows = 1,
                                    .batches = 500,
                                    .batch_bytes = 300,
                                    .ring_bytes = 8192,
                                    .deadline_ns = 300 * NS_PER_MS};
        rig_run(&script, &tape);
        for (uint32_t seat = 0; seat < RIG_VILLAIN; seat++)
            rig_assert_same(&honest, &tape, seat, 1);
        assert_int_equal(tape.complaint_count, 2);
        assert_true(tape.takes[0][RIG_VILLAIN].scored);
        assert_true(tape.takes[0][RIG_VILLAIN].score.upper == 499); // all batches but one
    }
}

static void end_villain(void *context, struct crew *crew, int window)
{
    (void)context, (void)crew;
    int pid = window == 50 ? worker_of("villain.so") : 0;
    if (pid)
        kill(pid, SIGKILL);
}

/* A fresh worker scores the old windows again, which nobody asks for, before it comes to what the ring waits for. */
static void crew_frees_the_ring_of_one_that_takes_over(void **state)
{
    (void)state;
    struct rig_script script = {.windows = 60,
                                .batches =
                                    60, // between windows the ring fills up several times
                                .ring_bytes = 4096,
                                .each = end_villain};
    rig_run(&script, &tape);
    for (uint32_t seat = 0; seat < RIG_VILLAIN; seat++)
        rig_assert_same(&honest, &tape, seat, 60);
    assert_int_equal(tape.counts.gaps, 0);
    assert_in_range(tape.complaint_count, 0, 1);
}

/* ---- too slow ----------------------------------------------------------- */

static void crew_goes_on_without_one_that_is_always_too_slow(void **state)
{
    (void)state;
    struct rig_script script = {
        .ms = "25", .windows = WINDOWS, .ring_bytes = 4096, .deadline_ns = 200 * NS_PER_MS};
    rig_run(&script, &tape);
    assert_others_honest();
    assert_true(tape.complaint_count >= 1);
    assert_non_null(strstr(tape.complaints[0].text, "too slow"));
    assert_true(tape.counts.gaps > 0);
    assert_true(rig_scored(&tape, RIG_VILLAIN, WINDOWS) > 0);
    print_message("           %d of %d windows skipped, %d complaints\n", (int)tape.counts.gaps,
                  WINDOWS, tape.complaint_count);
}

static void crew_waits_for_a_slow_one_when_told_so(void **state)
{
    (void)state;
    struct rig_script script = {.ms = "3",
                                .windows = WINDOWS,
                                .ring_bytes = 4096,
                                .deadline_ns = 200 * NS_PER_MS,
                                .never_skip = true};
    rig_run(&script, &tape);
    assert_int_equal(tape.complaint_count, 0);
    rig_assert_same(&honest, &tape, RIG_VILLAIN, WINDOWS);
}

/* ---- lies --------------------------------------------------------------- */

/*
 * Every worker is one that lies: nobody scores, each is caught until it is in quarantine, and the judge gets through; with the ring
 * full of batches between windows, too.
 */
static void crew_survives_liars(void **state)
{
    (void)state;
    enum { LIES = 7, FEW = 20 };
    for (int i = 0; i < 2 * LIES; i++) {
        char liar[256];
        snprintf(liar, sizeof(liar), BINARY_DIR "/tests/contract/liar%d", i % LIES);
        struct rig_script script = {.windows = FEW,
                                    .batches = i < LIES ? 1 : 60,
                                    .exe = liar,
                                    .deadline_ns = 100 * NS_PER_MS,
                                    .ring_bytes = 8192};
        rig_run(&script, &tape);
        print_message("           lie %d: %d complaints, %.1f s: %s\n", i % LIES,
                      tape.complaint_count, (double)tape.took_ns / 1e9,
                      tape.complaints[0].text);
        assert_int_equal(tape.counts.gaps, FEW * RIG_SEATS);
        assert_true(tape.complaint_count >= 3 && tape.took_ns < 15 * NS_PER_S);
    }
}

/* ---- start -------------------------------------------------------------- */

static void crew_goes_on_when_no_worker_can_be_started(void **state)
{
    (void)state;
    static const char *const programs[] = {BINARY_DIR "/no such program", "/bin/true"};
    for (size_t i = 0; i < 2; i++) {
        struct rig_script script = {.windows = 20, .exe = programs[i]};
        rig_run(&script, &tape);
        assert_int_equal(tape.complaint_count, 3); // one for each worker
        assert_int_equal(tape.counts.gaps, 20 * RIG_SEATS);
    }
}

/* A daemon that tails hundreds of files has all the small numbers in use, and those that workers get. */
static void crew_works_among_hundreds_of_descriptors(void **state)
{
    (void)state;
    int fds[400];
    for (size_t i = 0; i < 400; i++)
        fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (size_t hole = 190; hole < 260;
         hole += 9) { // where the descriptors of a worker come to lie
        for (size_t i = hole; i < hole + 12; i++)
            close(fds[i]);
        struct rig_script script = {.windows = 20};
        rig_run(&script, &tape);
        assert_int_equal(tape.complaint_count, 0);
        rig_assert_same(&honest, &tape, RIG_VILLAIN, 20);
        for (size_t i = hole; i < hole + 12; i++)
            fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    for (size_t i = 0; i < 400; i++)
        close(fds[i]);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void worker_is_ready_soon(void **state)
{
    (void)state;
    enum { TURNS = 21 };
    double ms[TURNS];
    for (int i = 0; i < TURNS; i++) {
        struct rig rig;
        struct rig_script script = {.windows = 1};
        int64_t begun = clock_monotonic_ns();
        rig_open(&rig, &script, &tape);
        ms[i] = (double)(clock_monotonic_ns() - begun) / 1e6 / 3; // three workers
        rig_play(&rig);
        rig_close(&rig);
    }
    qsort(ms, TURNS, sizeof(*ms), by_size);
    print_message("           a worker is ready within %.1f ms (least %.1f, most %.1f)\n",
                  ms[TURNS / 2], ms[0], ms[TURNS - 1]);
    if (jail_is_tight())                 // a sanitizer takes its time
        assert_true(ms[TURNS / 2] < 30); // the goal is 10 on a machine of its own
}

static int setup(void **state)
{
    struct rig_script script = {.isolation = ISOLATION_NONE, .windows = WINDOWS};
    if (rig_setup(state) < 0)
        return -1;
    rig_run(&script, &honest);
    return honest.complaint_count == 0 && rig_scored(&honest, 3, WINDOWS) == WINDOWS ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worker_is_ready_soon),
        cmocka_unit_test(crew_scores_exactly_through_two_hundred_kills),
        cmocka_unit_test(crew_works_on_when_the_group_is_told_to_end),
        cmocka_unit_test(crew_starts_cold_what_refuses_its_state),
        cmocka_unit_test(crew_leaves_out_each_frame_that_crashes),
        cmocka_unit_test(crew_puts_it_in_quarantine_and_takes_it_back),
        cmocka_unit_test(crew_frees_the_ring_of_one_that_hangs_between_windows),
        cmocka_unit_test(crew_frees_the_ring_of_one_that_takes_over),
        cmocka_unit_test(crew_goes_on_without_one_that_is_always_too_slow),
        cmocka_unit_test(crew_waits_for_a_slow_one_when_told_so),
        cmocka_unit_test(crew_survives_liars),
        cmocka_unit_test(crew_goes_on_when_no_worker_can_be_started),
        cmocka_unit_test(crew_works_among_hundreds_of_descriptors),
    };
    return cmocka_run_group_tests(tests, setup, rig_teardown);
}

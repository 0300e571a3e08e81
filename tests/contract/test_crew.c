/* SPDX-License-Identifier: MIT */
/*
 * Promise: whatever a stranger's detector does, the others say what they say without it, bit for bit; its own trouble is named, costs
 * it one frame, and nothing of it is left. Needs the limits of a release build.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crew_rig.h"
#include "host/jail.h"

enum { WINDOWS = 80, AT = 40 };
#define DEADLINE_NS (200 * NS_PER_MS)

static struct rig_tape honest, tape;

/* What becomes of the villain. */
enum outcome {
    GAP,    /* the frame is left out, the rest is scored on */
    CLOSED, /* the seat is closed for good */
    ALONE,  /* nothing: only its own scores are odd */
    SHUT,   /* a seat that could not be opened, twice, is not tried again */
    TIMES,  /* leaving out the frame does not help: quarantine */
};

struct crime {
    const char *deed, *where, *word;
    enum outcome outcome;
};

static const struct crime crimes[] = {
    {"segv", "score", "SIGSEGV", GAP},
    {"segv", "observe", "SIGSEGV", GAP},
    {"bus", "score", "SIGBUS", GAP},
    {"fpe", "score", "SIGFPE", GAP},
    {"fpe", "observe", "SIGFPE", GAP},
    {"abort", "score", "SIGABRT", GAP},
    {"abort", "observe", "SIGABRT", GAP},
    {"exit0", "score", "exited with 0", GAP},
    {"exit0", "observe", "exited with 0", GAP},
    {"exit1", "score", "exited with 1", GAP},
    {"exit1", "observe", "exited with 1", GAP},
    {"loop", "score", "stood still", GAP},
    {"loop", "observe", "stood still", GAP},
    {"sleep", "score", "stood still", GAP},
    {"deadlock", "score", "stood still", GAP},
    {"stop", "score", "tgkill()", GAP},
    {"fork", "score", "clone()", GAP},
    {"fork", "observe", "clone()", GAP},
    {"thread", "score", "pthread_create()", GAP},
    {"fds", "score", "dup()", GAP},
    {"stack", "score", "SIGSEGV", GAP},
    {"overflow", "score", "SIG", GAP},
    {"doublefree", "score", "SIGABRT", GAP},
    {"write-ring", "observe", "SIGSEGV", GAP},
    {"socket", "score", "socket()", GAP},
    {"open", "score", "openat()", GAP},
    {"open", "observe", "openat()", GAP},
    {"execve", "score", "execve()", GAP},
    {"ptrace", "score", "ptrace()", GAP},
    {"kill", "score", "kill()", GAP},
    {"handler", "score", "rt_sigaction()", GAP},
    {"fail", "score", "score() failed", CLOSED},
    {"fail", "observe", "observe() failed", CLOSED},
    {"nan", "score", "not finite", CLOSED},
    {"many", "score", "twice in one window", CLOSED},
    {"state-huge", "save", "at most", CLOSED},
    {"none", "open", "not today", CLOSED},
    {"print", "score", NULL, ALONE},
    {"random", "score", NULL, ALONE},
    {"huge-reason", "score", NULL, ALONE},
    {"segv", "close", "SIGSEGV", GAP},
    {"loop", "close", "stood still", GAP},
    {"segv", "open", "SIGSEGV", SHUT},
    {"exit0", "open", "exited with 0", SHUT},
    {"socket", "open", "socket()", SHUT},
    {"loop", "open", "stood still", SHUT},
    {"segv", "save", "SIGSEGV", TIMES},
    {"loop", "save", "stood still", TIMES},
    {"open", "save", "openat()", TIMES},
};

/* The villain without trouble: what it says when `left_out` (-1 = none) is not scored, or not observed. */
static void assert_own_scores(const struct crime *crime)
{
    bool observe = strcmp(crime->where, "observe") == 0;
    double sum = 0, records = 0;
    for (int i = 0; i < WINDOWS; i++) {
        const struct rig_take *take = &tape.takes[i][RIG_VILLAIN];
        bool gap = i == AT && !observe;
        records += i != AT || !observe;
        if (!gap)
            sum = sum / 2 + rig_value(i, 0);
        assert_int_equal(take->scored, !gap);
        if (!gap && (take->score.expected != sum || take->score.upper != records))
            fail_msg("window %d: %g of %g records, not %g of %g", i, take->score.expected,
                     take->score.upper, sum, records);
    }
}

static void assert_named(const struct crime *crime)
{
    for (int i = 0; i < tape.complaint_count; i++)
        if (tape.complaints[i].seat != RIG_VILLAIN)
            fail_msg("others are blamed: %s", tape.complaints[i].text);
    if (crime->word && (!tape.complaint_count || !strstr(tape.complaints[0].text, crime->word)))
        fail_msg("%s is not named: %s", crime->word, tape.complaints[0].text);
}

static void assert_outcome(const struct crime *crime)
{
    int scored = rig_scored(&tape, RIG_VILLAIN, WINDOWS);
    assert_named(crime);
    if (crime->outcome == GAP) {
        assert_own_scores(crime);
        assert_int_equal(tape.complaint_count, 2); // tries again; again, so a gap
        assert_int_equal(tape.counts.gaps, strcmp(crime->where, "observe") != 0);
    } else if (crime->outcome == CLOSED) {
        assert_int_equal(tape.complaint_count, 1);
        assert_int_equal(tape.complaints[0].trouble, CREW_SEAT);
        assert_int_equal(tape.counts.restarts, 0);
        assert_in_range(scored, 0, WINDOWS - 1);
    } else if (crime->outcome == ALONE) {
        assert_int_equal(tape.complaint_count, 0);
        assert_int_equal(scored, WINDOWS);
    } else if (crime->outcome == SHUT) {
        assert_int_equal(tape.complaint_count, 2);
        assert_non_null(strstr(tape.complaints[1].text, "closed for this stream"));
        assert_int_equal(scored, 0);
    } else {
        assert_int_equal(tape.complaint_count, 3);
        assert_non_null(strstr(tape.complaints[2].text, "quarantine"));
        assert_in_range(scored, 1, WINDOWS - 1);
    }
}

static void commit(const struct crime *crime)
{
    struct rig_script script = {.deed = crime->deed,
                                .where = crime->where,
                                .at = "40",
                                .windows = WINDOWS,
                                .ring_bytes = 16384,
                                .deadline_ns = DEADLINE_NS};
    rig_run(&script, &tape);
    print_message("           %s in %s: %d complaints, %d gaps, %.0f ms: %s\n", crime->deed,
                  crime->where, tape.complaint_count, (int)tape.counts.gaps,
                  (double)tape.took_ns / 1e6, tape.complaints[0].text);
    for (uint32_t seat = 0; seat < RIG_VILLAIN; seat++)
        rig_assert_same(&honest, &tape, seat, WINDOWS);
    assert_outcome(crime);
    assert_true(tape.took_ns < 8 * NS_PER_S);
}

static void crew_survives_every_crime(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(crimes) / sizeof(*crimes); i++)
        commit(&crimes[i]);
}

/* Ten megabytes a call, with 256 to have. */
static void crew_survives_a_leak(void **state)
{
    (void)state;
    commit(&(struct crime){"none", "score", NULL, ALONE}); // and without one
    struct rig_script script = {.deed = "leak",
                                .where = "score",
                                .windows = WINDOWS,
                                .ring_bytes = 16384,
                                .deadline_ns = 5 * NS_PER_S};
    rig_run(&script, &tape);
    for (uint32_t seat = 0; seat < RIG_VILLAIN; seat++)
        rig_assert_same(&honest, &tape, seat, WINDOWS);
    assert_true(tape.complaint_count > 0 && strstr(tape.complaints[0].text, "SIGSEGV"));
    assert_true(rig_scored(&tape, RIG_VILLAIN, WINDOWS) > WINDOWS / 2);
}

/* ---- constructors ------------------------------------------------------- */

static char refusal[512];
static int refusals;

static void note(void *context, size_t index, const char *sentence)
{
    (void)context, (void)index;
    refusals++;
    snprintf(refusal, sizeof(refusal), "%s", sentence);
}

static void crew_survives_constructors(void **state)
{
    (void)state;
    static const struct {
        const char *file, *word;
    } files[] = {{"ctor_segv", "SIGSEGV"},
                 {"ctor_exit", "exited with 0"},
                 {"ctor_loop", "hangs"},
                 {"ctor_prlimit", "prlimit64()"}};
    int fds = rig_fds();
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        char path[512];
        struct plugin *plugin;
        struct label_request request = {
            .plugins = &plugin, .count = 1, .exe = RIG_EXE, .refuse = note};
        snprintf(path, sizeof(path), BINARY_DIR "/tests/bad/%s.so", files[i].file);
        assert_int_equal(plugin_find(path, "", &plugin, NULL), 0);
        refusals = 0;
        assert_int_equal(crew_read_labels(&request, NULL), 0);
        assert_int_equal(refusals, 1);
        assert_null(plugin_label(plugin));
        if (!strstr(refusal, files[i].word) || !strstr(refusal, files[i].file))
            fail_msg("not named: %s", refusal);
        plugin_free(plugin);
    }
    rig_assert_clean(fds);
}

/* Wherever detectors run: a window that is looked at before it is over is scored as if nobody had looked. */
static void crew_learns_nothing_from_a_glance(void **state)
{
    (void)state;
    static struct rig_tape looked;
    for (int far = 0; far < 2; far++) {
        struct rig_script script = {.isolation = far ? ISOLATION_WORKERS : ISOLATION_NONE,
                                    .windows = WINDOWS,
                                    .glances = true};
        rig_run(&script, &looked);
        assert_int_equal(looked.complaint_count, 0);
        assert_int_equal(looked.counts.gaps, 0);
        for (int n = 0; n < WINDOWS; n++)
            for (uint32_t i = 0; i < RIG_VILLAIN; i++)
                assert_true(looked.takes[n][i].score.score == honest.takes[n][i].score.score);
    }
}

static int setup(void **state)
{
    struct rig_script script = {.isolation = ISOLATION_NONE, .windows = WINDOWS};
    if (!jail_is_tight() || rig_setup(state) < 0)
        return -1;
    rig_run(&script, &honest);
    return honest.complaint_count == 0 && rig_scored(&honest, 1, WINDOWS) == WINDOWS ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crew_survives_every_crime),
        cmocka_unit_test(crew_survives_a_leak),
        cmocka_unit_test(crew_survives_constructors),
        cmocka_unit_test(crew_learns_nothing_from_a_glance),
    };
    return cmocka_run_group_tests(tests, setup, rig_teardown);
}

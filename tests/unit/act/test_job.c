/* SPDX-License-Identifier: MIT */
/* The promise: a command gets its input, is heard, bounded, and ends in time with all that it started. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "act/job.h"
#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct job run(const char *command, struct bytes input, int64_t timeout_ns)
{
    struct job job = {0};
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    struct job_plan plan = {
        .argv = argv, .environment = environ, .input = input, .timeout_ns = timeout_ns};
    struct pollfd fds[JOB_FDS];
    assert_int_equal(job_start(&job, &plan, NULL), 0);
    while (!job_tend(&job, clock_monotonic_ns()))
        poll(fds, (nfds_t)job_fds(&job, fds), 10);
    return job;
}

static void job_feeds_and_hears(void **state)
{
    (void)state;
    struct job job = run("cat; echo err >&2; exit 7", bytes_of("a\n"), 5 * NS_PER_S);
    assert_int_equal(job.code, 7);
    assert_false(job.timed_out);
    assert_true(bytes_is(buffer_bytes(&job.said), "a\nerr\n"));
    job_free(&job);
}

static void job_feeds_more_than_a_pipe_holds(void **state)
{
    (void)state;
    char *much = calloc(1, 1 << 20);
    struct job job = run("wc -c | tr -d ' '", (struct bytes){much, 1 << 20}, 5 * NS_PER_S);
    assert_true(bytes_is(buffer_bytes(&job.said), "1048576\n"));
    job_free(&job);
    job = run("exit 0", (struct bytes){much, 1 << 20}, 5 * NS_PER_S); // it does not want it
    assert_int_equal(job.code, 0);
    job_free(&job);
    free(much);
}

static void job_keeps_the_beginning_of_a_flood(void **state)
{
    (void)state;
    struct job job = run("head -c 3000000 /dev/zero", bytes_of(""), 20 * NS_PER_S);
    assert_int_equal(job.said.len, JOB_SAID_MAX);
    assert_int_equal(job.code, 0);
    job_free(&job);
}

static void job_is_ended_at_its_time_out(void **state)
{
    (void)state;
    int64_t begin = clock_monotonic_ns();
    struct job job = run("sleep 60", bytes_of(""), 100 * NS_PER_MS);
    assert_true(job.timed_out && job.code == 128 + SIGTERM);
    assert_true(clock_monotonic_ns() - begin < NS_PER_S);
    job_free(&job);
    job = run("trap '' TERM; sleep 60", bytes_of(""), 100 * NS_PER_MS);
    assert_true(job.timed_out && job.killed && job.code == 128 + SIGKILL);
    job_free(&job);
}

static void what_it_started_ends_with_it(void **state)
{
    (void)state;
    struct job job =
        run("(trap '' TERM; exec sleep 60) & echo $!; sleep 60", bytes_of(""), 300 * NS_PER_MS);
    buffer_char(&job.said, '\0');
    pid_t grandchild = (pid_t)atoi(job.said.at);
    assert_true(grandchild > 1);
    int status = 0;
    assert_int_equal(waitpid(grandchild, &status, 0), grandchild);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    job_free(&job);
}

static void a_program_that_is_not_there_says_so(void **state)
{
    (void)state;
    struct job job = {0};
    const char *const argv[] = {"/nonexistent/program", NULL};
    struct job_plan plan = {.argv = argv, .environment = environ, .timeout_ns = NS_PER_S};
    assert_int_equal(job_start(&job, &plan, NULL), 0);
    while (!job_tend(&job, clock_monotonic_ns()))
        usleep(1000);
    assert_int_equal(job.code, 127);
    assert_true(
        bytes_starts_with(buffer_bytes(&job.said), "/nonexistent/program: cannot be run: "));
    job_free(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job_feeds_and_hears),
        cmocka_unit_test(job_feeds_more_than_a_pipe_holds),
        cmocka_unit_test(job_keeps_the_beginning_of_a_flood),
        cmocka_unit_test(job_is_ended_at_its_time_out),
        cmocka_unit_test(what_it_started_ends_with_it),
        cmocka_unit_test(a_program_that_is_not_there_says_so),
    };
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1); // orphans become ours, so that their end can be seen
    return cmocka_run_group_tests(tests, NULL, NULL);
}

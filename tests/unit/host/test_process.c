/* SPDX-License-Identifier: MIT */
/*
 * Promise: a worker starts with exactly its descriptors, no environment and no signal blocked or ignored; how it ends is told; whatever
 * goes wrong, no process and no descriptor is left, and nobody waits for ever.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/process.h"

#include "base/clock.h"
#include "ring/ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[256], script[300], said[300];

/* A program that can be told what to do, in place of `oddline`. */
static void program(const char *text)
{
    FILE *out = fopen(script, "we");
    assert_non_null(out);
    fprintf(out, "#!/bin/sh\n%s\n", text);
    fclose(out);
    assert_int_equal(chmod(script, 0700), 0);
}

static int fds(void)
{
    int count = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d))
        count++;
    closedir(d);
    return count;
}

static struct process start(int ring_fd)
{
    struct process p;
    struct error error = {""};
    struct process_options options = {.exe = script, .ring_fd = ring_fd};
    if (process_start(&options, &p, &error) < 0)
        fail_msg("%s", error.text);
    return p;
}

static void await_end(struct process *p, char *sentence, size_t size)
{
    int64_t until = clock_monotonic_ns() + 20 * NS_PER_S;
    while (!process_ended(p, sentence, size)) {
        assert_true(clock_monotonic_ns() < until);
        reply_wait(p->reply, p->pidfd, 100);
    }
}

/* What the program wrote to the file `said`. */
static void read_said(char *text, size_t size)
{
    FILE *in = fopen(said, "re");
    assert_non_null(in);
    size_t len = fread(text, 1, size - 1, in);
    text[len] = '\0';
    fclose(in);
}

static void run_program(const char *text, int ring_fd, char *answer, size_t size)
{
    char sentence[128], whole[1024];
    snprintf(whole, sizeof(whole), "{ %s ; } >%s", text, said);
    program(whole);
    struct process p = start(ring_fd);
    await_end(&p, sentence, sizeof(sentence));
    process_end(&p);
    assert_string_equal(sentence, "exited with 0");
    read_said(answer, size);
}

static void process_tells_how_it_ended(void **state)
{
    (void)state;
    static const struct {
        const char *program, *sentence;
    } ends[] = {{"exit 0", "exited with 0"},
                {"exit 7", "exited with 7"},
                {"kill -SEGV $$", "was ended by SIGSEGV"},
                {"kill -KILL $$", "was ended by SIGKILL"},
                {"kill -SYS $$", "made a system call that is not allowed"}};
    int before = fds();
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        char sentence[128] = "";
        program(ends[i].program);
        struct process p = start(-1);
        await_end(&p, sentence, sizeof(sentence));
        if (strncmp(sentence, ends[i].sentence, strlen(ends[i].sentence)) != 0)
            fail_msg("%s", sentence);
        assert_int_equal(process_ended(&p, sentence, sizeof(sentence)), 0); // it is told once
        process_end(&p);
        assert_int_equal(p.pid, 0);
        assert_int_equal(p.pidfd, -1);
    }
    assert_int_equal(fds(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void process_starts_with_nothing_but_its_own(void **state)
{
    (void)state;
    struct ring *ring;
    char text[4096];
    setenv("ODDLINE_SECRET", "password", 1);
    assert_int_equal(ring_create(65536, 1, &ring, NULL), 0);
    run_program("cat /proc/$$/environ; ls /proc/$$/fd | tr '\\n' ' '", ring_fd(ring), text,
                sizeof(text));
    if (strstr(text, "password") || !strstr(text, "3 4 5 6 7 "))
        fail_msg("%s", text);
    run_program("grep flags /proc/$$/fdinfo/7", ring_fd(ring), text, sizeof(text));
    assert_int_equal(strtol(strchr(text, ':') + 1, NULL, 8) & O_ACCMODE, O_RDONLY);
    run_program("echo x 2>&1 1>&7 || echo refused", ring_fd(ring), text, sizeof(text));
    assert_non_null(strstr(text, "refused"));
    ring_destroy(ring);
}

static void process_starts_with_no_signal_blocked_or_ignored(void **state)
{
    (void)state;
    char text[1024];
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    run_program("grep -E 'SigBlk|SigIgn' /proc/self/status", -1, text, sizeof(text));
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    const char *ignored = strstr(text, "SigIgn:\t");
    assert_true(ignored && strstr(text, "SigBlk:\t0000000000000000"));
    // glibc keeps two above 31 for its threads
    assert_int_equal(strtoull(ignored + 8, NULL, 16) & 0x7fffffff, 0);
}

/* More than a pipe holds, to somebody who does not read. */
static void process_does_not_wait_for_one_that_does_not_read(void **state)
{
    (void)state;
    static char much[1 << 20];
    program("exec sleep 100");
    struct process p = start(-1);
    int64_t begun = clock_monotonic_ns();
    assert_int_equal(process_brief(&p, (struct bytes){much, sizeof(much)}), -ETIMEDOUT);
    assert_true(clock_monotonic_ns() - begun < 10 * NS_PER_S);
    process_end(&p);
    program("exit 0");
    p = start(-1);
    assert_int_equal(process_brief(&p, (struct bytes){much, sizeof(much)}), -EPIPE);
    process_end(&p);
}

static void process_hands_over_a_long_briefing(void **state)
{
    (void)state;
    static char much[1 << 20];
    char sentence[128], whole[512], text[64];
    snprintf(whole, sizeof(whole), "sleep 0.1; wc -c <&3 >%s", said);
    program(whole);
    struct process p = start(-1);
    assert_int_equal(process_brief(&p, (struct bytes){much, sizeof(much)}), 0);
    await_end(&p, sentence, sizeof(sentence));
    process_end(&p);
    read_said(text, sizeof(text));
    assert_int_equal(atol(text), sizeof(much));
}

static void process_ends_one_that_stopped_itself(void **state)
{
    (void)state;
    char sentence[64];
    program("kill -STOP $$");
    struct process p = start(-1);
    usleep(100000);
    assert_int_equal(process_ended(&p, sentence, sizeof(sentence)), 0);
    process_end(&p);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void process_that_cannot_be_started_leaves_nothing(void **state)
{
    (void)state;
    int before = fds();
    struct process p = {.pid = 77};
    struct error error = {""};
    struct process_options options = {.exe = "/no such program", .ring_fd = -1};
    assert_int_equal(process_start(&options, &p, &error), -ENOENT);
    assert_string_equal(error.text, "worker: cannot be started: No such file or directory");
    options.count = 1000;
    assert_int_equal(process_start(&options, &p, &error), -E2BIG);
    assert_int_equal(p.pid, 77); // never clobbered
    assert_int_equal(fds(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Started by a parent that ignores its children: nobody knows how it ended, but that it did. */
static void process_notices_the_end_of_children_that_are_ignored(void **state)
{
    (void)state;
    char sentence[64];
    signal(SIGCHLD, SIG_IGN);
    program("sleep 0.2; exit 3");
    struct process p = start(-1);
    await_end(&p, sentence, sizeof(sentence));
    assert_string_equal(sentence, "ended");
    process_end(&p);
    program("exec sleep 100");
    p = start(-1);
    process_end(&p);
    signal(SIGCHLD, SIG_DFL);
}

static int setup(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    signal(SIGPIPE, SIG_IGN);
    snprintf(dir, sizeof(dir), "%.200s/process-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
    if (!mkdtemp(dir))
        return -1;
    snprintf(script, sizeof(script), "%s/program", dir);
    snprintf(said, sizeof(said), "%s/said", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(script);
    unlink(said);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process_tells_how_it_ended),
        cmocka_unit_test(process_starts_with_nothing_but_its_own),
        cmocka_unit_test(process_starts_with_no_signal_blocked_or_ignored),
        cmocka_unit_test(process_does_not_wait_for_one_that_does_not_read),
        cmocka_unit_test(process_hands_over_a_long_briefing),
        cmocka_unit_test(process_ends_one_that_stopped_itself),
        cmocka_unit_test(process_that_cannot_be_started_leaves_nothing),
        cmocka_unit_test(process_notices_the_end_of_children_that_are_ignored),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: MIT */
/*
 * Promise: a process in the jail has its own descriptors and no others, may do what it needs, and is ended by anything else, with the
 * system call named. Filters and the limit of memory exist only without a sanitizer; the rest holds in every build.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Lives in shared memory, where the jailed process leaves it. */
static uint32_t *denied;
static int kept;

enum { INNER = 1, LOCKED = 2 };

/* Runs `deed` in a child behind one door or two; its wait status. */
static int in_jail(int doors, int (*deed)(void))
{
    *denied = 0;
    pid_t child = fork();
    if (child == 0) {
        struct jail_options options = {.keep = &kept, .keep_count = 1, .ret_denied = denied};
        alarm(20);
        if (jail_limit(&options, NULL) < 0)
            _exit(90);
        if (doors == LOCKED && jail_lock(&kept, 1, NULL) < 0)
            _exit(91);
        _exit(deed());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* ---- what holds in every build ------------------------------------------ */

static int count_descriptors(void)
{
    int open_ones = 0;
    for (int fd = 3; fd < 1024; fd++)
        open_ones += fcntl(fd, F_GETFD) >= 0;
    return open_ones;
}

static int look_at_limits(void)
{
    struct rlimit limit;
    static const int none[] = {RLIMIT_CORE, RLIMIT_FSIZE};
    for (size_t i = 0; i < 2; i++)
        if (getrlimit(none[i], &limit) < 0 || limit.rlim_max != 0)
            return 1;
    if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_max > 8 << 20)
        return 2;
    return getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max > 128 ? 3 : 0;
}

static int look_at_attributes(void)
{
    int signal_number = 0;
    if (prctl(PR_GET_PDEATHSIG, &signal_number) < 0 || signal_number != SIGKILL)
        return 1;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
}

static void jail_limits_what_a_constructor_may_use(void **state)
{
    (void)state;
    assert_int_equal(in_jail(INNER, look_at_limits), 0);
    assert_int_equal(in_jail(INNER, look_at_attributes), 0);
}

static int count_what_is_left(void)
{
    char byte;
    if (read(STDIN_FILENO, &byte, 1) != 0 || write(STDERR_FILENO, "x", 1) != 1)
        return 50;                                    // they are /dev/null
    return jail_is_tight() ? 1 : count_descriptors(); // fcntl() is not allowed behind a filter
}

static void jail_closes_all_descriptors_but_its_own(void **state)
{
    (void)state;
    int other = open("/dev/zero", O_RDONLY); // without close-on-exec
    assert_true(other >= 0);
    assert_int_equal(WEXITSTATUS(in_jail(INNER, count_what_is_left)), 1);
    close(other);
}

static int work(void)
{
    uint64_t one = 1, rung = 0;
    char *room = malloc(8 << 20);
    if (!room)
        return 1;
    memset(room, 1, 8 << 20);
    room = realloc(room, 16 << 20);
    free(room);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
    signal(SIGUSR1, SIG_IGN);
    if (write(kept, &one, 8) != 8 || read(kept, &rung, 8) != 8 || rung != 1)
        return 2;
    return write(STDERR_FILENO, "x", 1) == 1 ? 0 : 3;
}

static void jail_lets_a_detector_work(void **state)
{
    (void)state;
    assert_int_equal(in_jail(LOCKED, work), 0);
}

static int give_up(void)
{
    abort();
}

static void jail_lets_a_program_abort(void **state)
{
    (void)state;
    int status = in_jail(LOCKED, give_up);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- filters ------------------------------------------------------------ */

static int do_openat(void)
{
    return open("/dev/null", O_RDONLY) < 0;
}
static int do_create(void)
{
    return open("/tmp/oddline-jail-never", O_RDWR | O_CREAT, 0600) < 0;
}
static int do_truncate(void)
{
    return open("/dev/null", O_RDONLY | O_TRUNC) < 0;
}
static int do_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}
static int do_fork(void)
{
    return fork() < 0;
}
static int do_execve(void)
{
    char *const none[] = {NULL};
    return execve("/bin/true", none, none);
}
static int do_kill(void)
{
    return kill(getpid(), SIGSTOP);
}
static int do_raise(void)
{
    return raise(SIGSTOP);
}
static int do_prlimit(void)
{
    struct rlimit limit = {1, 1};
    return prlimit(1, RLIMIT_CPU, &limit, NULL);
}
static int do_own_limit(void)
{
    struct rlimit limit = {1 << 20, 1 << 20};
    return setrlimit(RLIMIT_FSIZE, &limit);
}
static int do_outlive(void)
{
    return prctl(PR_SET_PDEATHSIG, 0);
}
static int do_block(void)
{
    int off = 0;
    return ioctl(kept, FIONBIO, &off);
}
static int do_fcntl(void)
{
    return fcntl(kept, F_SETFL, 0);
}
static int do_handler(void)
{
    return signal(SIGSYS, SIG_IGN) == SIG_ERR;
}
static int do_dup(void)
{
    return dup(kept) < 0;
}
static int do_other_fd(void)
{
    return read(7, denied, 0) < 0;
}
static int do_mmap_exec(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
}
static int do_mmap_file(void)
{
    return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, kept, 0) == MAP_FAILED;
}
static int do_mprotect_exec(void)
{
    void *room = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(room, 4096, PROT_READ | PROT_EXEC);
}

static void jail_ends_what_is_not_allowed_and_names_it(void **state)
{
    (void)state;
    static const struct {
        int (*deed)(void);
        int doors, number; /* -1 = what is called differs */
    } deeds[] = {
        {do_openat, LOCKED, SYS_openat},
        {do_create, INNER, SYS_openat},
        {do_truncate, INNER, SYS_openat},
        {do_socket, INNER, SYS_socket},
        {do_socket, LOCKED, SYS_socket},
        {do_fork, INNER, -1},
        {do_fork, LOCKED, -1},
        {do_execve, INNER, SYS_execve},
        {do_execve, LOCKED, SYS_execve},
        {do_kill, INNER, SYS_kill},
        {do_kill, LOCKED, SYS_kill},
        {do_raise, INNER, SYS_tgkill},
        {do_raise, LOCKED, SYS_tgkill},
        {do_prlimit, INNER, SYS_prlimit64},
        {do_prlimit, LOCKED, SYS_prlimit64},
        {do_own_limit, INNER, SYS_prlimit64},
        {do_outlive, INNER, SYS_prctl},
        {do_outlive, LOCKED, SYS_prctl},
        {do_block, INNER, SYS_ioctl},
        {do_block, LOCKED, SYS_ioctl},
        {do_fcntl, INNER, SYS_fcntl},
        {do_handler, INNER, SYS_rt_sigaction},
        {do_handler, LOCKED, SYS_rt_sigaction},
        {do_dup, INNER, SYS_dup},
        {do_other_fd, LOCKED, SYS_read},
        {do_mmap_exec, LOCKED, SYS_mmap},
        {do_mmap_file, LOCKED, SYS_mmap},
        {do_mprotect_exec, LOCKED, SYS_mprotect},
    };
    for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds) && jail_is_tight(); i++) {
        int status = in_jail(deeds[i].doors, deeds[i].deed);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("deed %zu is allowed: status %#x", i, status);
        if (deeds[i].number >= 0 && *denied != (uint32_t)deeds[i].number + 1)
            fail_msg("deed %zu is named %d", i, (int)*denied - 1);
    }
}

static int take_too_much(void)
{
    enum { PART = 16 << 20 };
    for (int i = 0; i < 17; i++) // 272 MiB
        if (mmap(NULL, PART, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
            MAP_FAILED)
            return i >= 14 ? 0 : 1;
    return 2;
}

static void jail_limits_memory(void **state)
{
    (void)state;
    if (jail_is_tight())
        assert_int_equal(in_jail(LOCKED, take_too_much), 0);
}

static int setup(void **state)
{
    (void)state;
    denied = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    kept = eventfd(0, 0);
    return denied == MAP_FAILED || kept < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jail_limits_what_a_constructor_may_use),
        cmocka_unit_test(jail_closes_all_descriptors_but_its_own),
        cmocka_unit_test(jail_lets_a_detector_work),
        cmocka_unit_test(jail_lets_a_program_abort),
        cmocka_unit_test(jail_ends_what_is_not_allowed_and_names_it),
        cmocka_unit_test(jail_limits_memory),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

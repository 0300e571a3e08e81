/* SPDX-License-Identifier: MIT */

#include "host/jail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                     \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { MEMORY_DEFAULT = 256 << 20, STACK_BYTES = 8 << 20, FILES_MAX = 128 };

// Written by the signal handler only, set before the first filter.
static uint32_t *denied;

bool jail_is_tight(void)
{
    return !SANITIZED;
}

/* ---- limits ------------------------------------------------------------- */

static int set_limit(int resource, rlim_t value)
{
    struct rlimit limit = {value, value};
    return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

/* Bytes of address space in use now. */
static size_t mapped_bytes(void)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm && fscanf(statm, "%lu", &pages) != 1)
        pages = 0;
    if (statm)
        fclose(statm);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static int limit_resources(const struct jail_options *options)
{
    size_t memory = options->memory_bytes ? options->memory_bytes : MEMORY_DEFAULT,
           mapped = mapped_bytes();
    int r = set_limit(RLIMIT_CORE, 0);
    if (r == 0)
        r = set_limit(RLIMIT_FSIZE, 0);
    if (r == 0)
        r = set_limit(RLIMIT_STACK, STACK_BYTES);
    if (r == 0)
        r = set_limit(RLIMIT_NOFILE, FILES_MAX); // those that are kept are below
    if (r == 0 && !SANITIZED && mapped)
        r = set_limit(RLIMIT_AS, mapped + memory);
    return r;
}

/* ---- descriptors -------------------------------------------------------- */

static bool is_kept(const struct jail_options *options, int fd)
{
    for (size_t i = 0; i < options->keep_count; i++)
        if (options->keep[i] == fd)
            return true;
    return false;
}

static int close_others(const struct jail_options *options)
{
    DIR *fds = opendir("/proc/self/fd");
    if (!fds)
        return -errno;
    for (struct dirent *entry; (entry = readdir(fds));) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd > STDERR_FILENO && fd != dirfd(fds) &&
            !is_kept(options, fd))
            close(fd);
    }
    closedir(fds);
    int null = options->keep_stdio ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
        if (dup2(null, fd) < 0)
            return -errno;
    if (null > STDERR_FILENO)
        close(null);
    return 0;
}

// The macros of <seccomp.h> leave out members that are zero.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* ---- filters ------------------------------------------------------------ */

/* The kernel stopped a system call: leave its number where the core finds it, and die of the signal that says so. */
static void on_denied(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (denied)
        *denied = (uint32_t)info->si_syscall + 1; // 0 is "none"
    raise(
        number); // the handler returns first: SIGSYS is blocked inside it, and then has no handler any more
}

static int catch_denied(uint32_t *where)
{
    struct sigaction action = {.sa_sigaction = on_denied,
                               .sa_flags = SA_SIGINFO | SA_RESETHAND};
    denied = where;
    return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}

/* What any C program does without asking: memory, locks, its own signals, the end. */
static const int always[] = {
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(sched_yield),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(getcpu),
    SCMP_SYS(sysinfo),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll), // to sleep until the doorbell rings
};
/* What the dynamic linker does besides. Files are opened for reading only. */
static const int linker[] = {
    SCMP_SYS(read),       SCMP_SYS(pread64),   SCMP_SYS(close),    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat), SCMP_SYS(mmap),      SCMP_SYS(mprotect), SCMP_SYS(lseek),
    SCMP_SYS(access),     SCMP_SYS(faccessat), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64), SCMP_SYS(write),     SCMP_SYS(writev),   SCMP_SYS(seccomp),
    SCMP_SYS(statx),
};

static int allow_all(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return r;
}

/* abort() ends in tgkill() to itself; so does raise() in on_denied(). No other signal. */
static int allow_own_end(scmp_filter_ctx filter)
{
    static const int signals[] = {SIGABRT, SIGSYS};
    int r = 0;
    for (size_t i = 0; i < 2 && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()),
                             SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)signals[i]));
    return r;
}

/* Its own handlers, but not the one that tells what was denied. */
static int allow_handlers(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), 1,
                            SCMP_A0(SCMP_CMP_NE, SIGSYS));
}

/*
 * Calls that the linker makes in one harmless form. In others a constructor could make our doorbells block, outlive us, or change
 * the limits of the core, which has the same user.
 */
static int allow_harmless(scmp_filter_ctx filter)
{
    int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                             SCMP_A1(SCMP_CMP_EQ, TCGETS));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                             SCMP_A0(SCMP_CMP_NE, PR_SET_PDEATHSIG));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
                             SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
    if (r == 0)
        r = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
            SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
    return r;
}

static int apply(scmp_filter_ctx filter, int r)
{
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    return r;
}

static int first_filter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    if (!filter)
        return -ENOMEM;
    int r = allow_all(filter, always, sizeof(always) / sizeof(*always));
    if (r == 0)
        r = allow_all(filter, linker, sizeof(linker) / sizeof(*linker));
    if (r == 0)
        r = allow_own_end(filter);
    if (r == 0)
        r = allow_handlers(filter);
    if (r == 0)
        r = allow_harmless(filter);
    return apply(filter, r);
}

static int second_filter(const int *use, size_t use_count)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    if (!filter)
        return -ENOMEM;
    int r = allow_all(filter, always, sizeof(always) / sizeof(*always));
    if (r == 0)
        r = allow_own_end(filter);
    if (r == 0)
        r = allow_handlers(filter);
    // Memory, but none that can be executed, and no file in it.
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                             SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    // A program that finds its heap or stack spoilt says so before it aborts; /dev/null listens.
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && r == 0; fd++) {
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
        if (r == 0)
            r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(writev), 1,
                                 SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
    }
    for (size_t i = 0; i < use_count && r == 0; i++) {
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)use[i]));
        if (r == 0)
            r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                                 SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)use[i]));
    }
    return apply(filter, r);
}

/* ---- the two doors ------------------------------------------------------ */

int jail_limit(const struct jail_options *options, struct error *reterr)
{
    int r = close_others(options);
    if (r == 0 &&
        (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0))
        r = -errno;
    if (r == 0)
        r = limit_resources(options);
    if (r == 0)
        r = catch_denied(options->ret_denied);
    if (r == 0 && !SANITIZED)
        r = first_filter();
    return r < 0 ? error_set(reterr, r, "worker: cannot be locked in: %s", strerror(-r)) : 0;
}

int jail_lock(const int *use, size_t use_count, struct error *reterr)
{
    // Not before: /proc/self/fd, from which the plugin is loaded, belongs to root in a process that cannot be dumped.
    int r = prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
    if (r == 0 && !SANITIZED)
        r = second_filter(use, use_count);
    return r < 0 ? error_set(reterr, r, "worker: cannot be locked in: %s", strerror(-r)) : 0;
}

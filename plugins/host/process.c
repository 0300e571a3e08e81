/* SPDX-License-Identifier: MIT */

#include "host/process.h"

#include "base/clock.h"
#include "base/memory.h"
#include "host/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- start -------------------------------------------------------------- */

/* The same memory, for reading only: a mapping of it can never become writable. */
static int open_readonly(int fd)
{
    char path[64];
    if (fd < 0)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

enum {
    FDS_MAX = WORKER_PLUGIN_FD - WORKER_BRIEF_FD + WORKER_PLUGINS_MAX,
    BRIEF_MS = 5000, /* to take the whole briefing */
};

/*
 * A descriptor may already have the number that another is to get, so all are first doubled above the places they go to;
 * dup2() clears close-on-exec there. The originals stay: -errno leaves -1 in those that were not doubled.
 */
static int double_fds(int *fds, size_t count)
{
    int r = 0;
    for (size_t i = 0; i < count; i++) {
        fds[i] = r < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, WORKER_BRIEF_FD + (int)count);
        if (fds[i] < 0 && r == 0)
            r = -errno;
    }
    return r;
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Whatever this thread blocks or ignores is no business of the worker's. */
static int plan_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const struct process_options *options, const int *fds, size_t count,
                 int *ret_pid)
{
    const char *argv[WORKER_PLUGINS_MAX + 3] = {"oddline", "worker"};
    char *const no_environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    for (size_t i = 0; i < options->count; i++)
        argv[i + 2] = plugin_path(options->plugins[i]);
    posix_spawn_file_actions_init(&actions); // neither can fail in glibc and musl
    posix_spawnattr_init(&attributes);
    int r = plan_signals(&attributes);
    for (size_t i = 0; i < count && r == 0; i++)
        r = posix_spawn_file_actions_adddup2(&actions, fds[i], WORKER_BRIEF_FD + (int)i);
    if (r == 0)
        r = posix_spawn(ret_pid, options->exe ? options->exe : "/proc/self/exe", &actions,
                        &attributes, (char *const *)(uintptr_t)argv, no_environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static int start(const struct process_options *options, struct process *p, int *ret_far)
{
    const size_t count = (size_t)(WORKER_PLUGIN_FD - WORKER_BRIEF_FD) + options->count;
    int pipe_fds[2], fds[FDS_MAX];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return -errno;
    *ret_far = pipe_fds[0];
    p->brief = pipe_fds[1];
    // Our end only: a worker that does not read must not stop us.
    if (fcntl(p->brief, F_SETFL, O_WRONLY | O_NONBLOCK) < 0)
        return -errno;
    int ring = open_readonly(options->ring_fd), r = ring < 0 ? -errno : 0;
    fds[0] = pipe_fds[0];
    fds[WORKER_REPLY_FD - WORKER_BRIEF_FD] = reply_fd(p->reply);
    fds[WORKER_WAKE_FD - WORKER_BRIEF_FD] = reply_wake_fd(p->reply);
    fds[WORKER_BELL_FD - WORKER_BRIEF_FD] = reply_bell_fd(p->reply);
    fds[WORKER_RING_FD - WORKER_BRIEF_FD] = ring;
    for (size_t i = 0; i < options->count; i++)
        fds[(size_t)(WORKER_PLUGIN_FD - WORKER_BRIEF_FD) + i] = options->plugins[i]->fd;
    if (r == 0) {
        r = double_fds(fds, count);
        if (r == 0)
            r = spawn(options, fds, count, &p->pid);
        close_all(fds, count);
    }
    if (ring >= 0)
        close(ring);
    if (r == 0) {
        p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
        r = p->pidfd < 0 ? -errno : 0;
        if (r == -ESRCH)
            p->pid = 0; // SIGCHLD is ignored and it is over: the number may be another's by now
    }
    return r;
}

int process_start(const struct process_options *options, struct process *ret,
                  struct error *reterr)
{
    struct process p = {.pidfd = -1, .brief = -1};
    int far = -1;
    if (options->count > WORKER_PLUGINS_MAX)
        return error_set(reterr, -E2BIG, "worker: %zu files are too many for one; at most %d",
                         options->count, WORKER_PLUGINS_MAX);
    int r = reply_create(&p.reply, reterr);
    if (r < 0)
        return r;
    r = start(options, &p, &far);
    if (far >= 0)
        close(far);
    if (r == -ENOMEM)
        memory_gone(); // going on without the worker would lose what it knew
    if (r < 0) {
        process_end(&p);
        return error_set(reterr, r, "worker: cannot be started: %s", strerror(-r));
    }
    *ret = p;
    return 0;
}

/* Until the pipe has room, the worker is gone, or the time is over. */
static int await_room(const struct process *p, int64_t until_ns)
{
    struct pollfd fds[2] = {{.fd = p->brief, .events = POLLOUT},
                            {.fd = p->pidfd, .events = POLLIN}};
    int64_t left = until_ns - clock_monotonic_ns();
    if (left <= 0)
        return -ETIMEDOUT;
    poll(fds, 2, (int)(left / NS_PER_MS) + 1);
    return fds[1].revents ? -EPIPE : 0;
}

int process_brief(struct process *p, struct bytes packed)
{
    int64_t until = clock_monotonic_ns() + BRIEF_MS * NS_PER_MS;
    int r = 0;
    while (packed.len && r == 0) {
        ssize_t n =
            write(p->brief, packed.at, packed.len); // SIGPIPE is ignored by the whole program
        if (n > 0)
            packed = (struct bytes){packed.at + n, packed.len - (size_t)n};
        else if (n < 0 && errno == EAGAIN)
            r = await_room(p, until);
        else if (n < 0 && errno != EINTR)
            r = -errno;
    }
    close(p->brief);
    p->brief = -1;
    return r;
}

/* ---- the end ------------------------------------------------------------ */

static void tell_signal(const struct process *p, int number, char *sentence, size_t size)
{
    int denied = reply_denied(p->reply);
    char *name = number == SIGSYS && denied >= 0
                     ? seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, denied)
                     : NULL;
    const char *abbreviation = sigabbrev_np(number);
    if (number == SIGSYS && name)
        snprintf(sentence, size, "made a system call that is not allowed: %s()", name);
    else if (number == SIGSYS) // nobody could tell us
        snprintf(sentence, size,
                 "made a system call that is not allowed with signals blocked, as "
                 "pthread_create() does");
    else
        snprintf(sentence, size, "was ended by SIG%s", abbreviation ? abbreviation : "?");
    free(name);
}

int process_ended(struct process *p, char *sentence, size_t size)
{
    int status = 0;
    pid_t over = p->pid == 0 ? 0 : waitpid(p->pid, &status, WNOHANG);
    if (over == 0 || (over < 0 && errno != ECHILD))
        return 0;
    p->pid = 0;
    if (over < 0) // whoever started us has SIGCHLD ignored: nobody knows how it ended
        snprintf(sentence, size, "ended");
    else if (WIFSIGNALED(status))
        tell_signal(p, WTERMSIG(status), sentence, size);
    else
        snprintf(sentence, size, "exited with %d", WEXITSTATUS(status));
    return 1;
}

void process_end(struct process *p)
{
    if (p->pid) {
        if (p->pidfd < 0 || syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0) < 0)
            kill(p->pid, SIGKILL); // our child, not reaped: the number is still its own
        while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (p->pidfd >= 0)
        close(p->pidfd);
    if (p->brief >= 0)
        close(p->brief);
    reply_close(p->reply);
    *p = (struct process){.pidfd = -1, .brief = -1};
}

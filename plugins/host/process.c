/* SPDX-License-Identifier: MIT */

#include "host/process.h"

#include "host/worker.h"

#include <errno.h>
#include <fcntl.h>
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

/*
 * A descriptor may already have the number that another is to get, so all are first moved above FD_MOVE, then down to their
 * places; dup2() clears close-on-exec there.
 */
enum { FD_MOVE = 200, FDS_MAX = WORKER_PLUGIN_FD - WORKER_BRIEF_FD + WORKER_PLUGINS_MAX };

static int plan_fds(posix_spawn_file_actions_t *actions, const int *fds, size_t count)
{
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++)
        r = posix_spawn_file_actions_adddup2(actions, fds[i], FD_MOVE + (int)i);
    for (size_t i = 0; i < count && r == 0; i++)
        r = posix_spawn_file_actions_adddup2(actions, FD_MOVE + (int)i,
                                             WORKER_BRIEF_FD + (int)i);
    for (size_t i = 0; i < count && r == 0; i++)
        r = posix_spawn_file_actions_addclose(actions, FD_MOVE + (int)i);
    return r;
}

static int spawn(const struct process_options *options, const int *fds, size_t count,
                 int *ret_pid)
{
    const char *argv[WORKER_PLUGINS_MAX + 3] = {"oddline", "worker"};
    char *const no_environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    for (size_t i = 0; i < options->count; i++)
        argv[i + 2] = plugin_path(options->plugins[i]);
    int r = posix_spawn_file_actions_init(&actions);
    if (r == 0)
        r = plan_fds(&actions, fds, count);
    if (r == 0)
        r = posix_spawn(ret_pid, options->exe ? options->exe : "/proc/self/exe", &actions, NULL,
                        (char *const *)(uintptr_t)argv, no_environment);
    posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static int start(const struct process_options *options, struct process *p, int *ret_far)
{
    int pipe_fds[2], fds[FDS_MAX];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return -errno;
    *ret_far = pipe_fds[0];
    p->brief = pipe_fds[1];
    int ring = open_readonly(options->ring_fd), r = ring < 0 ? -errno : 0;
    fds[0] = pipe_fds[0];
    fds[WORKER_REPLY_FD - WORKER_BRIEF_FD] = reply_fd(p->reply);
    fds[WORKER_WAKE_FD - WORKER_BRIEF_FD] = reply_wake_fd(p->reply);
    fds[WORKER_BELL_FD - WORKER_BRIEF_FD] = reply_bell_fd(p->reply);
    fds[WORKER_RING_FD - WORKER_BRIEF_FD] = ring;
    for (size_t i = 0; i < options->count; i++)
        fds[(size_t)(WORKER_PLUGIN_FD - WORKER_BRIEF_FD) + i] = options->plugins[i]->fd;
    if (r == 0)
        r = spawn(options, fds, (size_t)(WORKER_PLUGIN_FD - WORKER_BRIEF_FD) + options->count,
                  &p->pid);
    if (ring >= 0)
        close(ring);
    if (r == 0) {
        p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
        r = p->pidfd < 0 ? -errno : 0;
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
    if (r < 0) {
        process_end(&p);
        return error_set(reterr, r, "worker: cannot be started: %s", strerror(-r));
    }
    *ret = p;
    return 0;
}

int process_brief(struct process *p, struct bytes packed)
{
    int r = 0;
    while (packed.len && r == 0) {
        ssize_t n =
            write(p->brief, packed.at, packed.len); // SIGPIPE is ignored by the whole program
        if (n < 0 && errno != EINTR)
            r = -errno;
        if (n > 0)
            packed = (struct bytes){packed.at + n, packed.len - (size_t)n};
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
    if (number == SIGSYS)
        snprintf(sentence, size, "made a system call that is not allowed: %s()",
                 name ? name : "unknown");
    else
        snprintf(sentence, size, "was ended by SIG%s", abbreviation ? abbreviation : "?");
    free(name);
}

int process_ended(struct process *p, char *sentence, size_t size)
{
    int status;
    if (p->pid == 0 || waitpid(p->pid, &status, WNOHANG) != p->pid)
        return 0;
    p->pid = 0;
    if (WIFSIGNALED(status))
        tell_signal(p, WTERMSIG(status), sentence, size);
    else
        snprintf(sentence, size, "exited with %d", WEXITSTATUS(status));
    return 1;
}

void process_end(struct process *p)
{
    if (p->pid) {
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

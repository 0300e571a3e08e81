/* SPDX-License-Identifier: MIT */

#include "command/gate_hook.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ASK_MS = 20 }; /* how often it is asked whether it has ended */

struct hook {
    pid_t pid;
    int in; /* its stdin; -1: closed */
    struct bytes rest;
    int64_t end_ns;
};

_Noreturn static void become(const char *command, const int pipes[2])
{
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    dup2(pipes[0], STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static int start(struct hook *hook, const char *command, struct error *reterr)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return error_set(reterr, -errno, "--on-fail: no pipe: %s", strerror(errno));
    fcntl(pipes[1], F_SETFL, O_NONBLOCK);
    fflush(NULL);
    hook->pid = fork();
    if (hook->pid == 0)
        become(command, pipes);
    int r = hook->pid < 0 ? -errno : 0;
    close(pipes[0]);
    if (r < 0) {
        close(pipes[1]);
        return error_set(reterr, r, "--on-fail: cannot be started: %s", strerror(-r));
    }
    setpgid(hook->pid, hook->pid); // whoever is first
    hook->in = pipes[1];
    return 0;
}

static void hang_up(struct hook *hook)
{
    if (hook->in >= 0)
        close(hook->in);
    hook->in = -1;
}

/* A command that does not read gets nothing; that is its affair. */
static void feed(struct hook *hook)
{
    struct pollfd out = {.fd = hook->in, .events = POLLOUT};
    if (poll(&out, 1, ASK_MS) <= 0 || hook->in < 0)
        return;
    ssize_t wrote = write(hook->in, hook->rest.at, hook->rest.len);
    if (wrote > 0)
        hook->rest = (struct bytes){hook->rest.at + wrote, hook->rest.len - (size_t)wrote};
    if ((wrote < 0 && errno != EAGAIN && errno != EINTR) || hook->rest.len == 0)
        hang_up(hook);
}

/* True when it has ended, with its status. */
static bool wait_for(struct hook *hook, int *ret_status)
{
    while (clock_monotonic_ns() < hook->end_ns) {
        pid_t got = waitpid(hook->pid, ret_status, WNOHANG);
        if (got == hook->pid)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        feed(hook);
    }
    return false;
}

int gate_hook_run(const char *command, struct bytes input, int64_t timeout_ns,
                  struct error *reterr)
{
    struct hook hook = {.rest = input, .end_ns = clock_monotonic_ns() + timeout_ns};
    int status = 0, r = start(&hook, command, reterr);
    if (r < 0)
        return r;
    bool ended = wait_for(&hook, &status);
    hang_up(&hook);
    if (!ended) {
        kill(-hook.pid, SIGKILL);
        waitpid(hook.pid, &status, 0);
        return error_set(reterr, -ETIMEDOUT, "--on-fail: killed: it took longer than %llds",
                         (long long)(timeout_ns / NS_PER_S));
    }
    if (WIFSIGNALED(status))
        return error_set(reterr, -ECHILD, "--on-fail: ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status))
        return error_set(reterr, -ECHILD, "--on-fail: exit code %d", WEXITSTATUS(status));
    return 0;
}

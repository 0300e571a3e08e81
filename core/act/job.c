/* SPDX-License-Identifier: MIT */

#include "act/job.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- in the new process ------------------------------------------------- */

static void plain_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int signal_number = 1; signal_number < 32; signal_number++)
        signal(signal_number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void become(const struct job_plan *plan)
{
    if (!plan->argv)
        _exit(plan->work(plan->context, plan->input));
    execvpe(plan->argv[0], (char *const *)(uintptr_t)plan->argv, plan->environment);
    dprintf(STDERR_FILENO, "%s: cannot be run: %s\n", plan->argv[0], strerror(errno));
    _exit(127);
}

_Noreturn static void child(const struct job_plan *plan, int in, int out, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) // it died before we asked
        _exit(127);
    plain_signals();
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(out, STDERR_FILENO) < 0)
        _exit(127);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    become(plan);
}

/* ---- starting ----------------------------------------------------------- */

static void close_all(int fds[4])
{
    for (int i = 0; i < 4; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static int open_pipes(int fds[4])
{
    for (int i = 0; i < 4; i++)
        fds[i] = -1;
    if (pipe2(fds, O_CLOEXEC) < 0 || pipe2(fds + 2, O_CLOEXEC) < 0 ||
        fcntl(fds[1], F_SETFL, O_NONBLOCK) < 0 || fcntl(fds[2], F_SETFL, O_NONBLOCK) < 0) {
        int r = -errno;
        close_all(fds);
        return r;
    }
    return 0;
}

int job_start(struct job *job, const struct job_plan *plan, struct error *reterr)
{
    int fds[4]; // our words: read by it, written by us; its words: read by us, written by it
    int r = open_pipes(fds);
    pid_t parent = getpid(), pid = r == 0 ? fork() : -1;
    if (pid < 0) {
        r = r < 0 ? r : -errno;
        close_all(fds);
        return error_set(reterr, r, "no process could be started: %s", strerror(-r));
    }
    if (pid == 0)
        child(plan, fds[0], fds[3], parent);
    setpgid(pid, pid); // whoever comes first: the group is there when we may have to kill it
    close(fds[0]);
    close(fds[3]);
    struct buffer said = job->said;
    buffer_clear(&said);
    int64_t now = clock_monotonic_ns();
    *job = (struct job){.pid = pid,
                        .in = fds[1],
                        .out = fds[2],
                        .input = plan->input,
                        .said = said,
                        .started_ns = now,
                        .deadline_ns = now + plan->timeout_ns};
    return 0;
}

/* ---- while it runs ------------------------------------------------------ */

int job_fds(const struct job *job, struct pollfd *fds)
{
    int count = 0;
    if (job->pid && job->in >= 0)
        fds[count++] = (struct pollfd){.fd = job->in, .events = POLLOUT};
    if (job->pid && job->out >= 0)
        fds[count++] = (struct pollfd){.fd = job->out, .events = POLLIN};
    return count;
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void feed(struct job *job)
{
    while (job->in >= 0) {
        ssize_t n = job->fed < job->input.len
                        ? write(job->in, job->input.at + job->fed, job->input.len - job->fed)
                        : 0;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) // all, or it does not want more
            shut(&job->in);
        else
            job->fed += (size_t)n;
    }
}

static void hear(struct job *job)
{
    enum { TURNS = 64 }; // who never stops talking does not hold up the others
    char bytes[4096];
    for (int turn = 0; job->out >= 0 && turn < TURNS; turn++) {
        ssize_t n = read(job->out, bytes, sizeof(bytes));
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            shut(&job->out);
            return;
        }
        size_t room = JOB_SAID_MAX - job->said.len;
        buffer_append(&job->said, bytes, (size_t)n < room ? (size_t)n : room);
    }
}

static void watch_clock(struct job *job, int64_t now_ns)
{
    if (now_ns < job->deadline_ns)
        return;
    if (!job->termed) {
        kill(-job->pid, SIGTERM);
        job->termed = job->timed_out = true;
    } else if (!job->killed && now_ns >= job->deadline_ns + JOB_KILL_AFTER_MS * NS_PER_MS) {
        kill(-job->pid, SIGKILL);
        job->killed = true;
    }
}

/* The group is killed while its leader is not reaped yet: until then nobody else can have its number. */
static bool reap(struct job *job, int64_t now_ns)
{
    siginfo_t info = {0};
    int status = 0;
    if (waitid(P_PID, (id_t)job->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
        info.si_pid == 0)
        return false;
    if (job->termed || job->killed)
        kill(-job->pid, SIGKILL);
    hear(job);
    waitpid(job->pid, &status, 0);
    job->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    job->took_ns = now_ns - job->started_ns;
    job->pid = 0;
    shut(&job->in);
    shut(&job->out);
    return true;
}

bool job_tend(struct job *job, int64_t now_ns)
{
    feed(job);
    hear(job);
    watch_clock(job, now_ns);
    return reap(job, now_ns);
}

/* It has no time left: its group is killed now. */
static void job_kill(struct job *job)
{
    if (!job->pid)
        return;
    kill(-job->pid, SIGKILL);
    waitpid(job->pid, NULL, 0);
    job->pid = 0;
    shut(&job->in);
    shut(&job->out);
}

void job_free(struct job *job)
{
    job_kill(job);
    buffer_free(&job->said);
}

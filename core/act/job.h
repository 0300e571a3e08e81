/* SPDX-License-Identifier: MIT */
/*
 * job.h - one act under way: a process of its own, with a time-out.
 *
 *      act ──finding, stdin──▶ [process group: the command, and all that it starts]
 *       ▲──what it says, 4 KiB──┘      TERM at the time-out, KILL two seconds later
 *
 * A POST is a process too (post.h): what hangs in a name server is ended in the same way, and a secret header lives no longer
 * than its POST. The process dies with act. What it says beyond the room is read and forgotten, so it never waits for us.
 */
#ifndef ACT_JOB_H
#define ACT_JOB_H

#include "base/bytes.h"
#include "base/error.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { JOB_SAID_MAX = 4096, JOB_KILL_AFTER_MS = 2000, JOB_FDS = 2 };

struct job {
    pid_t pid; /* 0: none */
    int in, out;
    struct bytes input; /* lent until it ends */
    size_t fed;
    struct buffer said; /* owned */
    int64_t started_ns, deadline_ns, took_ns;
    bool termed, killed, timed_out;
    int code; /* exit status; 128 + signal */
};

/* What the process is to be: a program, or a function of ours whose result is its exit status. */
struct job_plan {
    const char *const *argv; /* NULL-terminated, or NULL: */
    int (*work)(const void *context, struct bytes input);
    const void *context;
    char *const *environment;
    struct bytes input;
    int64_t timeout_ns;
};

int job_start(struct job *job, const struct job_plan *plan, struct error *reterr);
/* The descriptors to poll, JOB_FDS at most. Returns how many. */
int job_fds(const struct job *job, struct pollfd *fds);
/* Feed, read, look at the clock. True: it has ended, the rest of its group is killed, and `job` says how. */
bool job_tend(struct job *job, int64_t now_ns);
void job_free(struct job *job);

#endif /* ACT_JOB_H */

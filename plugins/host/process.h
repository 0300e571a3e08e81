/* SPDX-License-Identifier: MIT */
/*
 * process.h - starts, watches and ends one worker process; knows nothing of what it says.
 */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include "host/plugin.h"
#include "host/reply.h"

#include <stddef.h>

struct process {
    int pid, pidfd; /* 0 and -1 when there is none */
    int brief;      /* where the briefing is written, -1 once it is closed */
    struct reply *reply;
};

struct process_options {
    const char *exe;               /* NULL = /proc/self/exe */
    int ring_fd;                   /* -1 = none: only labels are wanted */
    struct plugin *const *plugins; /* [count] */
    size_t count;
};
int process_start(const struct process_options *options, struct process *ret,
                  struct error *reterr);
/* Hand over the briefing and close the pipe. -EPIPE when the worker is gone. */
int process_brief(struct process *process, struct bytes packed);
/* 1 and a sentence ("killed by SIGSEGV", "denied socket()", "exited with 1") when it is over, 0 when it runs. */
int process_ended(struct process *process, char *sentence, size_t size);
/* Kill it if it still runs, and forget it. */
void process_end(struct process *process);

#endif /* HOST_PROCESS_H */

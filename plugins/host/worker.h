/* SPDX-License-Identifier: MIT */
/*
 * worker.h - the process that runs detectors: `oddline worker`, started by the core and by nobody else.
 *
 *      locked in ─▶ load ─▶ labels ─▶ locked up ─▶ briefing ─▶ [ frame ─▶ observe, score ─▶ replies ]* ─▶ end of the ring
 *
 * The side of docs/isolation.md that nobody believes. It believes the core: ring and briefing come from there.
 */
#ifndef HOST_WORKER_H
#define HOST_WORKER_H

/* The descriptors a worker is started with, always these. */
enum {
    WORKER_BRIEF_FD =
        3, /* pipe: the briefing; its end without one means that only the labels were wanted */
    WORKER_REPLY_FD,  /* memfd */
    WORKER_WAKE_FD,   /* eventfd, read */
    WORKER_BELL_FD,   /* eventfd, write */
    WORKER_RING_FD,   /* memfd opened for reading; /dev/null when only the labels are wanted */
    WORKER_PLUGIN_FD, /* the first of the files, named in argv[1], argv[2], ... */
};

enum { WORKER_PLUGINS_MAX = 64 };

/* argv: "worker", then the path of each file as people know it. Returns an exit code. */
int worker_main(int argc, char **argv);

#endif /* HOST_WORKER_H */

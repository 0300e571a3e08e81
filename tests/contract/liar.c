/* SPDX-License-Identifier: MIT */
/*
 * liar - a worker that a plugin has taken over: it says it is ready, and from then on whatever keeps the core busy. LIE is which.
 */
#include "base/pack.h"
#include "host/reply.h"
#include "host/worker.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct reply *reply;
static struct buffer out;

static void say(enum reply_kind kind)
{
    reply_push(reply, kind, buffer_bytes(&out));
    buffer_clear(&out);
}

/* Goes on for ever, and is always something that could be. */
static void flood(void)
{
    pack_u64(&out, 0);
    pack_u32(&out, 0);
    pack_u32(&out, 1);
    pack_text(&out, "");
    say(REPLY_OPENED);
}

/* A little progress before each deadline, and never an answer. */
static void creep(void)
{
    static uint64_t position;
    reply_progress(reply, ++position);
    usleep(20000);
}

static void trickle(void)
{
    pack_u64(&out, 104);
    pack_u32(&out, 0);
    pack_u32(&out, 0);
    pack_u32(&out, 100);
    pack_text(&out, "x");
    say(REPLY_STATE);
    usleep(20000);
}

static void save_nothing(void)
{
    pack_u64(&out, 0);
    say(REPLY_SAVED);
}

static void answer_nothing(void)
{
    pack_u64(&out, 0);
    pack_u64(&out, 0);
    say(REPLY_SCORES);
}

/* Over the whole memory, again and again: every number flips under the core's hands. */
static void scribble(void)
{
    static unsigned char *area;
    static size_t size;
    static uint32_t seed = 1;
    struct stat st;
    if (!area && fstat(WORKER_REPLY_FD, &st) == 0) {
        size = (size_t)st.st_size;
        area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_REPLY_FD, 0);
    }
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        area[i] = (unsigned char)(seed >> 24);
    }
}

/* Ready; a good label's length; and the end of it beyond the end of everything. */
static void flip(void)
{
    static _Atomic uint64_t *head;
    if (!head)
        head = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_REPLY_FD, 0);
    for (uint64_t i = 0; i < 1000; i++)
        atomic_store(head, i % 2 ? UINT64_MAX : 16);
}

int main(void)
{
    static void (*const lies[])(void) = {flood,          creep,    trickle, save_nothing,
                                         answer_nothing, scribble, flip};
    prctl(PR_SET_PDEATHSIG, SIGKILL); // not beyond the test
    if (reply_attach(WORKER_REPLY_FD, WORKER_WAKE_FD, WORKER_BELL_FD, &reply, NULL) < 0)
        return 64;
    say(REPLY_READY);
    for (;;)
        lies[LIE]();
}

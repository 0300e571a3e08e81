/* SPDX-License-Identifier: MIT */
/*
 * shim_fail - LD_PRELOAD: the system at its most unkind, for the daemon itself and not for its workers.
 *
 *      FAULT_MALLOC=N      the Nth allocation fails        FAULT_MALLOC=N+   it and every later one
 *      FAULT_MALLOC=0      none fails
 *      FAULT_COUNT=FILE    at the end of the process: how many allocations there were
 *      FAULT_SHORT=1       every second write or read does half of it, every fifth is interrupted first (EINTR)
 */
#undef _FORTIFY_SOURCE // its inline functions have the names that are defined here
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static atomic_ulong allocations, calls;
static unsigned long fail_at; // 0: never
static bool fail_on, short_io, active;
static pid_t owner; // a child between fork and exec is a worker already

/* A worker's first argument says so; what is left of the environment does not matter there. */
static bool is_worker(void)
{
    char line[512];
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
    if (fd >= 0)
        close(fd);
    line[n > 0 ? n : 0] = '\0';
    const char *second = line + strlen(line) + 1;
    return n > 0 && second < line + n && strcmp(second, "worker") == 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *malloc_text = getenv("FAULT_MALLOC"), *short_text = getenv("FAULT_SHORT");
    if (is_worker())
        return;
    active = true;
    owner = getpid();
    atomic_store(&allocations, 0);
    short_io = short_text && *short_text == '1';
    if (malloc_text) {
        char *end;
        fail_at = strtoul(malloc_text, &end, 10);
        fail_on = *end == '+';
    }
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("FAULT_COUNT");
    char text[32];
    if (!active || !path)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int len = snprintf(text, sizeof(text), "%lu\n", atomic_load(&allocations));
    if (fd >= 0 && write(fd, text, (size_t)len) == len)
        close(fd);
}

/* ---- memory ------------------------------------------------------------- */

static bool refuses(void)
{
    unsigned long n = atomic_fetch_add(&allocations, 1) + 1;
    bool refused =
        active && fail_at && (n == fail_at || (fail_on && n > fail_at)) && getpid() == owner;
    if (refused)
        errno = ENOMEM;
    return refused;
}

void *malloc(size_t size)
{
    return refuses() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return refuses() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return refuses() ? NULL : __libc_realloc(old, size);
}

/* ---- reading and writing ------------------------------------------------ */

/* How much of `size` this call may do; -1: it is interrupted. */
static ssize_t allowed(size_t size)
{
    if (!active || !short_io)
        return (ssize_t)size;
    unsigned long n = atomic_fetch_add(&calls, 1);
    if (n % 5 == 4) {
        errno = EINTR;
        return -1;
    }
    return (ssize_t)(n % 2 && size > 1 ? size / 2 : size);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRAP(name, declared, size, passed)                                                     \
    ssize_t name declared                                                                      \
    {                                                                                          \
        static __typeof__(&name) next;                                                         \
        ssize_t some = allowed(size);                                                          \
        if (!next)                                                                             \
            next = NEXT(name);                                                                 \
        return some < 0 ? -1 : next passed;                                                    \
    }

WRAP(write, (int fd, const void *at, size_t len), len, (fd, at, (size_t)some))
WRAP(read, (int fd, void *at, size_t len), len, (fd, at, (size_t)some))
WRAP(send, (int fd, const void *at, size_t len, int flags), len, (fd, at, (size_t)some, flags))
WRAP(recv, (int fd, void *at, size_t len, int flags), len, (fd, at, (size_t)some, flags))
WRAP(pwrite, (int fd, const void *at, size_t len, off_t offset), len,
     (fd, at, (size_t)some, offset))
WRAP(pread, (int fd, void *at, size_t len, off_t offset), len, (fd, at, (size_t)some, offset))

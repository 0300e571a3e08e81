/* SPDX-License-Identifier: MIT */
/*
 * sys.h - the system calls this room makes on files, in one table that a test can replace.
 *
 *      tail ──▶ tail_sys.preadv ──▶ kernel          in a test: ──▶ a shim that fails the third call
 *
 * A writable global, against the house rule: a fault must reach the call wherever it is made, and production code never
 * writes it. There is no call in it that could change a file.
 */
#ifndef TAIL_SYS_H
#define TAIL_SYS_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

struct open_how;
struct statx;

struct tail_sys {
    int (*openat)(int dir, const char *path, int flags);
    int (*openat2)(int dir, const char *path, const struct open_how *how);
    int (*fstat)(int fd, struct stat *st);
    int (*stat)(const char *path, struct stat *st);
    int (*statx)(int dir, const char *path, int flags, unsigned mask, struct statx *st);
    ssize_t (*pread)(int fd, void *buf, size_t size, off_t offset);
    ssize_t (*preadv)(int fd, const struct iovec *parts, int count, off_t offset);
    ssize_t (*read)(int fd, void *buf, size_t size);
    int (*inotify_init)(int flags);
    int (*inotify_add_watch)(int fd, const char *path, uint32_t mask);
};

extern struct tail_sys tail_sys;

#endif /* TAIL_SYS_H */

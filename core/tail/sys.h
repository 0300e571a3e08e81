/* SPDX-License-Identifier: MIT */
/*
 * sys.h - the system calls this room makes on files, in one table that a test can replace.
 *
 *      tail ──▶ tail_sys.preadv ──▶ kernel          in a test: ──▶ a shim that fails the third call
 *
 * A writable global, against the house rule: a fault must reach the call wherever it is made, and production code never
 * writes it. TAIL_POINT("name") marks a place where the process may die; it is nothing unless ODDLINE_CRASH_POINTS is
 * defined, and then calls tail_point(), which the test provides.
 */
#ifndef TAIL_SYS_H
#define TAIL_SYS_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

struct tail_sys {
    int (*open)(const char *path, int flags, mode_t mode);
    int (*fstat)(int fd, struct stat *st);
    int (*stat)(const char *path, struct stat *st);
    ssize_t (*pread)(int fd, void *buf, size_t size, off_t offset);
    ssize_t (*preadv)(int fd, const struct iovec *parts, int count, off_t offset);
    ssize_t (*read)(int fd, void *buf, size_t size);
    ssize_t (*write)(int fd, const void *buf, size_t size);
    int (*fdatasync)(int fd);
    int (*fsync)(int fd);
    int (*rename)(const char *from, const char *to);
    int (*inotify_init)(int flags);
    int (*inotify_add_watch)(int fd, const char *path, uint32_t mask);
};

extern struct tail_sys tail_sys;

#ifdef ODDLINE_CRASH_POINTS
void tail_point(const char *name);
#define TAIL_POINT(name) tail_point(name)
#else
#define TAIL_POINT(name) ((void)0)
#endif

#endif /* TAIL_SYS_H */

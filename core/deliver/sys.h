/* SPDX-License-Identifier: MIT */
/*
 * sys.h - the system calls by which the journal changes the disk, in one table that a test can replace.
 *
 *      journal ──▶ deliver_sys.fdatasync ──▶ kernel          in a test: ──▶ a shim that fails the third call
 *
 * A writable global, against the house rule: a fault must reach the call wherever it is made, and production code never
 * writes it. fdatasync() is for files, fsync() for directories and nothing else: the tests rely on it.
 */
#ifndef DELIVER_SYS_H
#define DELIVER_SYS_H

#include "base/bytes.h"

#include <stdbool.h>
#include <sys/types.h>

struct deliver_sys {
    int (*openat)(int dir, const char *name, int flags, mode_t mode);
    ssize_t (*pwrite)(int fd, const void *data, size_t len, off_t offset);
    int (*fdatasync)(int fd);
    int (*fsync)(int fd);
    int (*fallocate)(int fd, int mode, off_t offset, off_t len);
    int (*ftruncate)(int fd, off_t len);
    int (*renameat)(int from_dir, const char *from, int to_dir, const char *to);
    int (*unlinkat)(int dir, const char *name, int flags);
};

extern struct deliver_sys deliver_sys;

/*
 * Write all of it. 0; -ENOSPC for a disk that is full, over quota or read-only: come again; -EIO for any other failure.
 * What was written up to then stays.
 */
int sys_write(int fd, struct bytes data, uint64_t offset);
/* 0 or -EIO: never ask again, the pages that failed count as clean now. */
int sys_sync(int fd);
int sys_sync_directory(int fd);
/* Is this error a matter of room, which may come back? The error of open, write, fallocate or rename. */
bool sys_is_room(int error);
/* All `len` bytes, false when they are not there. */
bool sys_read(int fd, void *data, size_t len, uint64_t offset);

#endif /* DELIVER_SYS_H */

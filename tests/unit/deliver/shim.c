/* SPDX-License-Identifier: MIT */

#include "shim.h"

#include "deliver/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct shim shim;
static struct deliver_sys real;

static bool fails(enum shim_call call)
{
    unsigned long at = shim.fail_at[call], seen = ++shim.seen[call];
    if (at == 0 || seen < at || seen > at + shim.fail_more)
        return false;
    errno = shim.error;
    return true;
}

/* On a full disk: would the file have to grow? */
static bool grows(int fd, off_t end)
{
    struct stat st;
    if (!shim.full || fstat(fd, &st) < 0 || end <= st.st_size)
        return false;
    errno = ENOSPC;
    return true;
}

static int shim_openat(int dir, const char *name, int flags, mode_t mode)
{
    struct stat st;
    if ((flags & O_ACCMODE) == O_RDONLY)
        return real.openat(dir, name, flags, mode);
    shim.changes += (flags & O_CREAT) != 0;
    if (fails(SHIM_OPENAT))
        return -1;
    if (shim.full && flags & O_CREAT && fstatat(dir, name, &st, 0) < 0) {
        errno = ENOSPC;
        return -1;
    }
    return real.openat(dir, name, flags, mode);
}

static ssize_t shim_pwrite(int fd, const void *data, size_t len, off_t offset)
{
    shim.changes++;
    if (fails(SHIM_PWRITE) || grows(fd, offset + (off_t)len))
        return -1;
    if (shim.halves && shim.seen[SHIM_PWRITE] % 3 == 0) {
        errno = EINTR;
        return -1;
    }
    return real.pwrite(fd, data, shim.halves ? (len + 1) / 2 : len, offset);
}

static int shim_fdatasync(int fd)
{
    shim.changes++;
    return fails(SHIM_FDATASYNC) ? -1 : shim.quick ? 0 : real.fdatasync(fd);
}

static int shim_fsync(int fd)
{
    shim.changes++;
    return fails(SHIM_FSYNC) ? -1 : shim.quick ? 0 : real.fsync(fd);
}

static int shim_fallocate(int fd, int mode, off_t offset, off_t len)
{
    shim.changes++;
    return fails(SHIM_FALLOCATE) || grows(fd, offset + len)
               ? -1
               : real.fallocate(fd, mode, offset, len);
}

static int shim_ftruncate(int fd, off_t len)
{
    shim.changes++;
    return fails(SHIM_FTRUNCATE) ? -1 : real.ftruncate(fd, len);
}

static int shim_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    shim.changes++;
    return fails(SHIM_RENAMEAT) ? -1 : real.renameat(from_dir, from, to_dir, to);
}

static int shim_unlinkat(int dir, const char *name, int flags)
{
    shim.changes++;
    return fails(SHIM_UNLINKAT) ? -1 : real.unlinkat(dir, name, flags);
}

void shim_install(void)
{
    static const struct deliver_sys all = {.openat = shim_openat,
                                           .pwrite = shim_pwrite,
                                           .fdatasync = shim_fdatasync,
                                           .fsync = shim_fsync,
                                           .fallocate = shim_fallocate,
                                           .ftruncate = shim_ftruncate,
                                           .renameat = shim_renameat,
                                           .unlinkat = shim_unlinkat};
    if (deliver_sys.openat != shim_openat)
        real = deliver_sys;
    shim = (struct shim){0};
    deliver_sys = all;
}

void shim_remove(void)
{
    if (deliver_sys.openat == shim_openat)
        deliver_sys = real;
}

void shim_fail(enum shim_call call, int error)
{
    shim.error = error;
    shim.fail_at[call] = shim.seen[call] + 1;
}

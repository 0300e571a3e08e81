/* SPDX-License-Identifier: MIT */
/*
 * shim_power - LD_PRELOAD: remembers what a disk must hold after a power cut, and nothing else.
 *
 *      FAULT_POWER_OF=DIR     the state directory
 *      FAULT_POWER_TO=DIR     the shadow:
 *          ino.INO-BIRTH      a file as of its last fsync or fdatasync
 *          dir.INO-BIRTH      the names of a directory as of its last fsync: `f|d INO-BIRTH NAME` per line
 *
 * power.py puts the shadow in the place of the directory: what was never synced may be lost, which names no name that was never
 * synced with its directory. No root, no loop device, and harsher than any file system. Real syncs are not made: they cost
 * time and change nothing here.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static void die(const char *what)
{
    dprintf(STDERR_FILENO, "shim_power: %s: %s\n", what, strerror(errno));
    abort();
}

static bool key_of(int fd, char key[64], mode_t *ret_mode)
{
    struct statx st;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &st) < 0)
        return false;
    snprintf(key, 64, "%llu-%lld%09u", (unsigned long long)st.stx_ino,
             (long long)st.stx_btime.tv_sec, st.stx_btime.tv_nsec);
    *ret_mode = st.stx_mode;
    return true;
}

static bool is_watched(int fd)
{
    char name[64], path[PATH_BYTES];
    const char *of = getenv("FAULT_POWER_OF");
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(name, path, sizeof(path) - 1);
    if (!of || len < 0)
        return false;
    path[len] = '\0';
    size_t root = strlen(of);
    return strncmp(path, of, root) == 0 && (path[root] == '/' || path[root] == '\0');
}

/* Written beside and renamed: a kill in between leaves what the disk held before. */
static int shadow_begin(const char *kind, const char *key, char path[PATH_BYTES],
                        char fresh[PATH_BYTES])
{
    const char *to = getenv("FAULT_POWER_TO");
    snprintf(path, PATH_BYTES, "%s/%s.%s", to ? to : ".", kind, key);
    snprintf(fresh, PATH_BYTES, "%s/new.%ld", to ? to : ".", syscall(SYS_gettid));
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        die(fresh);
    return fd;
}

static void keep_file(int fd, const char *key)
{
    char path[PATH_BYTES], fresh[PATH_BYTES], own[64];
    int out = shadow_begin("ino", key, path, fresh);
    snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
    int in = open(own, O_RDONLY | O_CLOEXEC); // `fd` may be for writing only
    if (in < 0)
        die(own);
    while (sendfile(out, in, NULL, 1 << 20) > 0)
        ;
    close(in);
    close(out);
    if (rename(fresh, path) < 0)
        die(path);
}

static void keep_name(int out, int dir, const char *name)
{
    char key[64];
    mode_t mode;
    int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return; // gone meanwhile
    if (key_of(fd, key, &mode))
        dprintf(out, "%c %s %s\n", S_ISDIR(mode) ? 'd' : 'f', key, name);
    close(fd);
}

static void keep_dir(int fd, const char *key)
{
    char path[PATH_BYTES], fresh[PATH_BYTES];
    int out = shadow_begin("dir", key, path, fresh);
    DIR *dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!dir)
        die(path);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            keep_name(out, fd, entry->d_name);
    closedir(dir);
    close(out);
    if (rename(fresh, path) < 0)
        die(path);
}

static int keep(int fd)
{
    char key[64];
    mode_t mode;
    if (!is_watched(fd) || !key_of(fd, key, &mode))
        return 0;
    if (S_ISDIR(mode))
        keep_dir(fd, key);
    else
        keep_file(fd, key);
    return 0;
}

int fsync(int fd)
{
    return keep(fd);
}

int fdatasync(int fd)
{
    return keep(fd);
}

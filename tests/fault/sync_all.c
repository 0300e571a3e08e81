/* SPDX-License-Identifier: MIT */
/*
 * sync_all - syncs a directory, all files in it, and the directories in it.
 *
 *      sync_all DIR
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int sync_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)kind, (void)where;
    if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int r = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    return r;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return fprintf(stderr, "usage: sync_all DIR\n"), 64;
    return nftw(argv[1], sync_one, 16, FTW_PHYS | FTW_DEPTH) == 0 ? 0 : 1;
}

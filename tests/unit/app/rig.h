/* SPDX-License-Identifier: MIT */
/*
 * rig.h - a directory of its own for each test, and what a test says on stdout or stderr.
 */
#ifndef UNIT_APP_RIG_H
#define UNIT_APP_RIG_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char rig_dir[512];

static inline int rig_set_up(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(rig_dir, sizeof(rig_dir), "%s/oddline-app-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(rig_dir) && chdir(rig_dir) == 0 ? 0 : -1;
}

static inline int rig_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline int rig_tear_down(void **state)
{
    (void)state;
    return chdir("/") < 0 || nftw(rig_dir, rig_remove, 16, FTW_DEPTH | FTW_PHYS) < 0 ? -1 : 0;
}

/* A file of that text, relative to the directory of the test. */
static inline void rig_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fwrite(text, 1, strlen(text), file) != strlen(text) || fclose(file) != 0)
        abort();
}

/* What goes to `fd` between the two calls; one at a time. */
static int rig_saved, rig_fd;

static inline void rig_capture(int fd)
{
    int file = open("captured", O_RDWR | O_CREAT | O_TRUNC, 0600);
    fflush(NULL);
    rig_fd = fd;
    rig_saved = dup(fd);
    if (file < 0 || dup2(file, fd) < 0)
        abort();
    close(file);
}

static inline const char *rig_captured(void)
{
    static char text[8192];
    fflush(NULL);
    dup2(rig_saved, rig_fd);
    close(rig_saved);
    FILE *file = fopen("captured", "r");
    size_t got = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file)
        fclose(file);
    text[got] = '\0';
    return text;
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

#endif /* UNIT_APP_RIG_H */

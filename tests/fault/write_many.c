/* SPDX-License-Identifier: MIT */
/*
 * write_many - so many files, so many lines a second each; the model is how many lines there were and the sum of their hashes.
 *
 *      write_many DIR FILES LINES_PER_S SECONDS MODEL
 */
#include "chain_step.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 128, LINES_MAX = 100 };

static void die(const char *what)
{
    fprintf(stderr, "write_many: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int *open_all(const char *dir, int files)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int *fds = calloc((size_t)files, sizeof(*fds));
    if (!fds)
        die("memory");
    for (int i = 0; i < files; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%05d.log", dir, i);
        fds[i] = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (fds[i] < 0)
            die(path);
    }
    return fds;
}

static void write_one(int fd, int file, int lines, struct chain *chain)
{
    char text[LINE_BYTES * LINES_MAX], day[32];
    struct timespec t;
    struct tm tm;
    size_t len = 0;
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
    for (int i = 0; i < lines; i++) {
        int n =
            snprintf(text + len, LINE_BYTES, "%s.%03ldZ INFO file-%05d line %010" PRIu64 "\n",
                     day, t.tv_nsec / 1000000, file, chain->count + 1);
        chain_add(chain, text + len, (size_t)n - 1);
        len += (size_t)n;
    }
    if (write(fd, text, len) != (ssize_t)len)
        die("write");
}

/* A file's lines of a second are written together; files are spread over the second. */
static void write_all(const int *fds, int files, int lines, int seconds, struct chain *chain)
{
    double begun = now_s();
    for (int64_t i = 0; i < (int64_t)files * seconds; i++) {
        double due = begun + (double)i / files, now = now_s();
        if (due > now + 0.001)
            nanosleep(&(struct timespec){0, (long)((due - now) * 1e9)}, NULL);
        write_one(fds[i % files], (int)(i % files), lines, chain);
    }
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return fprintf(stderr, "usage: write_many DIR FILES LINES_PER_S SECONDS MODEL\n"), 64;
    int files = atoi(argv[2]), lines = atoi(argv[3]), seconds = atoi(argv[4]);
    if (files < 1 || lines < 1 || lines > LINES_MAX || seconds < 1)
        return 64;
    struct chain chain = {0};
    int *fds = open_all(argv[1], files);
    write_all(fds, files, lines, seconds, &chain);
    FILE *out = fopen(argv[5], "we");
    if (!out || fprintf(out, "%" PRIu64 " %" PRIu64 "\n", chain.count, chain.sum) < 0 ||
        fclose(out))
        die(argv[5]);
    free(fds);
    return 0;
}

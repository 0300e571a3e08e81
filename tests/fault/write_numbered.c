/* SPDX-License-Identifier: MIT */
/*
 * write_numbered - an application that logs fast, and says what an exact reader must find.
 *
 *      LOG     2026-11-23T10:00:00.123Z INFO worker-3 request 0000001234 took 12 ms
 *      MODEL   END_MS LINES CHAIN SUM        for each second of stamps that is over (chain_step.h)
 *              last STAMP_MS LINES CHAIN SUM LATE_MS  at the end
 *
 * Stamps are those of a clock that runs --speed times as fast as ours: windows of a second close more often than once a
 * second. A line's stamp follows from its number and from the pauses alone. A write that was so late that a window might
 * have closed for quiet meanwhile is followed by a jump of the stamps, as time went on for an application as well.
 *
 *      write_numbered --log FILE --model FILE [--rate 20000] [--count N | --seconds S] [--speed 10] [--start MS]
 *                     [--rotate S --keep K] [--copytruncate S --settle MS] [--pause-at S --pause-for S] [--finish MS]
 *
 * SIGTERM ends it in order. At the end one line is written whose stamp lies --finish ms ahead: it closes every window
 * before.
 */
#include "chain_step.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW_MS = 1000, STALL_MS = 1500, BATCH_MS = 5, BATCH_MAX = 64 << 10, LINE_MAX_ = 128 };

struct writer {
    const char *log, *model;
    double rate, seconds, speed, rotate_s, truncate_s, pause_at, pause_for;
    double keep, settle_ms, finish_ms, start_ms, count;

    int fd;
    FILE *out;
    struct chain chain;
    int64_t base_ms, stamp_ms; // of line 0 but for pauses; of the newest line
    int64_t late_ms;           // the longest stall
};

static volatile sig_atomic_t stop;

static void on_term(int number)
{
    (void)number;
    stop = 1;
}

static void die(const char *what)
{
    fprintf(stderr, "write_numbered: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sleep_s(double s)
{
    struct timespec t = {(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};
    nanosleep(&t, NULL);
}

/* ---- lines -------------------------------------------------------------- */

static void say_model(struct writer *w, const char *what, int64_t ms)
{
    fprintf(w->out, "%s%" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64, what, ms, w->chain.count,
            w->chain.value, w->chain.sum);
}

/* A line of that stamp comes next: the windows before it are over. */
static void pass_to(struct writer *w, int64_t stamp_ms)
{
    int64_t end = w->stamp_ms - w->stamp_ms % WINDOW_MS + WINDOW_MS;
    if (w->chain.count && stamp_ms >= end) {
        say_model(w, "", end);
        fputc('\n', w->out);
        fflush(w->out);
    }
    w->stamp_ms = stamp_ms;
}

static size_t put_line(struct writer *w, int64_t stamp_ms, char *at)
{
    static int64_t second = -1;
    static char day[32];
    if (stamp_ms / 1000 != second) {
        struct tm tm;
        second = stamp_ms / 1000;
        gmtime_r(&(time_t){second}, &tm);
        strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
    }
    pass_to(w, stamp_ms);
    uint64_t n = w->chain.count + 1;
    int len =
        snprintf(at, LINE_MAX_, "%s.%03dZ INFO worker-%d request %010" PRIu64 " took %d ms\n",
                 day, (int)(stamp_ms % 1000), (int)(n % 7), n, (int)(n * 37 % 100));
    chain_add(&w->chain, at, (size_t)len - 1);
    return (size_t)len;
}

static int64_t stamp_of(const struct writer *w, uint64_t n)
{
    return w->base_ms + (int64_t)((double)n / w->rate * w->speed * 1000);
}

static void write_all(struct writer *w, const char *at, size_t len)
{
    while (len) {
        ssize_t n = write(w->fd, at, len);
        if (n < 0 && errno != EINTR)
            die(w->log);
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

static void write_until(struct writer *w, uint64_t n)
{
    static char batch[BATCH_MAX + LINE_MAX_];
    while (w->chain.count < n) {
        size_t len = 0;
        while (w->chain.count < n && len < BATCH_MAX)
            len += put_line(w, stamp_of(w, w->chain.count), batch + len);
        write_all(w, batch, len);
    }
}

static void jump(struct writer *w, double ms)
{
    w->base_ms += (int64_t)ms;
}

/* ---- the file ----------------------------------------------------------- */

static void open_log(struct writer *w)
{
    w->fd = open(w->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (w->fd < 0)
        die(w->log);
}

static void rotate(struct writer *w)
{
    char from[4096], to[4096];
    for (int i = (int)w->keep; i > 0; i--) { // the oldest is written over: deleted
        snprintf(to, sizeof(to), "%s.%d", w->log, i);
        if (i > 1)
            snprintf(from, sizeof(from), "%s.%d", w->log, i - 1);
        else
            snprintf(from, sizeof(from), "%s", w->log);
        if (rename(from, to) < 0 && errno != ENOENT)
            die(to);
    }
    close(w->fd);
    open_log(w);
}

/* What is cut off before it was read nobody can read, so the reader gets --settle ms. */
static void copytruncate(struct writer *w)
{
    char to[4096], block[65536];
    ssize_t n;
    sleep_s(w->settle_ms / 1000.0);
    jump(w, w->settle_ms);
    snprintf(to, sizeof(to), "%s.1", w->log);
    int in = open(w->log, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    while ((n = read(in, block, sizeof(block))) > 0)
        if (write(out, block, (size_t)n) != n)
            die(to);
    close(in);
    close(out);
    if (ftruncate(w->fd, 0) < 0)
        die(w->log);
}

/* ---- the loop ----------------------------------------------------------- */

static bool due(double *next, double every, double now)
{
    if (every <= 0 || now < *next)
        return false;
    *next = now + every;
    return true;
}

static void pause_once(struct writer *w)
{
    sleep_s(w->pause_for);
    jump(w, w->pause_for * 1000);
    w->pause_at = 0;
}

static void note_stall(struct writer *w, double ms)
{
    w->late_ms = ms > (double)w->late_ms ? (int64_t)ms : w->late_ms;
    if (ms > STALL_MS)
        jump(w, ms);
}

static void run(struct writer *w)
{
    double begun = now_s(), wrote = begun, lines = 0;
    double next_rotate = begun + w->rotate_s, next_truncate = begun + w->truncate_s;
    while (!stop && (w->count == 0 || (double)w->chain.count < w->count)) {
        double now = now_s(), since = now - wrote;
        if (w->seconds > 0 && now - begun >= w->seconds)
            break;
        note_stall(w, since * 1000);
        wrote = now;
        lines +=
            w->rate * (since < 0.5 ? since : 0.5); // what was not written is not made up for
        write_until(w, (uint64_t)(w->count > 0 && lines > w->count ? w->count : lines));
        if (due(&next_rotate, w->rotate_s, now))
            rotate(w);
        if (due(&next_truncate, w->truncate_s, now)) {
            copytruncate(w);
            wrote = now_s();
        }
        if (w->pause_at > 0 && now - begun >= w->pause_at) {
            pause_once(w);
            wrote = now_s();
        }
        sleep_s(BATCH_MS / 1000.0);
    }
}

static void finish(struct writer *w)
{
    char line[LINE_MAX_];
    if (w->finish_ms > 0)
        write_all(w, line, put_line(w, w->stamp_ms + (int64_t)w->finish_ms, line));
    say_model(w, "last ", w->stamp_ms);
    fprintf(w->out, " %" PRId64 "\n", w->late_ms);
    if (fclose(w->out) != 0)
        die(w->model);
    close(w->fd);
    printf("%" PRIu64 " lines\n", w->chain.count);
}

/* ---- options ------------------------------------------------------------ */

static const struct option options[] = {
    {"log", 1, NULL, 0},      {"model", 1, NULL, 0},        {"rate", 1, NULL, 0},
    {"count", 1, NULL, 0},    {"seconds", 1, NULL, 0},      {"speed", 1, NULL, 0},
    {"start", 1, NULL, 0},    {"rotate", 1, NULL, 0},       {"keep", 1, NULL, 0},
    {"settle", 1, NULL, 0},   {"copytruncate", 1, NULL, 0}, {"finish", 1, NULL, 0},
    {"pause-at", 1, NULL, 0}, {"pause-for", 1, NULL, 0},    {NULL, 0, NULL, 0},
};

static bool take(struct writer *w, const char *name, const char *value)
{
    const struct {
        const char *name;
        double *at;
    } numbers[] = {
        {"rate", &w->rate},         {"count", &w->count},
        {"seconds", &w->seconds},   {"speed", &w->speed},
        {"start", &w->start_ms},    {"rotate", &w->rotate_s},
        {"keep", &w->keep},         {"settle", &w->settle_ms},
        {"finish", &w->finish_ms},  {"copytruncate", &w->truncate_s},
        {"pause-at", &w->pause_at}, {"pause-for", &w->pause_for},
    };
    if (strcmp(name, "log") == 0)
        w->log = value;
    else if (strcmp(name, "model") == 0)
        w->model = value;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        char *end = NULL;
        if (strcmp(name, numbers[i].name) != 0)
            continue;
        *numbers[i].at = strtod(value, &end);
        return end != value && *end == '\0' && *numbers[i].at >= 0;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct writer w = {.rate = 20000, .speed = 10, .keep = 8, .settle_ms = 500};
    int option, which = 0;
    while ((option = getopt_long(argc, argv, "", options, &which)) != -1)
        if (option != 0 || !take(&w, options[which].name, optarg))
            return 64;
    if (!w.log || !w.model || !(w.rate > 0) || !(w.speed > 0))
        return fprintf(stderr, "write_numbered: say --log FILE --model FILE\n"), 64;
    w.base_ms = (int64_t)w.start_ms;
    if (!w.base_ms) // a day ago, so that no stamp overtakes our clock
        w.base_ms = ((int64_t)time(NULL) - 86400) / 60 * 60000;
    if (!(w.out = fopen(w.model, "we")))
        die(w.model);
    open_log(&w);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_term}, NULL);
    run(&w);
    finish(&w);
    return 0;
}

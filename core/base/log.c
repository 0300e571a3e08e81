/* SPDX-License-Identifier: MIT */

#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

// Set once at start, before there are threads.
static enum log_level most_level = LOG_NOTICE;
static int with_stamp;

void log_setup(enum log_level most, int stamped)
{
    most_level = most;
    with_stamp = stamped;
}

/*
 * Control bytes become `?`, so that a file name or a log line cannot move the cursor of a terminal. Those of the second
 * set, U+0080 to U+009F, are two bytes: U+009B does what ESC [ does.
 */
static void defuse(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p; p++) {
        if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
            p[0] = p[1] = '?';
        else if (*p < 0x20 || *p == 0x7f)
            *p = '?';
    }
}

void log_line(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {"", "error", "warning", "notice", "debug"};
    if (level > most_level)
        return;
    char stamp[CLOCK_TEXT_SIZE], message[1024], line[1152];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    defuse(message);
    const char *when = with_stamp ? clock_format(clock_wall_ns(), stamp) : "oddline:";
    int len = snprintf(line, sizeof(line), "%s %s: %s\n", when, names[level], message);
    if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
        return; // nowhere left to say it
}

/* SPDX-License-Identifier: MIT */

#include "base/log.h"

#include "base/clock.h"
#include "base/screen.h"

#include <errno.h>
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

void log_line(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {"", "error", "warning", "notice", "debug"};
    if (level > most_level)
        return;
    char stamp[CLOCK_TEXT_SIZE], message[1024];
    struct buffer line = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    buffer_printf(&line, "%s %s: ",
                  with_stamp ? clock_format(clock_wall_ns(), stamp) : "oddline:", names[level]);
    screen_text(&line, bytes_of(message), 0); // a file's name or a log's line may hold anything
    buffer_char(&line, '\n');
    struct bytes out = buffer_bytes(&line);
    while (out.len) { // at once, but for a pipe that is full or a signal
        ssize_t n = write(STDERR_FILENO, out.at, out.len);
        if (n <= 0 && errno != EINTR)
            break; // nowhere left to say it
        out.at += n > 0 ? n : 0;
        out.len -= n > 0 ? (size_t)n : 0;
    }
    buffer_free(&line);
}

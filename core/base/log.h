/* SPDX-License-Identifier: MIT */
/*
 * log.h - what oddline says about itself, on stderr, one line each.
 *
 *      2016-12-19T17:14:38.000Z warning: /var/log/app.log: no permission to read
 *
 * Only who decides about an error logs it. Control bytes are escaped, so a hostile file name cannot move a cursor.
 * Thread-safe: one write(2) a line.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_QUIET, LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_DEBUG };

/* Lines above this level are not written; LOG_NOTICE to begin with. `stamped` puts the time in front. */
void log_setup(enum log_level most, int stamped);

void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_NOTICE, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_DEBUG, __VA_ARGS__)

#endif /* BASE_LOG_H */

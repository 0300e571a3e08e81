/* SPDX-License-Identifier: MIT */
/*
 * logs.h - small logs of every format with what is hard about them, for tests that cut them everywhere.
 */
#ifndef TESTS_UNIT_RECORD_LOGS_H
#define TESTS_UNIT_RECORD_LOGS_H

#include "unit/record/rig.h"

struct log {
    const char *name;
    struct record_options options;
    struct bytes text;
};

static const struct record_field log_fields[] = {{.name = "status"},
                                                 {.name = "msg", .is_text = true},
                                                 {.name = "took"},
                                                 {.name = "duration"}};
static const struct record_field log_group[] = {{.name = "status"}, {.name = "duration"}};

#define LOG(what, bytes, ...)                                                                  \
    {                                                                                          \
        .name = what,                                                                          \
        .options = {.fields = log_fields, .field_count = 4, .duration = 4, __VA_ARGS__},       \
        .text = {                                                                              \
            bytes,                                                                             \
            sizeof(bytes) - 1                                                                  \
        }                                                                                      \
    }

#define LOG_TRACE                                                                              \
    "starting up\r\n\r\n"                                                                      \
    "2016-12-19 16:31:46,725 INFO [main] a: took=5ms\r\n"                                      \
    "2016-12-19 16:31:47,725 ERROR [main] a: boom\r\n"                                         \
    "java.lang.X: \xff\xfe\x80 and a \0 NUL\r\n\tat b\r\n\r\n  \r\nCaused by: c\r\r\n"         \
    "2016-12-19 16:31:48,725 WARN [main] a: caf\xc3\xa9 \xc0\xaf \xed\xa0\x80\n"               \
    "| 2016-12-19 16:31:48 |\n"                                                                \
    "2016-12-31 23:59:59,999 INFO a very very very very very very very very very very very "   \
    "very very very very very very very very very very very very long line took=7\r\n"         \
    "\tthat goes on\n\n\n\n2017-01-01 00:00:00,000 INFO end"

#define LOG_YEARS                                                                              \
    "2019-06-01 00:00:00 a\nDec 30 21:20:00 b\n more\nDec 31 01:02:03 b\nJan  1 01:02:03 c\n"  \
    " more\nFeb 29 00:00:00 d\nE0601 12:00:00.1 klog\nDec 14 01:02:03 c\nMar  1 00:00:00 d\n"  \
    "Jun  4 01:02:no stamp\n and more\n"

/* Nothing but the file's time says which year it is. */
#define LOG_YEARLESS                                                                           \
    "Dec 31 23:59:58 a\nDec 31 23:59:59 b\n more\nJan  1 00:00:00 c\nE0102 12:00:00.1 d\n"

/* The clock is set back on 27 October 2024: 02:30 comes twice. */
#define LOG_SUMMER                                                                             \
    "2024-10-27 01:59:59 INFO a\n2024-10-27 02:30:00 INFO b\n2024-10-27 03:00:00 WARN c\n"     \
    "2024-10-27 02:30:00 INFO d\n2024-03-31 02:30:00 INFO e\n2024-03-31 03:30:00 INFO f\n"

#define LOG_JSON                                                                               \
    "{\"time\":\"2023-01-29T08:42:10Z\",\"level\":\"warn\",\"msg\":\"a \\u00e9\",\"status\":5" \
    "}\n{\"time\":1674981731,\"level\":50,\"msg\":\"b\\tc\",\"took\":1.5}\r\nno json\n"        \
    "{\"msg\":\"without a time\"}\n{\"time\":\"2023-01-29T08:42:12Z\",\"msg\":\"cut off"

#define LOG_LOGFMT                                                                             \
    "time=2023-01-29T08:42:10Z level=info msg=\"a \\\"quoted\\\" one\" status=200\n"           \
    "time=2023-01-29T08:42:11Z level=error msg=b took=3ms status=500\r\nplain\n"               \
    "time=2023-01-29T08:42:12Z level=info msg=c\n"

#define LOG_COMBINED                                                                           \
    "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.0\" 200 2326 \"-\" \"x\" 0.1\n" \
    "10.0.0.1 - bob [10/Oct/2000:13:55:37 -0700] \"GET /b HTTP/1.0\" 500 1 \"-\" \"x\" 2.5\n"  \
    "\n10.0.0.1 - - [10/Oct/2000:13:56:00 -0700] \"\" 400 0 \"-\" \"-\"\r\n"

#define LOG_SYSLOG                                                                             \
    "<34>Dec 31 23:59:59 host su[1]: 'su root' failed\n<13>Jan  1 00:00:00 host a: b took=1\n" \
    "<165>1 2003-10-11T22:14:15.003Z host evntslog - ID47 [x@3 status=\"5\"] \xef\xbb\xbfmsg"  \
    "\n<34>Jan  2 00:00:01 host su: x\r\n"

#define LOG_CRI                                                                                \
    "2023-01-29T08:42:10.9Z stdout F INFO whole\r\n"                                           \
    "2023-01-29T08:42:11Z stdout P [error] fir\n2023-01-29T08:42:12Z stdout F st\n\n"          \
    "2023-01-29T08:42:13Z stderr P left\nnot cri\n2023-01-29T08:42:14Z stdout P aaaaaaaaaaaa"  \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n2023-01-29T08:42:14Z stdout P bbbbbbbbbbbbbbbbbbbbbb\n"  \
    "2023-01-29T08:42:14Z stdout F c"

#define LOG_DOCKER                                                                             \
    "{\"log\":\"INFO a\\n\",\"stream\":\"stdout\",\"time\":\"2023-01-29T08:42:10Z\"}\n"        \
    "{\"log\":\"ERROR b\\tx\",\"stream\":\"stdout\",\"time\":\"2023-01-29T08:42:11Z\"}\r\n"    \
    "{\"log\":\"c\\n\",\"stream\":\"stdout\",\"time\":\"2023-01-29T08:42:12Z\"}\n"             \
    "{\"log\":\"d\\n\",\"stream\":\"stderr\",\"time\":\"2023-01-29T08:42:13Z\"}\n"

#define LOG_REGEX                                                                              \
    "2024-01-01 00:00:00 INFO a status=200\n  goes on\nno match\n"                             \
    "2024-01-01 00:00:01 ERROR b status=500\r\n2024-01-01 00:00:02 WARN c\n"

/* NUL, invalid and overlong UTF-8, surrogates, a byte order mark, lone CR, VT, FF, NEL, ESC. */
#define LOG_BYTES                                                                              \
    "\xef\xbb\xbf"                                                                             \
    "2024-01-01 00:00:00 INFO marked\n\0\0\0\n\xc0\x80\xed\xa0\x80\xf8\x88\x80\x80\x80\n"      \
    "lone\rcr\r\r\n\v\f\x85\xc2\x85\n\xef\xbb\xbf\n\xef\xbb\n\x1b[31m\xe2\x80\xae\xff\n"       \
    "\xef\xbb\xbf\xef\xbb\xbftwice\n\xe2\x80\xa8\n2024-01-01 00:00:01 INFO end\xef\xbb"

#define LOG_WIDE "\xff\xfeI\0N\0F\0O\0 \0a\0\r\0\n\0E\0R\0R\0O\0R\0 \0b\0\n\0c\0"

#define LOG_LEVELS                                                                             \
    "2024-01-01 00:00:00 a info one\n2024-01-01 00:00:01 b info two\n"                         \
    "2024-01-01 00:00:02 c error three\n2024-01-01 00:00:03 d debug four\n"                    \
    "2024-01-01 00:00:04 e info five\n2024-01-01 00:00:05 f warning six\n"

#define LOG_PATTERN                                                                            \
    "^(?<time>\\S+ \\S+) (?<level>\\w+) (?<message>.*?)( status=(?<status>\\d+))?\\s*$"

static const struct log logs[] = {
    LOG("traces", LOG_TRACE, .bytes_max = 0),
    LOG("traces over 64 bytes", LOG_TRACE, .bytes_max = 64),
    LOG("traces over 100 bytes", LOG_TRACE, .bytes_max = 100),
    LOG("traces by a pattern", LOG_TRACE, .multiline_start = "^\\d{4}-", .bytes_max = 80),
    LOG("traces line by line", LOG_TRACE, .multiline_start = ""),
    LOG("years", LOG_YEARS, .format = RECORD_TEXT),
    LOG("years from 2016", LOG_YEARS, .format = RECORD_TEXT, .year = 2016),
    LOG("no year at all", LOG_YEARLESS, .format = RECORD_TEXT),
    LOG("summer time", LOG_SUMMER, .timezone = "Europe/Paris"),
    LOG("levels", LOG_LEVELS, .format = RECORD_TEXT),
    LOG("json", LOG_JSON, .format = RECORD_JSON),
    LOG("json over 64 bytes", LOG_JSON, .bytes_max = 64),
    LOG("logfmt", LOG_LOGFMT, .format = RECORD_LOGFMT),
    LOG("combined", LOG_COMBINED, .bytes_max = 0),
    LOG("syslog", LOG_SYSLOG, .bytes_max = 0),
    LOG("cri", LOG_CRI, .format = RECORD_CRI),
    LOG("cri over 80 bytes", LOG_CRI, .format = RECORD_CRI, .bytes_max = 80),
    LOG("docker", LOG_DOCKER, .bytes_max = 0),
    LOG("docker over 120 bytes", LOG_DOCKER, .bytes_max = 120),
    {.name = "regex",
     .options = {.format = RECORD_REGEX,
                 .regex = LOG_PATTERN,
                 .fields = log_group,
                 .field_count = 2,
                 .duration = 2},
     .text = {LOG_REGEX, sizeof(LOG_REGEX) - 1}},
    LOG("odd bytes", LOG_BYTES, .bytes_max = 0),
    LOG("odd bytes line by line", LOG_BYTES, .multiline_start = ""),
    LOG("UTF-16", LOG_WIDE, .bytes_max = 0),
};
enum { LOGS = sizeof(logs) / sizeof(logs[0]) };

#endif /* TESTS_UNIT_RECORD_LOGS_H */

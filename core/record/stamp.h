/* SPDX-License-Identifier: MIT */
/*
 * stamp.h - reads the time stamps that people's programs write.
 *
 *      2016-12-19 16:31:46,725   17/06/09 20:10:40   Jun 14 15:16:01   10/Oct/2000:13:55:36 -0700   1700000000.123
 *
 * The form is told by the shape of the first bytes, so there is nothing to configure and a source may change its form
 * from line to line. Neighbouring lines mostly share date, hour and minute: for each form those bytes are remembered,
 * and while they stay the same only seconds, fraction and zone are read.
 *
 * Stamps without a year take the one that puts them less than 45 days before or 320 days behind the stamp before; the
 * first takes the year that was asked for, or else the latest that is not more than a day after the file's time.
 * Impossible dates are no stamps; years run from 1970 to 2261.
 *
 * "The stamp before" is the one of the last record that was *taken*: a line is often looked at before it is known to
 * begin a record, how often depends on how the bytes arrive, and looking must not change what is read next. So
 * stamp_read() only notes what it saw, and stamps_take() makes that the anchor.
 */
#ifndef RECORD_STAMP_H
#define RECORD_STAMP_H

#include "base/bytes.h"
#include "record/zone.h"

#include <stdbool.h>
#include <stdint.h>

enum stamp_form {
    STAMP_NONE,
    STAMP_ISO,   /* 2016-12-19 16:31:46,725+01:00, T or blank, - or / */
    STAMP_SHORT, /* 17/06/09 20:10:40: year, month, day */
    STAMP_NAMED, /* 10/Oct/2000:13:55:36 -0700, 10-Oct-2000 13:55:36.123, 10 Oct 2000 13:55:36 */
    STAMP_CTIME,  /* Sun Dec 04 04:47:44 2005, Fri Sep 09 10:42:29.902022 2011 */
    STAMP_BSD,    /* Jun 14 15:16:01, Jun  4 15:16:01 */
    STAMP_KLOG,   /* E0101 12:00:00.123456 */
    STAMP_DOTTED, /* 10.30 16:49:06: month, day */
    STAMP_DIGITS, /* 081109 203615 */
    STAMP_DASHED, /* 2005-06-03-15.42.50.675872: BlueGene, DB2 */
    STAMP_EPOCH,  /* 1700000000, 1700000000.123, 1700000000123 and so on to nanoseconds */
    STAMP_FORMS,
};

/* The bytes up to the minute as they were last seen, and what they mean. */
struct stamp_memo {
    char text[20];
    uint32_t len;                     /* 0: nothing seen */
    int32_t year, month, day, minute; /* minute of the day */
    int64_t local_s;
};

/* What years are inferred from: the last stamp without a year; until there is one, the last with a year. */
struct anchor {
    int64_t local_s; /* to the minute; INT64_MIN: none */
    bool yearless;
};

/* One per source. */
struct stamps {
    const struct zone *zone;
    struct zone_span span; /* offset of the last local time asked for */
    int year;              /* asked for, or 0 */
    int64_t file_s;        /* time of the file */
    struct anchor anchor;  /* of the records that were taken */
    struct anchor seen;    /* in what was read since stamps_pass() */
    enum stamp_form form;  /* of the last stamp that was read: most others are like it */
    struct stamp_memo memo[STAMP_FORMS];
};

/* `file_time_ns` may be NO_TIME: then the wall clock stands in for it. `zone` is lent. */
void stamps_init(struct stamps *stamps, const struct zone *zone, int year,
                 int64_t file_time_ns);

/* The stamp that `text` begins with: its length, 0 when there is none. Cost: about 20 ns. */
size_t stamp_read(struct stamps *stamps, struct bytes text, int64_t *ret_ns);
/* Nothing that was read so far counts. */
void stamps_pass(struct stamps *stamps);
/* What was read since belongs to a record that is taken: years go on from there. True when that changes what is inferred. */
bool stamps_take(struct stamps *stamps);
/* Which form would be tried. */
enum stamp_form stamp_form(struct bytes text);
/* Before the first stamp: something near is known to have this time. A year that was asked for goes before it. */
void stamps_anchor(struct stamps *stamps, int64_t time_ns);
/* Has this form a year? */
bool stamp_has_year(enum stamp_form form);
/* Length of a time without a date, `16:42:10.935`, that `text` begins with, or 0. */
size_t stamp_clock(struct bytes text);

#endif /* RECORD_STAMP_H */

/* SPDX-License-Identifier: MIT */
/*
 * record.h - bytes become records.
 *
 *      tail ──bytes──▶ frame ──lines──▶ join ──▶ parse (time, level, fields) ──▶ batch
 *
 * One `record_plan` per stream (immutable, shared), one `recorder` per source (remembers the format it chose, the last
 * time, the line number, an over-long record it is skipping). Feeding the same bytes in any chunks gives the same
 * records: a record is only made when its end is certain, otherwise its bytes are left and come again with the next ones.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/pack.h"
#include "base/regex.h"
#include "ring/batch.h"

#include <stdbool.h>
#include <stdint.h>

enum record_format {
    RECORD_AUTO, /* look at the first lines, then one of the following */
    RECORD_TEXT, /* a stamp somewhere near the start, a level by position, the rest is message */
    RECORD_JSON,
    RECORD_LOGFMT,
    RECORD_COMBINED, /* Apache and nginx, common and combined, with trailing numbers such as the request time */
    RECORD_SYSLOG, /* RFC 3164 and 5424 */
    RECORD_CRI,    /* Kubernetes: time stream tag message; P parts are joined */
    RECORD_DOCKER, /* Docker's json-file: {"log":…,"stream":…,"time":…} */
    RECORD_REGEX,  /* named groups: time, level, message, and any field */
};
const char *record_format_name(enum record_format format);
/* The format of that name, or -EINVAL. */
int record_format_parse(const char *name, enum record_format *ret);

enum {
    RECORD_BYTES_MAX = 64 * 1024, /* of one record; the rest is skipped and counted */
    RECORD_PATTERNS_MAX = BATCH_PATTERNS,
    RECORD_FIELDS_MAX = 64,
};

struct record_field {
    const char *name; /* "status"; in JSON a path such as "http.status" */
    bool is_text;     /* else a number */
};

/* Borrowed for the call of record_plan_create(); everything that is kept is copied, but `patterns`, which are lent for
   the plan's life and used by one thread. */
struct record_options {
    enum record_format format;
    const char *regex; /* RECORD_REGEX: the pattern */
    const char *
        multiline_start; /* a record begins at a line that matches; NULL: a line with a stamp, or, where lines
                                    carry none, one that is not indented. "" : every line is a record */
    const char
        *timezone; /* of stamps without one: "UTC", "+01:00", "Europe/Paris"; NULL = UTC */
    int year; /* of stamps without one; 0 = inferred from file_time_ns, rolling over at New Year */
    size_t bytes_max;                  /* 0 = RECORD_BYTES_MAX */
    const struct record_field *fields; /* [field_count]; field i of records has name i */
    size_t field_count;
    size_t
        duration; /* 1 + the field that has no name in records but is what they say of how long something took, in ms
                        (duration.h); 0: none */
    bool
        heads_of_matches; /* level and message of free text are asked of such records only as match a pattern */
    struct regex *const
        *patterns; /* [pattern_count]; see batch_matched(); searched in the whole record */
    size_t pattern_count;
};

struct record_plan;
/* Owns: the caller. Errors: an unknown time zone, a broken pattern, too many fields. */
int record_plan_create(const struct record_options *options, struct record_plan **ret,
                       struct error *reterr);
void record_plan_free(struct record_plan *plan); /* accepts NULL */

struct recorder;
/* `file_time_ns`: the source's modification time, or NO_TIME; only anchors the year of stamps that have none. */
int recorder_create(const struct record_plan *plan, int64_t file_time_ns,
                    struct recorder **ret);
void recorder_free(struct recorder *recorder); /* accepts NULL */

/*
 * Cut and parse what lies in [text, text + len) of the writer's room (batch_filled() was called), adding records.
 * `final`: nothing will ever follow, or what is here has waited long enough: the last record ends here.
 *
 *   Returns  bytes used, 0..len. What is left must be fed again, with what follows it. It is at most bytes_max + one
 *            line bound, unless the batch filled up.
 *   Cost     no allocation; O(len)
 */
size_t recorder_feed(struct recorder *recorder, struct batch_writer *writer, bool final);

/*
 * Give the records collected in the writer their templates: the id, and the flags NEW and LEARNING. Once for each batch of the
 * source, in order, before it is committed. A stream has one miner; where messages begin is learnt for each source.
 *
 *   Cost     see template_assign()
 */
struct miner;
void recorder_assign(struct recorder *recorder, struct miner *miner,
                     struct batch_writer *writer);
/* The two halves of it, for who wants no more than the sentences: learn from a batch where they begin; the one of a record. */
void recorder_look(struct recorder *recorder, struct miner *miner,
                   const struct batch_writer *writer);
struct bytes recorder_sentence(const struct recorder *recorder, const struct miner *miner,
                               const struct batch_writer *writer,
                               const struct oddline_record *record);

/* Let RECORD_AUTO choose now from these bytes (the start of the source); else it happens at the first feed. */
void recorder_sample(struct recorder *recorder, struct bytes head);
/* "text, stamps like 2016-12-19 16:31:46,725, level behind the stamp, lines without a stamp joined": for people.
   Says so when the bytes are UTF-16. */
const char *recorder_choice(const struct recorder *recorder);
/* Same for programs: the format in use. */
enum record_format recorder_format(const struct recorder *recorder);

/* Physical line number of the next record, from 1; set it when reading starts in the middle (0 = unknown). */
uint64_t recorder_line(const struct recorder *recorder);
void recorder_set_line(struct recorder *recorder, uint64_t line);

/* What went past, since the start. */
struct record_counts {
    uint64_t records, lines;
    uint64_t unparsed;      /* records the format did not fit */
    uint64_t truncated;     /* records over the bound */
    uint64_t skipped_bytes; /* of those records, beyond the bound */
    uint64_t no_stamp;      /* records that took the time of the one before */
    uint64_t limit_errors;  /* pattern searches given up at a limit */
};
struct record_counts recorder_counts(const struct recorder *recorder);

/*
 * All that future records depend on, as bytes: unpacked into a recorder of the same plan they make it go on as this one would have.
 * Bytes that are none of that give -EBADMSG, and the recorder is as it was.
 */
void recorder_pack(const struct recorder *recorder, struct buffer *out);
int recorder_unpack(struct recorder *recorder, struct unpacker *in);

#endif /* RECORD_RECORD_H */

/* SPDX-License-Identifier: MIT */
/*
 * parse.h - inside the record room: what a format is, and the record it is reading.
 *
 *      choose.c        looks at the sample, picks a row of the table of formats, learns places and columns
 *      record.c        cuts, lets the format read, puts the outcome into the batch
 *      as_*.c          one format each: time, level, message, named fields
 *      search.c        which patterns of the stream each record matches
 *      assign.c        the template of each, when somebody asks
 *      record_state.c  what was learnt, as bytes
 *
 * A format reads only what somebody asked for; what it hands out are slices of the batch's text, raw or decoded.
 */
#ifndef RECORD_PARSE_H
#define RECORD_PARSE_H

#include "base/json.h"
#include "base/sieve.h"
#include "record/duration.h"
#include "record/join.h"
#include "record/lead.h"
#include "record/level.h"
#include "record/record.h"

struct wanted {
    struct bytes name;
    bool is_text;
};

/* The fields of an access log, in the order in which they stand there, but for the remote end. */
enum combined_field {
    COMBINED_REMOTE,
    COMBINED_METHOD,
    COMBINED_PATH,
    COMBINED_STATUS,
    COMBINED_BYTES,
    COMBINED_REFERER,
    COMBINED_AGENT,
    COMBINED_TIME,
    COMBINED_FIELDS,
};

struct record_plan {
    enum record_format format;
    struct regex *line; /* RECORD_REGEX, with the numbers of its groups; -1: none */
    int time_group, level_group, message_group;
    int field_group[RECORD_FIELDS_MAX];
    struct regex *start; /* multiline_start */
    bool each_line;      /* multiline_start is "" */
    struct zone *zone;
    int year;
    size_t bytes_max;
    struct wanted wanted[RECORD_FIELDS_MAX];
    size_t wanted_count;
    size_t named_count;                 /* of these, without the duration, which has no name */
    uint64_t combined[COMBINED_FIELDS]; /* bit i: it is field i */
    int duration; /* index of the duration among them; -1: nobody wants it */
    struct regex *const *patterns;
    size_t pattern_count;
    struct sieve *sieve;                 /* says which of them may match */
    uint64_t blind[BATCH_PATTERNS / 64]; /* those it says nothing of */
    bool heads_of_matches;
};

enum skip {
    SKIP_NONE,
    SKIP_LINE,
    SKIP_LINES
}; /* of a record over the bound: inside a line, between lines */

struct recorder {
    const struct record_plan *plan;
    enum record_format format;
    bool chosen;
    struct stamps stamps;
    places allowed; /* where stamps stand in this source */
    bool stamped;   /* it has any */
    struct level_habit habit;
    struct joiner joiner;
    enum skip skip;
    int64_t last_ns; /* time of the record before */
    uint64_t line;
    struct record_counts counts;
    struct duration_habit durations;
    struct columns
        columns; /* where messages begin; nothing as long as nobody asks for templates */
    char choice[256];
};

/* One record being read. */
struct reading {
    struct recorder *recorder;
    struct batch_writer *writer;
    const struct extent *extent;
    struct bytes text;
    bool force; /* nothing else is in the batch: do without room that is not there */
    int64_t time_ns;
    struct bytes message;
    struct bytes body;        /* where a duration may stand; at == NULL: the message */
    struct duration duration; /* read when its turn has come */
    bool timed;               /* the body is a duration and nothing else */
    uint8_t level;
    bool unfit;    /* the format does not fit */
    uint64_t have; /* bit i: field i was found */
    uint16_t field_count;
    struct oddline_field fields[RECORD_FIELDS_MAX];
};

/* The level of a record, and where its message begins, when it has come to that; its message is all that may hold them. */
typedef void head_fn(const struct recorder *recorder, const char *text,
                     struct oddline_record *record);

struct format {
    const char *name;
    /* Is this a line of the format? While choosing; NULL: not chosen by looking. */
    bool (*fits)(struct stamps *stamps, struct bytes line);
    /* 0, or -ENOBUFS: no room to decode; the batch ends before this record. */
    int (*read)(struct reading *reading);
    /* The part of a line that a level may stand in front of, for learning; NULL: the level has a field. */
    struct bytes (*inner)(struct stamps *stamps, struct bytes line);
    enum join_rule rule;
    join_part_fn *part;
    head_fn
        *head; /* with heads_of_matches this is left out by `read`; NULL: `read` does it all */
};
extern const struct format formats[RECORD_REGEX + 1];

/* choose.c */
void choose_format(struct recorder *recorder, struct bytes head);
/* Join lines by `rule`, and by what the plan, the format and the learnt places say. */
void choose_joiner(struct recorder *recorder, enum join_rule rule);
enum { CHOOSE_LINES = 200, CHOOSE_BYTES = 64 * 1024 };

/* search.c: all records of the batch, which is complete */
void search_patterns(struct recorder *recorder, struct batch_writer *writer);

/* as_*.c */
bool json_fits(struct stamps *stamps, struct bytes line);
int json_record(struct reading *reading);
/* Level, message and fields of an object, and its time if it has one: 0 or -ENOBUFS. */
int json_members(struct reading *reading, struct json_value object);
bool logfmt_fits(struct stamps *stamps, struct bytes line);
int logfmt_record(struct reading *reading);
bool combined_fits(struct stamps *stamps, struct bytes line);
int combined_record(struct reading *reading);
void combined_plan(struct record_plan *plan); /* who wants which, once the fields are known */
bool syslog_fits(struct stamps *stamps, struct bytes line);
int syslog_record(struct reading *reading);
struct bytes syslog_inner(struct stamps *stamps, struct bytes line);
head_fn syslog_head;
bool docker_fits(struct stamps *stamps, struct bytes line);
int docker_record(struct reading *reading);
struct bytes docker_inner(struct stamps *stamps, struct bytes line);
char docker_part(struct bytes line, bool *ret_part);
bool cri_fits(struct stamps *stamps, struct bytes line);
int cri_record(struct reading *reading);
struct bytes cri_inner(struct stamps *stamps, struct bytes line);
char cri_part(struct bytes line, bool *ret_part);
int regex_record(struct reading *reading);
int text_record(struct reading *reading);
head_fn text_head;
struct bytes text_inner(struct stamps *stamps, struct bytes line);

/* fields.c */
static inline bool fields_wanted(const struct reading *reading)
{
    return reading->recorder->plan->named_count != 0;
}
/* Is this record looked at for its duration? */
static inline bool duration_wanted(const struct reading *reading)
{
    const struct recorder *recorder = reading->recorder;
    return recorder->plan->duration >= 0 &&
           duration_due(&recorder->durations, recorder->counts.records);
}
/* Field `index` has this value; the first one counts. A number that is none is no field. */
void field_set(struct reading *reading, size_t index, struct bytes value);
/* The same by name, if anybody wants it. */
void field_named(struct reading *reading, struct bytes name, struct bytes value);
/* Look for `name=value` and `name: value` in free text. */
void fields_in_text(struct reading *reading, struct bytes text);
/* Undo JSON's escapes beside the text, if there are any: 0 or -ENOBUFS. */
int decode(struct reading *reading, struct bytes raw, struct bytes *ret);
/* The time that a field's value is, or NO_TIME. */
int64_t field_time(struct reading *reading, struct bytes value);

/* What a record is told later, over what it was told before. */
static inline void head_set(struct oddline_record *record, const char *text, uint8_t level,
                            struct bytes message)
{
    record->level = level;
    record->message = message.len ? (uint32_t)(message.at - text) : 0;
    record->message_len = (uint32_t)message.len;
}

static inline struct bytes bytes_from(struct bytes text, size_t at)
{
    return (struct bytes){text.at + at, text.len - at};
}
/* Cuts the token up to `end` off `rest`, and `end` with it; all of it when there is no `end`. */
static inline struct bytes bytes_until(struct bytes *rest, char end)
{
    const char *found = rest->len ? memchr(rest->at, end, rest->len) : NULL;
    size_t n = found ? (size_t)(found - rest->at) : rest->len;
    struct bytes token = {rest->at, n};
    *rest = bytes_from(*rest, n + (found != NULL));
    return token;
}

#endif /* RECORD_PARSE_H */

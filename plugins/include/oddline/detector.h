/* SPDX-License-Identifier: MIT */
/*
 * detector.h - everything a detector of oddline needs to know. The only installed header.
 *
 * A detector is one shared object that exports one constant, `oddline_plugin`. The core reads that label before it
 * runs a line of your code, opens one or more instances, hands each of them closed windows to score (and, on request,
 * every record before that), and turns the scores into findings. A detector scores and decides nothing: thresholds,
 * warm-up, hold, deduplication and routing belong to the core, so every detector gets the same noise control.
 *
 *      open -> [ observe* -> score ]* -> save -> close
 *                                        load -> ...          (a later instance goes on from the saved state)
 *
 * Threads    Calls into one instance never overlap. Two instances may run at the same time: keep no writable globals.
 * Ownership  Every pointer handed over, in either direction, is lent for that one call. Copy what you keep.
 * Clock      There is none but event time. Same windows in, same scores out: no wall clock, no randomness of your own.
 * Where      An instance may run in another process than the core. No pointer from one call is valid in the next.
 *
 * Stability  Structs named `oddline_plugin`, `_host`, `_batch`, `_window`, `_score` begin with `size` and may grow at the
 *            tail: use a later member only if `size` covers it. Structs that travel in arrays (`_record`, `_field`,
 *            `_param`, `_value`) are frozen. C11 and C++11; libc only.
 *
 * History    1  2026-11  first
 */
#ifndef ODDLINE_DETECTOR_H
#define ODDLINE_DETECTOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define ODDLINE_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define ODDLINE_EXPORT __attribute__((visibility("default")))
#endif

#define ODDLINE_ABI 1

/* "No instant known", in any time below. Times are nanoseconds since 1970 UTC. */
#define ODDLINE_NO_TIME INT64_MIN

/* ---- status of a call --------------------------------------------------- */

/* Anything but ODDLINE_OK closes the instance and makes a finding of kind `plugin`. */
typedef enum oddline_status {
    ODDLINE_OK = 0,
    ODDLINE_ENOMEM = 1,  /* out of memory */
    ODDLINE_EINVAL = 2,  /* these parameters do not go together */
    ODDLINE_ESTATE = 3,  /* load: this saved state is not mine; the instance starts cold */
    ODDLINE_EFAILED = 4, /* anything else */
} oddline_status;

/* ---- parameters --------------------------------------------------------- */

typedef enum oddline_type {
    ODDLINE_F64 = 1,
    ODDLINE_I64 = 2,
    ODDLINE_BOOL = 3,     /* i64 is 0 or 1 */
    ODDLINE_TEXT = 4,     /* text, NUL-terminated */
    ODDLINE_DURATION = 5, /* i64 nanoseconds; people write 10s, 5m */
    ODDLINE_PATTERNS =
        6, /* a list of PCRE2 patterns. The core compiles and counts them: the instance gets one series per
                             pattern instead of the configured ones, so no regex runs in the detector. At most one
                             parameter of this type; its value is not handed to open(). */
} oddline_type;

typedef union oddline_value {
    double f64;
    int64_t i64;
    const char *text;
} oddline_value;

/* One parameter. The core checks type and range; open() sees only values inside. Frozen. */
typedef struct oddline_param {
    const char *name; /* lower_case */
    const char *unit; /* "" when it has none */
    const char *help; /* one sentence */
    oddline_type type;
    oddline_value fallback; /* used when nobody set it */
    oddline_value min, max; /* inclusive; F64, I64 and DURATION only */
} oddline_param;

/* ---- what an instance sees ---------------------------------------------- */

/* Severity numbers of OpenTelemetry; 0 when the line has no level. */
enum {
    ODDLINE_LEVEL_NONE = 0,
    ODDLINE_LEVEL_TRACE = 1,
    ODDLINE_LEVEL_DEBUG = 5,
    ODDLINE_LEVEL_INFO = 9,
    ODDLINE_LEVEL_WARN = 13,
    ODDLINE_LEVEL_ERROR = 17,
    ODDLINE_LEVEL_FATAL = 21,
};

enum {
    ODDLINE_RECORD_TRUNCATED = 1, /* the record was longer than the bound; its head is here */
    ODDLINE_RECORD_UNPARSED = 2,  /* the stream's format did not fit this record */
    ODDLINE_RECORD_NO_STAMP = 4,  /* time_ns was taken from the record before */
    ODDLINE_RECORD_MULTI = 8,     /* several lines */
    /* Only where template_id is given: */
    ODDLINE_RECORD_NEW =
        16, /* the first record of the stream with its template, and that is rare here */
    ODDLINE_RECORD_LEARNING = 32, /* so many templates are new that it says nothing yet */
};

/* One log record; 64 bytes, frozen. Offsets are relative to `text` of the batch. */
typedef struct oddline_record {
    int64_t time_ns; /* event time, or ODDLINE_NO_TIME */
    uint64_t seq;    /* number of the record in its stream, from 0, without holes */
    uint64_t
        template_id; /* 0 unless ODDLINE_NEEDS_TEMPLATE, and where the stream has no templates */
    uint64_t
        matches; /* bit i: pattern i of the stream, one of the first 64, matched (core-internal) */
    uint32_t text; /* the record as it stands in the file, without the final newline */
    uint32_t text_len;
    uint32_t message; /* the part behind stamp and level, decoded; 0/0 when not set apart */
    uint32_t message_len;
    uint32_t fields; /* index of the first of its fields in the batch */
    uint16_t field_count;
    uint8_t level;     /* severity number, 0..24 */
    uint8_t flags;     /* ODDLINE_RECORD_* */
    uint32_t lines;    /* physical lines, 1 or more */
    uint32_t reserved; /* 0 */
} oddline_record;

/* One named field of a record; 24 bytes, frozen. */
typedef struct oddline_field {
    uint32_t name;    /* index in oddline_host.field_names */
    uint32_t is_text; /* 1: text/text_len, 0: number */
    double number;
    uint32_t text; /* offset in the batch's text */
    uint32_t text_len;
} oddline_field;

/* A run of records of one source, in file order. */
typedef struct oddline_batch {
    size_t size;
    const char *text;
    const oddline_record *records; /* [count] */
    const oddline_field *fields;
    uint32_t count;
} oddline_batch;

enum {
    ODDLINE_WINDOW_EMPTY = 1, /* no record fell into it */
    ODDLINE_WINDOW_QUIET = 2, /* closed by the wall clock because a live source went quiet */
    ODDLINE_WINDOW_PARTIAL =
        4, /* the log ends within it: an excess counts, a lack says nothing */
};

/* A closed window of one stream: [start_ns, end_ns) in event time. Windows come in order and without holes. */
typedef struct oddline_window {
    size_t size;
    int64_t start_ns, end_ns;
    uint64_t index;   /* number of the window in its stream, from 0 */
    uint64_t records; /* records in the window */
    const double *
        values; /* [host.series_count], in the order of host.series; NaN when there is no value */
    const uint64_t *counts; /* [host.series_count], records behind each value */
    uint32_t flags;         /* ODDLINE_WINDOW_* */
} oddline_window;

/* ---- what an instance says ---------------------------------------------- */

typedef enum oddline_kind {
    ODDLINE_SPIKE = 1,   /* above what is usual */
    ODDLINE_DROP = 2,    /* below what is usual */
    ODDLINE_SHIFT = 3,   /* a new level that stays */
    ODDLINE_TREND = 4,   /* a slow ramp */
    ODDLINE_NEW = 5,     /* never or hardly ever seen before */
    ODDLINE_SILENCE = 6, /* should speak and does not */
} oddline_kind;

enum {
    ODDLINE_SCORE_WARMING = 1, /* still learning: shown, never acted upon */
    ODDLINE_SCORE_SURPRISE =
        2, /* `score` is -log10 of a probability under your model, not just "bigger is odder" */
    ODDLINE_SCORE_ACCEPTED = 4, /* a lasting change became the new normal with this window */
};

/* How odd one series is in one window. Say it for every series and window, dull ones with a low score too: the core learns
   the tail of your scores from all of them. */
typedef struct oddline_score {
    size_t size;
    double score;                  /* 0 or more, finite; bigger is odder */
    double observed;               /* the number that was scored, in the unit of the series */
    double expected, lower, upper; /* what was usual; NaN where the method has no such thing */
    uint64_t samples;              /* windows learnt so far */
    const char *reason;            /* one sentence, at most 255 bytes, or NULL */
    uint32_t series;               /* index in host.series */
    uint32_t kind;                 /* oddline_kind */
    uint32_t flags;                /* ODDLINE_SCORE_* */
} oddline_score;

/* The core as the instance sees it. Valid from open to close, the same pointer in every call. */
typedef struct oddline_host {
    size_t size;
    const char *stream;             /* name of the stream */
    const char *const *series;      /* [series_count] names, such as "errors" */
    const char *const *field_names; /* [field_count] */
    uint32_t
        series_count; /* 1 or more; exactly 1 unless ODDLINE_NEEDS_ALL_SERIES or patterns */
    uint32_t field_count;
    int64_t window_ns; /* length of a window */
    /* Report a score; only inside score(). `host` is the pointer you were opened with. */
    void (*report)(const struct oddline_host *host, const oddline_score *score);
} oddline_host;

/* Bytes, lent for the call. */
typedef struct oddline_bytes {
    const void *data;
    size_t len;
} oddline_bytes;

enum { ODDLINE_ERROR_SIZE = 256 };

/* ---- the label ---------------------------------------------------------- */

enum {
    ODDLINE_NEEDS_TEXT = 1 << 0,        /* observe() reads text */
    ODDLINE_NEEDS_TEMPLATE = 1 << 1,    /* template_id is wanted */
    ODDLINE_NEEDS_FIELDS = 1 << 2,      /* observe() reads fields */
    ODDLINE_NEEDS_ALL_SERIES = 1 << 3,  /* one instance scores all configured series together */
    ODDLINE_NEEDS_KNOWN = (1 << 4) - 1, /* a label with any other bit is refused */
};

/* No typedef: the exported constant bears this name. */
struct oddline_plugin {
    size_t size;                 /* sizeof(oddline_plugin) */
    uint32_t abi;                /* ODDLINE_ABI */
    uint32_t needs;              /* ODDLINE_NEEDS_* */
    const char *id;              /* lower-case letters, digits and `-`, up to 31 */
    const char *version;         /* "1.0.0" */
    const char *summary;         /* one sentence */
    const oddline_param *params; /* [param_count], up to 32 */
    uint32_t param_count;
    uint32_t state_version; /* of what save() writes; handed to load() */

    /*
     * Make an instance. `values` is [param_count], in the order of `params`.
     * On failure write one sentence to `error` and return anything but ODDLINE_OK; no close() follows.
     */
    oddline_status (*open)(const oddline_host *host, const oddline_value *values,
                           void **ret_instance, char error[ODDLINE_ERROR_SIZE]);

    /* Optional: see each record once, before the window it belongs to is scored. */
    oddline_status (*observe)(void *instance, const oddline_batch *batch);

    /* Score a closed window: call host->report() once for each series. */
    oddline_status (*score)(void *instance, const oddline_window *window);

    /* Optional, both or none. save: lend the whole state as bytes, valid until the next call; at most 1 MiB. */
    oddline_status (*save)(void *instance, oddline_bytes *ret_state);
    oddline_status (*load)(void *instance, oddline_bytes state, uint32_t state_version);

    void (*close)(void *instance);
};

#define ODDLINE_SYMBOL "oddline_plugin"

#ifdef __cplusplus
}
static_assert(sizeof(oddline_record) == 64 && sizeof(oddline_field) == 24, "frozen");
#else
_Static_assert(sizeof(oddline_record) == 64 && sizeof(oddline_field) == 24, "frozen");
#endif

#endif /* ODDLINE_DETECTOR_H */

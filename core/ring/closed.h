/* SPDX-License-Identifier: MIT */
/*
 * closed.h - the frames of the ring that are no batches: closed windows, what a stream chose, gaps, marks.
 *
 * As in a batch every offset is relative to the payload, and strings are lent slices in it.
 */
#ifndef RING_CLOSED_H
#define RING_CLOSED_H

#include <oddline/detector.h>

#include <stdint.h>

/* The parts evidence plays; several may be one record. */
enum evidence_role { EVIDENCE_FIRST, EVIDENCE_WORST, EVIDENCE_TYPICAL, EVIDENCE_ROLES };

enum { EVIDENCE_TEXT_BYTES = 1024 }; /* of a record that are kept, after redaction */

/* One record that shows what a series counted, in one or several roles. */
struct closed_evidence {
    uint32_t series; /* index in the stream's series */
    uint32_t roles;  /* bit set of enum evidence_role */
    uint64_t offset; /* in the source; of an archive in what it unpacks to */
    uint64_t line;   /* from 1; 0 when unknown */
    int64_t time_ns;
    uint64_t hash;   /* of the whole record as it stands in the file, before redaction */
    uint32_t length; /* of the record in the source */
    uint32_t path, path_len;
    uint32_t text, text_len; /* redacted, at most EVIDENCE_TEXT_BYTES */
    uint32_t level;
};

/* Whose numbers stand in a slot of a grouped series, see window/group.h. Of a slot that nobody sits in there is none. */
struct closed_group {
    uint32_t series; /* index in the stream's series */
    uint32_t
        fresh; /* 1: this is its first window; what was learnt of the slot before was of another group */
    uint32_t key, key_len; /* the value, redacted; empty: all that sit nowhere */
};

/* The payload of RING_WINDOW and RING_GLANCE. */
struct closed {
    uint32_t stream;
    uint32_t flags; /* ODDLINE_WINDOW_* */
    int64_t start_ns, end_ns;
    int64_t
        closed_ns; /* event time that closed it: the watermark passed it, or the quiet clock did; of a glance the minute it is of */
    uint64_t index;
    uint64_t
        repeat; /* this frame stands for so many windows in a row; more than 1 only if they are empty */
    uint64_t records;
    uint64_t late; /* records whose own window was closed already; they were counted here */
    uint32_t series_count;
    uint32_t values;                   /* double [series_count] */
    uint32_t counts;                   /* uint64_t [series_count] */
    uint32_t evidence, evidence_count; /* struct closed_evidence */
    uint32_t groups, group_count; /* struct closed_group; none in a stream without groups */
    uint32_t zero; /* fills the hole: frames of the same are the same, byte for byte */
};

/* The `nth` (from 0) of the windows that a frame stands for, as detectors see it; lent as long as the frame. */
static inline struct oddline_window closed_window(const struct closed *closed, uint64_t nth)
{
    const char *base = (const char *)closed;
    int64_t length = closed->end_ns - closed->start_ns,
            start = closed->start_ns + (int64_t)nth * length;
    return (struct oddline_window){
        .size = sizeof(struct oddline_window),
        .start_ns = start,
        .end_ns = start + length,
        .index = closed->index + nth,
        .records = closed->records,
        .values = (const double *)(const void *)(base + closed->values),
        .counts = (const uint64_t *)(const void *)(base + closed->counts),
        .flags = closed->flags,
    };
}

/* [closed->group_count], in the order of the series. */
static inline const struct closed_group *closed_groups(const struct closed *closed)
{
    return (const struct closed_group *)(const void *)((const char *)closed + closed->groups);
}

/* The payload of RING_STREAM: comes before the first window of the stream. */
struct stream_notice {
    uint32_t stream;
    int64_t window_ns;
};

/* The payload of RING_GAP. */
struct gap {
    uint32_t stream, source;
    uint64_t offset, bytes; /* bytes may be 0: unknown size */
    int64_t time_ns;        /* event time the stream had reached */
    uint32_t path, path_len;
    uint32_t reason, reason_len;
};

enum mark_flag {
    MARK_SNAPSHOT = 1, /* everybody saves what he knows, exactly as of here */
    MARK_REPLAYED = 2, /* what came before was done before: its findings are known */
};

/* The payload of RING_MARK: what came since the last one becomes a block of the journal. */
struct mark {
    uint64_t number; /* of marks in this run, from 1 */
    uint32_t flags;  /* enum mark_flag */
};

/* The payload of RING_SILENCES: so many bytes follow, see judge/hush.h. */
struct silences_notice {
    uint64_t bytes;
};

/* The payload of RING_REMARKS: so many bytes follow, see judge/remarks.h. */
struct remarks_notice {
    uint64_t bytes;
};

enum { DEPLOY_NAME_SIZE = 128 }; /* of a service or a version, with its NUL */

/* The payload of RING_DEPLOY: it comes behind the batch with the record that tells of it. */
struct deploy_notice {
    uint32_t stream, zero;
    int64_t time_ns;
    char service[DEPLOY_NAME_SIZE]; /* "": that of the stream */
    char version[DEPLOY_NAME_SIZE];
};

#endif /* RING_CLOSED_H */

/* SPDX-License-Identifier: MIT */
/*
 * batch.h - a run of records of one source, built in the ring.
 *
 *      reserve │ header │ text ................ │ decoded .. │ records │ fields │
 *                        ▲ bytes read straight    ▲ JSON, CRI  ▲ copied in at commit
 *
 * File bytes are read straight into `text`; records point at them. Text that had to be decoded lies behind it. Records
 * and fields are collected aside, since nobody knows beforehand how many there will be, and copied in at commit.
 * Every number in the header is relative to the payload: a reader may map it anywhere.
 */
#ifndef RING_BATCH_H
#define RING_BATCH_H

#include "base/check.h"
#include "ring/ring.h"

#include <oddline/detector.h>

#include <stdbool.h>
#include <stdint.h>

enum {
    BATCH_TEXT_BYTES =
        128 * 1024,       /* read at once; bigger gives no speed, smaller more frames */
    BATCH_RECORDS = 4096, /* 32 bytes a line on average fill both */
    BATCH_FIELDS = 16384,
    BATCH_PATTERNS = 256,                 /* of a stream that a record can say it matched */
    BATCH_MORE = BATCH_PATTERNS / 64 - 1, /* words of them besides `matches` */
};

/* The payload of RING_BATCH. */
struct batch {
    uint32_t stream, source;        /* numbers given out by the app */
    uint64_t offset;                /* of text[0] in the source */
    uint64_t span;                  /* bytes of the source that it covers */
    uint32_t text, text_len;        /* raw and decoded text */
    uint32_t records, record_count; /* struct oddline_record [record_count] */
    uint32_t fields, field_count;   /* struct oddline_field [field_count] */
};

struct batch_writer {
    struct ring *ring;
    struct batch *batch; /* the reservation, NULL when there is none */
    char *text;          /* where the source reads to */
    size_t text_len;     /* raw bytes in it, set by batch_filled() */
    size_t decoded_len, decoded_max;
    uint64_t
        span; /* bytes of the source that are done with: set by the caller before the commit */
    uint64_t blank;                 /* of them, those that gave no record, so far */
    struct oddline_record *records; /* [BATCH_RECORDS], scratch */
    struct oddline_field *fields;   /* [BATCH_FIELDS], scratch */
    uint64_t *more; /* [BATCH_RECORDS][BATCH_MORE], scratch: bits of the patterns from 64 on */
    uint32_t record_count, field_count;
};

int batch_writer_init(struct batch_writer *writer, struct ring *ring, struct error *reterr);
void batch_writer_free(struct batch_writer *writer);

/* Payload bytes that a batch may need: wait for so much room when batch_begin() finds none. */
size_t batch_room(void);

/* Room in the ring for up to BATCH_TEXT_BYTES of text, or NULL when it is full. */
char *batch_begin(struct batch_writer *writer, uint32_t stream, uint32_t source,
                  uint64_t offset);
/* `len` bytes now lie in the room; decoded text goes behind them. */
void batch_filled(struct batch_writer *writer, size_t len);

/* A zeroed record, or NULL when the batch is full: then stop, commit, and come back with the rest. */
struct oddline_record *batch_record(struct batch_writer *writer);
/* Room for `count` fields, in a row, or NULL. */
struct oddline_field *batch_fields(struct batch_writer *writer, uint32_t count);
/* Room for `len` bytes of decoded text, or NULL; *ret_at is its offset. Give back the unused end with batch_decoded_trim(). */
char *batch_decoded(struct batch_writer *writer, size_t len, uint32_t *ret_at);
void batch_decoded_trim(struct batch_writer *writer, size_t unused);
/* Takes the newest record back, with nothing but its slot. */
void batch_unrecord(struct batch_writer *writer);

/* Number the records collected so far from `seq` on; returns the number after the last. */
uint64_t batch_number(struct batch_writer *writer, uint64_t seq);

/* Publish; a batch without records publishes nothing. */
void batch_commit(struct batch_writer *writer);

/*
 * The batch as it will be, before it is committed, and what only the lane asks of it: which patterns from 64 on a record matched. Those do
 * not travel. `seen.size` says that the rest of the draft is there.
 */
struct batch_draft {
    struct oddline_batch seen;
    const uint64_t
        *more; /* [seen.count][BATCH_MORE]; set where the stream has so many patterns */
};
struct batch_draft batch_draft(const struct batch_writer *writer);

/* Which of the patterns 64 * word and following did a record of the batch match? One bit each. */
static inline uint64_t batch_matches(const struct oddline_batch *batch,
                                     const struct oddline_record *record, uint32_t word)
{
    if (word == 0)
        return record->matches;
    const struct batch_draft *draft = (const void *)batch;
    CHECK(batch->size == sizeof(*draft) && word <= BATCH_MORE);
    return draft->more[(record - batch->records) * BATCH_MORE + word - 1];
}
/* Did it match that pattern? */
static inline bool batch_matched(const struct oddline_batch *batch,
                                 const struct oddline_record *record, uint32_t pattern)
{
    return batch_matches(batch, record, pattern / 64) >> (pattern % 64) & 1;
}
/* The batch as detectors see it, lent as long as the frame. */
struct oddline_batch batch_view(const struct batch *batch);

#endif /* RING_BATCH_H */

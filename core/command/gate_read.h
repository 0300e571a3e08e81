/* SPDX-License-Identifier: MIT */
/*
 * gate_read.h - the records of some logs, one after another, for who needs no windows and no ring behind it.
 *
 *      files ──tail──▶ source ──recorder──▶ record, its sentence, its duration and status ──▶ take()
 *
 * The same tail and the same recorders as in `run`: rotation, archives, formats and multi-line records are read alike. A file that is
 * there at the start is read from its beginning, if it was named by gate_reader_add(), else from its end. Of a long one that is in the order of
 * time, long stretches are left out that lie outside all spans.
 *
 * Thread   one
 */
#ifndef COMMAND_GATE_READ_H
#define COMMAND_GATE_READ_H

#include "base/redact.h"
#include "command/gate_seek.h"
#include "config/config.h"
#include "record/record.h"
#include "record/template.h"

enum { GATE_STREAMS_MAX = 128 };

/* Some files of one format and one meaning. */
struct gate_stream {
    const char *name;
    const struct config_stream *config; /* lent */
    bool control;                       /* of the control group */
    struct config_texts paths;          /* patterns; lent */
    struct record_plan *plan;           /* the reader's, as all below */
    struct miner *miner;
    struct regex **patterns; /* [config->redact_count] */
    struct redaction *redactions;
    size_t status_count; /* fields that may hold a status; behind them the duration */
};

/* Make the reader's half of a stream; also after a failure it is for gate_stream_close(). */
int gate_stream_open(struct gate_stream *stream, struct error *reterr);
void gate_stream_close(struct gate_stream *stream);

/* One record. Lent for the call. */
struct gate_record {
    const struct gate_stream *stream;
    int64_t time_ns; /* NO_TIME: it has none */
    bool bad;        /* level error or worse, or a status of 500 or more */
    bool trouble;    /* bad, or a warning */
    bool request;    /* it has a status or a duration */
    uint8_t level;
    double duration_ms; /* NaN: none */
    struct bytes sentence, text;
};

struct gate_reader;
struct gate_reading {
    struct gate_stream *streams; /* [stream_count], lent */
    size_t stream_count;
    void (*take)(void *context, const struct gate_record *record);
    void *context;
    const struct gate_spans
        *spans; /* lent for the reader's life: what lies elsewhere may be left out */
};

/* Owns: the caller, until gate_reader_free(). Errors name the stream. */
int gate_reader_create(const struct gate_reading *reading, struct gate_reader **ret,
                       struct error *reterr);
void gate_reader_free(struct gate_reader *reader); /* accepts NULL */
/* Read this file of the stream from its beginning. */
int gate_reader_add(struct gate_reader *reader, size_t stream, const char *path,
                    struct error *reterr);
/* When its first record is of; INT64_MAX where nobody can tell. */
int64_t gate_reader_first_ns(struct gate_reader *reader, size_t stream, const char *path);
/* All files are named; from now on what the streams' patterns find later is read, too. */
int gate_reader_begin(struct gate_reader *reader, struct error *reterr);
/* Read something, waiting at most so long for it; false when there was nothing. */
bool gate_reader_step(struct gate_reader *reader, int timeout_ms);
/* Read what there was at the beginning; records without a time take that of their arrival from now on. */
void gate_reader_catch_up(struct gate_reader *reader);

#endif /* COMMAND_GATE_READ_H */

/* SPDX-License-Identifier: MIT */
/*
 * gate_files.h - which streams are a service, and which of their files reach back to a time that is asked about.
 *
 *      --service, configuration ──▶ streams ──patterns──▶ files, and what rotation made of them ──when──▶ those to be read
 *
 * A rotated file ends when it was last written to and begins where the one before it ended, so most of them need not be opened. What
 * was copied was written to when it was copied: what seems to begin too late is asked for its first stamp.
 */
#ifndef COMMAND_GATE_FILES_H
#define COMMAND_GATE_FILES_H

#include "command/gate_read.h"

/* What was asked for. */
struct gate_wish {
    const char *service;
    const struct config *config; /* NULL: none */
    struct config_stream plain;  /* of a path that no stream claims */
    char **paths;                /* [path_count]; none: the streams of the service */
    size_t path_count;
    const char *controls[16]; /* [control_count] streams or paths */
    size_t control_count;
};

/* Is the stream of that service? By its name, or its label; else by what the configuration says of all of them. */
bool gate_serves(const struct config *config, const struct config_stream *stream,
                 const char *service);

/*
 * The streams, into [GATE_STREAMS_MAX] of *ret.
 *   Returns  their number, or -errno and a sentence; texts lie in `arena`
 */
int gate_streams_find(const struct gate_wish *wish, struct arena *arena,
                      struct gate_stream *ret, struct error *reterr);

/* Name all files of the streams that have records in one of the spans to the reader. */
struct gate_counts {
    size_t needed, found; /* found: of the service, whenever they were written to */
};
int gate_files_add(struct gate_reader *reader, const struct gate_reading *reading,
                   struct gate_counts *ret, struct error *reterr);

#endif /* COMMAND_GATE_FILES_H */

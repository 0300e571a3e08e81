/* SPDX-License-Identifier: MIT */
/*
 * jsonl.h - the sink that appends findings to a file, one JSON object a line.
 *
 * The last whole line says how far the file got, so nothing is written twice after a crash; a torn line is cut. When
 * somebody renames the file away a new one is begun. A file whose last line is no finding is refused: it is somebody
 * else's.
 */
#ifndef DELIVER_JSONL_H
#define DELIVER_JSONL_H

#include "base/error.h"
#include "deliver/sink.h"

#include <stdint.h>

/* `epoch` is that of the outbox; lines of another epoch may stand before ours. Made with mode 0640. */
int jsonl_sink_open(const char *path, uint64_t epoch, struct sink **ret, struct error *reterr);

#endif /* DELIVER_JSONL_H */

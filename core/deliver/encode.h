/* SPDX-License-Identifier: MIT */
/*
 * encode.h - a finding as one JSON object, version 1.
 *
 * All members are always there, in the order of docs/stream.md; what is not known is null, {} or []. The text is
 * valid JSON and UTF-8 whatever bytes the finding holds, and bounded: each text has a limit, so no finding can be longer
 * than ENCODE_MAX. Evidence that was cut says so by its `length`, which is the length in the file.
 */
#ifndef DELIVER_ENCODE_H
#define DELIVER_ENCODE_H

#include "base/bytes.h"
#include "judge/finding.h"

enum {
    ENCODE_TEXT_MAX = 4096,  /* one evidence line, the key */
    ENCODE_SHORT_MAX = 1024, /* any other text */
    ENCODE_PAIRS_MAX = 24,   /* labels, annotations, resource: each */
    ENCODE_MAX =
        1 << 20, /* the object; above the sum of the limits, every byte escaped to six */
};

/* Appends to `out`, no newline. */
void finding_encode(const struct finding *finding, struct buffer *out);

#endif /* DELIVER_ENCODE_H */

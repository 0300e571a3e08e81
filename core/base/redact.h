/* SPDX-License-Identifier: MIT */
/*
 * redact.h - takes secrets out of text before it becomes durable (promise P7).
 */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include "base/bytes.h"
#include "base/regex.h"

struct redaction {
    struct regex *match; /* lent */
    const char *with;
};

/*
 * Copy `text` to out[capacity], every match of every rule replaced, cut at capacity; returns the length. When a rule's search
 * hits its limit the text cannot be shown to be clean, so all of it is withheld: `<withheld: redaction failed>`. Of a text longer
 * than REGEX_SUBJECT_BYTES the rules see so much; from where a match may begin that goes on behind it nothing is copied.
 */
size_t redact(const struct redaction *rules, size_t count, struct bytes text, char *out,
              size_t capacity);

#endif /* BASE_REDACT_H */

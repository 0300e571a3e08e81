/* SPDX-License-Identifier: MIT */
/*
 * console.h - findings for people.
 *
 *      PAGE   2016-12-19 17:14:38Z  kafka1/server.log  errors at 137 per minute, expected 0.4   spike  ewma  score 7.3
 *             until 17:15:40Z · 3 windows · fingerprint 9f2c41d07a55be01 · id …
 *             server.log:456  [2016-12-19 18:14:38,123] ERROR ...
 *
 * It prints from the JSON, so that a finding just made, one from the outbox and one from Redis look the same. Every text
 * goes through screen.h; only our own colours are escape sequences.
 */
#ifndef DELIVER_CONSOLE_H
#define DELIVER_CONSOLE_H

#include "base/error.h"
#include "judge/finding.h"

#include <stdio.h>

struct console;
struct console_options {
    FILE *out;
    bool color;
    int width;         /* columns; 0: lines are not cut */
    int evidence_most; /* lines per finding; 0: all */
};

int console_open(const struct console_options *options, struct console **ret,
                 struct error *reterr);
void console_close(struct console *console); /* accepts NULL; `out` stays open */

/* 0, or -EBADMSG when it is no finding, or -errno of the write. */
int console_entry(struct console *console, struct bytes json);
int console_finding(struct console *console, const struct finding *finding);

#endif /* DELIVER_CONSOLE_H */

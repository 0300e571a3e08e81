/* SPDX-License-Identifier: MIT */
/*
 * gate_report.h - a verdict with the numbers it was made of: for people, and as one JSON object for programs.
 */
#ifndef COMMAND_GATE_REPORT_H
#define COMMAND_GATE_REPORT_H

#include "command/gate_court.h"

#include <stdio.h>

struct gate_report {
    struct court *court;
    const char *service, *version; /* version "": not known */
    bool dry;            /* nothing was judged: what was found, and what would be done */
    const char *on_fail; /* NULL: nothing */
    size_t files;
};

/* One object and a newline. */
void gate_report_json(const struct gate_report *report, struct buffer *out);
void gate_report_text(const struct gate_report *report, FILE *out);

#endif /* COMMAND_GATE_REPORT_H */

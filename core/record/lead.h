/* SPDX-License-Identifier: MIT */
/*
 * lead.h - where the sentence of a message begins, behind the columns that every line of a source has.
 *
 *      LabSZ sshd[24200]: Connection closed by 5.188.10.180         "up to a colon"
 *      [SendWorker:18897@688] - Send worker leaving thread          "up to a dash"
 *      Step_LSC|30002312|onStandStepChanged 3579                    "up to a bar", twice
 *      nova.compute [req-38101a0b - - -] VM Started                 "a bracket"
 *
 * Host, process, thread and class are columns: they say where a line comes from, not what it says, and would split one
 * template into many. No program is known by name: a kind of border counts as a column's end when nearly all lines of a sample
 * have it near their start. What is not found in nearly all lines belongs to the sentence ("error: Received disconnect").
 */
#ifndef RECORD_LEAD_H
#define RECORD_LEAD_H

#include "base/bytes.h"

#include <stdint.h>

enum { LEAD_STEPS = 8, LEAD_SAMPLE = 1024 };

struct lead {
    uint8_t steps[LEAD_STEPS]; /* borders, in order */
    uint8_t count;
};

/* `messages`: some of the source's, lent; is changed (cut at the columns found). */
struct lead lead_learn(struct bytes *messages, size_t count);
/* The rest of a message, all of it where the columns are not there. Cost: a few ns a column. */
struct bytes lead_skip(const struct lead *lead, struct bytes message);

#endif /* RECORD_LEAD_H */

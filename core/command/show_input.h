/* SPDX-License-Identifier: MIT */
/*
 * show_input.h - where the findings come from that a person wants to check: for `explain` and `show`.
 *
 *      FILE or -        JSON objects, one after the other: findings.jsonl, `scan --json`, what XRANGE printed as `data`
 *      ID               the last revision in the journal of a state directory
 */
#ifndef COMMAND_SHOW_INPUT_H
#define COMMAND_SHOW_INPUT_H

#include "app/cli.h"
#include "base/json.h"

enum { SHOW_INPUT_BYTES_MAX = 256 << 20 };

struct show_input {
    const char *config, *state_dir; /* of a daemon; NULL: not named */
    const char *id;                 /* only this finding, in its last revision; NULL: all */
    const char *operand;            /* FILE, - or ID */
};

/* One finding, lent for the call. 0 to go on. */
typedef int show_take(void *context, struct json_value finding);

/*
 * Hand over each finding.
 *   Returns  EXIT_DONE, or the exit code to leave with; then it was said why
 */
int show_input_read(const struct show_input *input, show_take *take, void *context);

/* All of some files, one after the other; `-` is stdin. */
int show_input_files(int count, char **paths, show_take *take, void *context);

#endif /* COMMAND_SHOW_INPUT_H */

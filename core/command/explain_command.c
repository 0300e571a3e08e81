/* SPDX-License-Identifier: MIT */
/*
 * oddline explain: a finding's score, computed again from the numbers stored with it.
 *
 * Exit 0: every score is equal to the last bit; 1: one is not, or its numbers are missing.
 */

#include "command/explain.h"
#include "command/given.h"
#include "command/show_input.h"

#include <errno.h>
#include <string.h>

enum { OPT_CONFIG, OPT_STATE_DIR, OPT_ID, OPTIONS };

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = GIVEN_CONFIG,
    [OPT_STATE_DIR] = GIVEN_STATE_DIR,
    [OPT_ID] = GIVEN_ID,
};

static bool take_option(void *context, size_t index, const char *value, struct error *reterr)
{
    struct show_input *input = context;
    const char **const into[OPTIONS] = {[OPT_CONFIG] = &input->config,
                                        [OPT_STATE_DIR] = &input->state_dir,
                                        [OPT_ID] = &input->id};
    (void)reterr;
    *into[index] = value;
    return true;
}

static int take_finding(void *context, struct json_value finding)
{
    *(bool *)context &= explain_finding(finding, stdout);
    return 0;
}

int command_explain(int argc, char **argv)
{
    struct show_input input = {0};
    struct option_set set = {"explain", specs, OPTIONS, take_option, &input};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (first + 1 != argc) {
        error_set(&error, -EINVAL, "explain: name one file of findings, - or an id");
        return say_failure(EXIT_USAGE, &error);
    }
    bool equal = true;
    input.operand = argv[first];
    code = show_input_read(&input, take_finding, &equal);
    if (fflush(stdout) != 0) {
        error_set(&error, -errno, "stdout: cannot be written: %s", strerror(errno));
        return say_failure(EXIT_IO, &error);
    }
    return code != EXIT_DONE ? code : equal ? EXIT_DONE : EXIT_FOUND;
}

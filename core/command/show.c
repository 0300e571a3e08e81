/* SPDX-License-Identifier: MIT */
/*
 * oddline show: the evidence of a finding, read again from disk and held against its hash.
 *
 * The lines are shown as the log has them, with the reader's own rights: what was redacted in the finding is not in the log. Exit 0: all
 * verified; 1: some are changed or gone.
 */

#include "base/screen.h"
#include "command/given.h"
#include "command/show_claim.h"
#include "command/show_input.h"
#include "command/show_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_CONFIG, OPT_STATE_DIR, OPT_ID, OPT_CONTEXT, OPTIONS, CONTEXT_LINES_MAX = 1000 };

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = GIVEN_CONFIG,
    [OPT_STATE_DIR] = GIVEN_STATE_DIR,
    [OPT_ID] = GIVEN_ID,
    [OPT_CONTEXT] = {"context", "N", "(-C) lines before and behind each record (default 0)"},
};

struct request {
    struct show_input input;
    int64_t context;
    bool verified; /* so far, all of it */
};

static bool take_option(void *context, size_t index, const char *value, struct error *reterr)
{
    struct request *request = context;
    const char **const into[OPTIONS] = {[OPT_CONFIG] = &request->input.config,
                                        [OPT_STATE_DIR] = &request->input.state_dir,
                                        [OPT_ID] = &request->input.id};
    if (index == OPT_CONTEXT)
        return given_number("context", value, (struct given_range){0, CONTEXT_LINES_MAX},
                            &request->context, reterr) == 0;
    *into[index] = value;
    return true;
}

/* ---- lines -------------------------------------------------------------- */

static void print_line(char mark, struct bytes line)
{
    struct buffer safe = {0};
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    screen_text(&safe, line, 0);
    printf("  %c %.*s\n", mark, (int)safe.len, safe.at ? safe.at : "");
    buffer_free(&safe);
}

static void print_lines(char mark, struct bytes text)
{
    while (text.len) {
        const char *newline = memchr(text.at, '\n', text.len);
        size_t len = newline ? (size_t)(newline - text.at) : text.len;
        print_line(mark, (struct bytes){text.at, len});
        len += newline != NULL;
        text = (struct bytes){text.at + len, text.len - len};
    }
}

/* The last `count` lines of the text; the first of the text may be half of one, and is shown so. */
static struct bytes last_lines(struct bytes text, long count)
{
    size_t at = text.len;
    for (long i = 0; i < count && at > 0; i++)
        for (at--; at > 0 && text.at[at - 1] != '\n';)
            at--;
    return (struct bytes){text.at + at, text.len - at};
}

static struct bytes first_lines(struct bytes text, long count)
{
    size_t end = 0;
    for (long i = 0; i < count && end < text.len; i++) {
        const char *newline = memchr(text.at + end, '\n', text.len - end);
        end = newline ? (size_t)(newline - text.at) + 1 : text.len;
    }
    return (struct bytes){text.at, end};
}

static void print_around(const struct claim_place *place, size_t length, long context)
{
    struct bytes all = buffer_bytes(&place->around);
    size_t end = place->record + length;
    struct bytes behind = {all.at + end, all.len - end};
    size_t rest = first_lines(behind, 1).len; // the newline, or what a long record was cut from
    print_lines(' ', last_lines((struct bytes){all.at, place->record}, context));
    print_lines('>', (struct bytes){all.at + place->record, length});
    print_lines(' ', first_lines((struct bytes){behind.at + rest, behind.len - rest}, context));
}

/* ---- one record of the evidence ----------------------------------------- */

static bool read_claim(struct json_value evidence, const char *path, struct claim *ret)
{
    struct json_value hash = json_at(evidence, "hash");
    double offset = json_number(json_at(evidence, "offset"), -1),
           length = json_number(json_at(evidence, "length"), -1);
    char text[17] = "";
    if (hash.type != JSON_STRING || hash.raw.len != 16 || !(offset >= 0 && offset <= 0x1p53) ||
        !(length >= 0 && length <= UINT32_MAX))
        return false;
    memcpy(text, hash.raw.at, 16);
    *ret = (struct claim){.path = path,
                          .offset = (uint64_t)offset,
                          .length = (size_t)length,
                          .hash = strtoull(text, NULL, 16)};
    return true;
}

static void print_safe(const char *text)
{
    struct buffer safe = {0};
    screen_text(&safe, bytes_of(text), 0);
    printf("%.*s", (int)safe.len, safe.at ? safe.at : "");
    buffer_free(&safe);
}

static void print_state(const struct claim *claim, const struct claim_place *place)
{
    print_safe(claim->path);
    printf(":%" PRIu64 ": %s", claim->offset, claim_state_name(place->state));
    if (place->state == CLAIM_VERIFIED &&
        (strcmp(place->path, claim->path) != 0 || place->offset != claim->offset)) {
        printf(", now in ");
        print_safe(place->path);
        printf(":%" PRIu64, place->offset);
    }
    printf(place->exhausted ? ", as far as was looked: more lies beside it than is searched\n"
                            : "\n");
}

static void show_record(struct request *request, struct json_value evidence)
{
    struct buffer path = {0};
    struct claim claim;
    struct claim_place place;
    show_text(evidence, "path", &path);
    buffer_char(&path, '\0');
    if (!read_claim(evidence, path.at, &claim)) {
        printf("evidence without path, offset, length and hash: nothing can be verified\n");
        request->verified = false;
    } else {
        claim_check(&claim, &place);
        print_state(&claim, &place);
        if (place.state == CLAIM_VERIFIED)
            print_around(&place, claim.length, request->context);
        else
            request->verified = false;
        claim_place_free(&place);
    }
    buffer_free(&path);
}

static int take_finding(void *context, struct json_value finding)
{
    struct request *request = context;
    struct json_walk walk = json_walk(json_at(finding, "evidence"));
    struct json_value evidence;
    struct bytes key;
    struct buffer head = {0};
    show_safe(finding, "route", &head);
    buffer_text(&head, "  ");
    show_safe(finding, "starts_at", &head);
    buffer_text(&head, "  ");
    show_safe(finding, "summary", &head);
    printf("%.*s\n", (int)head.len, head.at);
    buffer_free(&head);
    while (json_next(&walk, &key, &evidence))
        show_record(request, evidence);
    return 0;
}

int command_show(int argc, char **argv)
{
    struct request request = {.verified = true};
    struct option_set set = {"show", specs, OPTIONS, take_option, &request};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (first + 1 != argc) {
        error_set(&error, -EINVAL, "show: name one file of findings, - or an id");
        return say_failure(EXIT_USAGE, &error);
    }
    request.input.operand = argv[first];
    code = show_input_read(&request.input, take_finding, &request);
    if (fflush(stdout) != 0) {
        error_set(&error, -errno, "stdout: cannot be written: %s", strerror(errno));
        return say_failure(EXIT_IO, &error);
    }
    return code != EXIT_DONE ? code : request.verified ? EXIT_DONE : EXIT_FOUND;
}

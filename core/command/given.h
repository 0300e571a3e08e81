/* SPDX-License-Identifier: MIT */
/*
 * given.h - what several commands are given: one spelling, one meaning, and one sentence when it is wrong.
 *
 * The options are initialisers, since a table of options is constant and says its own order. Whoever needs other help writes its own.
 */
#ifndef COMMAND_GIVEN_H
#define COMMAND_GIVEN_H

#include "app/cli.h"
#include "config/config.h"
#include "judge/finding.h"

/* clang-format off */
#define GIVEN_CONFIG    {"config", "FILE", "(-c) configuration that names the state directory"}
#define GIVEN_STATE_DIR {"state-dir", "DIR", "state directory of the daemon (default: " CONFIG_STATE_DIR ")"}
#define GIVEN_STREAMS   {"config", "FILE", "(-c) streams of this configuration, matched by path"}
#define GIVEN_FROM      {"since", "TIME", "only records from this time on"}
#define GIVEN_BEFORE    {"until", "TIME", "only records before this time"}
#define GIVEN_TIMEZONE  {"timezone", "ZONE", "of stamps without one: UTC, +01:00, Europe/Paris (default UTC)"}
#define GIVEN_ID        {"id", "ID", "of the findings in a file only this one, as it stood last"}
#define GIVEN_COLOR     {"color", "WHEN", "auto, always or never"}
/* clang-format on */

/* An option_set's `take` that keeps what was given: `context` is an array of values, "" for an option that takes none. */
bool given_keep(void *context, size_t index, const char *value, struct error *reterr);

/*
 * Which state directory is meant: the one given, else that of the configuration, else the usual one. The configuration is read
 * if one is given, to be freed by the caller; either may be NULL.
 */
int given_state_dir(const char *config_path, const char *state_dir, struct config *config,
                    const char **ret, struct error *reterr);

/* Since when: a time, or how long ago. One of the two is NO_TIME. */
struct given_since {
    int64_t at_ns, ago_ns;
};
int given_since(const char *text, struct given_since *ret, struct error *reterr);
/* As a time: how long ago is counted from now. */
int64_t given_since_ns(struct given_since since);

/* A whole number; `option` without its dashes. */
struct given_range {
    int64_t least, most;
};
int given_number(const char *option, const char *text, struct given_range range, int64_t *ret,
                 struct error *reterr);

/* page, ticket or log. */
int given_route(const char *option, const char *text, enum finding_route *ret,
                struct error *reterr);

/*
 * What a person typed travels far: it must be short, and nothing in it may mean something to a terminal. NULL changes nothing;
 * `what` begins the sentence.
 */
int given_text(const char *what, const char *text, char *into, size_t size,
               struct error *reterr);

/* The sentence for a stream that a configuration does not have, with the one that was meant. Returns -EINVAL. */
int given_no_stream(const struct config *config, const char *name, struct error *reterr);

#endif /* COMMAND_GIVEN_H */

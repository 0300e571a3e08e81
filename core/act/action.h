/* SPDX-License-Identifier: MIT */
/*
 * action.h - one action of the configuration: for which findings, and what is done.
 *
 * Plain data, lent by whoever read the configuration, for as long as act runs.
 */
#ifndef ACT_ACTION_H
#define ACT_ACTION_H

#include "base/bytes.h"
#include "judge/finding.h"

#include <stdbool.h>
#include <stdint.h>

struct action_texts {
    const char *const *at;
    size_t count;
};

/* All that is named must fit; what is not named fits always. */
struct action_when {
    struct action_texts routes, streams, kinds, statuses; /* streams are globs */
    struct finding_pairs labels;                          /* name = glob */
    double min_score; /* 0: any, also a finding without a score */
};

enum action_kind { ACTION_RUN, ACTION_POST, ACTION_ALERTMANAGER };

enum {
    ACTION_AT_ONCE_MAX = 16,
    ACTION_URLS_MAX = 8,
    ACTION_RETRIES_MAX = 20,
};

struct action {
    const char *name;
    struct action_when when;
    enum action_kind kind;
    struct action_texts argv, urls; /* of ACTION_RUN; of the others */
    const char *header_file;        /* lines `Name: value` for POSTs, or NULL */
    int64_t timeout_ns, cooldown_ns, resend_ns;
    int64_t at_once, per_hour, retries; /* per_hour 0: no limit */
    bool at_most_once, dry_run;
};

/* Does the finding (one JSON object) concern this action? */
bool action_wants(const struct action *action, struct bytes finding);
/* Is this route among what it reads? */
bool action_reads(const struct action *action, const char *route);

#endif /* ACT_ACTION_H */

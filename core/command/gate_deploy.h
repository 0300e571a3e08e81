/* SPDX-License-Identifier: MIT */
/*
 * gate_deploy.h - which deployment is meant: the newest of the service, the one of a version, or a time.
 *
 * Known are those that were marked, and those that a log tells of (gate_told.h). A log that tells of the version that the service
 * has already tells of a restart, so that is none; what a person marked is one in any case.
 */
#ifndef COMMAND_GATE_DEPLOY_H
#define COMMAND_GATE_DEPLOY_H

#include "app/marks_file.h"
#include "command/gate_court.h"

struct gate_deploy {
    int64_t time_ns;
    char version[DEPLOY_NAME_SIZE]; /* "": not known */
    int64_t all[COURT_DEPLOYS];     /* [count] of the service, the last ones, oldest first */
    size_t count;
};

/* Where to look, and for what. */
struct gate_deploy_wish {
    const char *marks; /* path of marks.jsonl */
    const struct gate_wish *wish;
    const char
        *word; /* of --since: NULL, a version, a duration ("5m": so long ago) or a time */
    int64_t
        baseline_ns; /* how far before a day of reference it matters that something was deployed */
};

/* Returns 0; -ENODATA when there is no such deployment; -EINVAL. What is allocated lies in `arena`. */
int gate_deploy_find(const struct gate_deploy_wish *wish, struct arena *arena,
                     struct gate_deploy *ret, struct error *reterr);
/* The next deployment behind this one and before `until_ns`, else `until_ns`. */
int64_t gate_deploy_end(const struct gate_deploy *deploy, int64_t until_ns);

#endif /* COMMAND_GATE_DEPLOY_H */

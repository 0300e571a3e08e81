/* SPDX-License-Identifier: MIT */
/*
 * gate_deploy.h - which deployment is meant: the newest mark of the service, the one of a version, or a time.
 */
#ifndef COMMAND_GATE_DEPLOY_H
#define COMMAND_GATE_DEPLOY_H

#include "app/marks_file.h"
#include "command/gate_court.h"

struct gate_deploy {
    int64_t time_ns;
    char version[DEPLOY_NAME_SIZE]; /* "": not known */
    int64_t all[COURT_DEPLOYS]; /* [count] of the service, the last ones, as they were marked */
    size_t count;
};

/*
 * `word` is what --since said: NULL, a version, a duration ("5m": so long ago) or a time.
 *   Returns  0; -ENODATA when there is no such mark; -EINVAL
 */
int gate_deploy_find(const char *marks, const char *service, const char *word,
                     struct gate_deploy *ret, struct error *reterr);
/* The next deployment behind this one and before `until_ns`, else `until_ns`. */
int64_t gate_deploy_end(const struct gate_deploy *deploy, int64_t until_ns);

#endif /* COMMAND_GATE_DEPLOY_H */

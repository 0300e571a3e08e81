/* SPDX-License-Identifier: MIT */
/*
 * plan.h - everything a stream needs to run, made from its configuration: what to read out of a record, which series to count,
 * which detectors to open.
 *
 *      config_stream ──▶ plan ──▶ record_options, window_options (lane)
 *                             ──▶ judge_stream (judge)
 *
 * Only what is asked for is planned: a series that no detector scores is checked but not counted, a pattern that two
 * detectors want is compiled and matched once. A plan is immutable and outlives lane and judge.
 */
#ifndef CONFIG_PLAN_H
#define CONFIG_PLAN_H

#include "config/config.h"
#include "host/host.h"
#include "judge/judge.h"
#include "lane/lane.h"

/*
 * The plugins of a process, known once each. Their files are loaded by workers; what is known here is the labels. With
 * ISOLATION_NONE they are loaded into this process.
 */
struct library {
    enum isolation isolation;
    struct plugin **plugins;
    const char **names; /* as asked for */
    size_t count;
};
/* The plugin of that name or path, making it known if need be. */
int library_get(struct library *library, const char *name, struct plugin **ret,
                struct error *reterr);
void library_free(struct library *library);

struct plan {
    struct arena arena;
    const char *name;
    uint32_t number;
    const struct config_stream *config;
    struct record_plan *record; /* owned */
    struct lane_plan lane;
    struct judge_stream judge;
    struct judge_stream service; /* in whose name SLOs of its service speak */
    struct regex **patterns;     /* [pattern_count], owned; by bit */
    size_t pattern_count;
    struct regex **redactions; /* [redaction_count], owned */
    size_t redaction_count;
    struct zone **zones; /* [zone_count], owned: of its mute windows and rules */
    size_t zone_count;
};

/* Where a plan belongs: `file` stands in errors where the stream names none, the stream gets `number`, its detectors come
 * from `library`. */
struct plan_place {
    const char *file;
    uint32_t number;
    struct library *library;
};

/*
 * Plan the stream `config`, which must outlive the plan like the library. Errors name file and line.
 *   Owns     the caller, until plan_free()
 */
int plan_create(const struct config_stream *config, const struct plan_place *place,
                struct plan **ret, struct error *reterr);
void plan_free(struct plan *plan); /* accepts NULL */

/* The records that tell of deployments: their patterns are among `names`. *ret_line is where the mistake is. */
struct selection_names;
int plan_deploys(const struct config_stream *config, struct plan *plan,
                 struct selection_names *names, int *ret_line, struct error *reterr);

/* Its half that says when somebody may be called; *ret_line is where the mistake is. */
int plan_alarm(const struct config_stream *config, struct plan *plan, int *ret_line,
               struct error *reterr);
/* Hours as people write them; `what` they are of begins the error. Without a timezone they are in that of the stream. */
struct plan_hours {
    const char *what, *when, *timezone;
};
int plan_hours(const struct config_stream *config, struct plan *plan,
               const struct plan_hours *hours, struct mute *ret, struct error *reterr);
/* For a mute, whose `zone` is a struct zone. */
int32_t plan_east_s(const void *zone, int64_t at_ns);
/* What its budget came to, one line; nothing when it has none. */
void plan_say_budget(const struct plan *plan, FILE *out);

#endif /* CONFIG_PLAN_H */

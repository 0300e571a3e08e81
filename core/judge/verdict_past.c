/* SPDX-License-Identifier: MIT */
/*
 * verdict_past.c - what a finding says of what came before it: a deployment, and the same trouble earlier. What it said once it says
 * in every revision, for all of it is kept with the trouble.
 */

#include "judge/verdict_inner.h"

/*
 * A trouble begins with a window, and a bad deployment spoils the window that it falls into: it counts as before the trouble as long as
 * that window goes on.
 */
static void find_deploy(const struct verdict *verdict, struct trouble *trouble)
{
    const struct past *past = verdict->options.past;
    int64_t window_ns = trouble->window_end_ns - trouble->window_start_ns;
    if (trouble->deploy.version[0])
        return;
    const struct deploy *deploy =
        past_deploy(past, past_service(past, verdict->options.stream), trouble->starts_ns,
                    trouble->starts_ns + (window_ns ? window_ns : 1));
    if (deploy)
        trouble->deploy = *deploy;
}

/* Detectors on trial, and those whose every score is a finding, make no incidents. */
static bool remembers(const struct verdict *verdict)
{
    return verdict->options.past && !verdict->options.apart && !verdict_policy(verdict)->every;
}

/*
 * A trouble that was never seen before is new, and the same a week later a spike: it is remembered under the fingerprint of the
 * spike; of the other one people may have spoken.
 */
static struct incident_name name_of(const struct verdict *verdict,
                                    const struct trouble *trouble)
{
    const struct judge_stream *stream = verdict->options.stream;
    struct incident_name name = {.starts_ns = trouble->starts_ns};
    struct opinion kin = trouble->leader;
    if (kin.score.kind == ODDLINE_SPIKE || kin.score.kind == ODDLINE_NEW) {
        kin.score.kind = ODDLINE_NEW;
        name.other = trouble_fingerprint(stream, &kin);
        kin.score.kind = ODDLINE_SPIKE;
    }
    name.fingerprint = trouble_fingerprint(stream, &kin);
    return name;
}

void verdict_look_back(struct verdict *verdict, struct trouble *trouble,
                       struct finding *finding)
{
    struct incident_name name = name_of(verdict, trouble);
    if (verdict->options.past)
        find_deploy(verdict, trouble);
    if (remembers(verdict) && !trouble->id[0])
        past_recall(verdict->options.past, &name, &trouble->before);
    trouble_put_past(trouble, finding);
}

void verdict_remember(struct verdict *verdict, const struct trouble *trouble,
                      const struct finding *finding)
{
    struct incident_name name = name_of(verdict, trouble);
    if (remembers(verdict))
        past_told(verdict->options.past, &name, finding, !trouble->id[0]);
}

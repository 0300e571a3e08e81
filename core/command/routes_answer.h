/* SPDX-License-Identifier: MIT */
/*
 * routes_answer.h - where a finding would go: what `oddline routes test` says, for people and as JSON.
 *
 *      question (options, or a finding as JSON) + plan of its stream ──▶ answer ──▶ out
 *
 * The rules are asked by the function that the judge asks them by. What only a running daemon knows (warm-up, storm cap, silences, the
 * clock) is known of a finding that was made, by what it says of itself, and of a question it is left out.
 */
#ifndef COMMAND_ROUTES_ANSWER_H
#define COMMAND_ROUTES_ANSWER_H

#include "base/json.h"
#include "config/plan.h"
#include "judge/placeholder.h"

struct routes_question {
    struct finding finding; /* what is known of it; its route is the one that it had */
    enum finding_route
        scored; /* by its score, if that is known; ROUTES: the thresholds of the stream say it */
    const char *kept; /* why it is for the log whatever anybody says; NULL: nothing */
    bool made;        /* it is a finding, with an id and a route that it had */
};

struct routes_answer {
    struct finding finding; /* as it would leave */
    const struct routing_rule *rule;
    enum finding_route scored; /* ROUTES: it would be none */
    const char *kept;
    struct hush_words words;
    struct placeholder_room room;
};

/* The question as a finding tells it; text is copied into `arena`. -EBADMSG when it is none. */
int routes_read(struct json_value json, struct arena *arena, struct routes_question *ret);

void routes_decide(const struct plan *plan, const struct routes_question *question,
                   struct routes_answer *ret);
void routes_print(const struct routes_question *question, const struct routes_answer *answer,
                  const struct plan *plan, FILE *out);
void routes_json(const struct routes_question *question, const struct routes_answer *answer,
                 FILE *out);

#endif /* COMMAND_ROUTES_ANSWER_H */

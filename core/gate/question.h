/* SPDX-License-Identifier: MIT */
/* question.h - inside the room: how one question is answered. */
#ifndef GATE_QUESTION_H
#define GATE_QUESTION_H

#include "gate/gate.h"

/* How much is tolerated: a share may grow to `times` of it, or by `plus`, whichever is more; a rate may fall to `times` of it. */
struct question {
    const char *name;
    double times, plus;
    bool is_rate;
};
extern const struct question questions[GATE_QUESTIONS];

/* What a question is asked about. */
struct asking {
    const struct gate_case *gate;
    enum gate_question question;
    size_t windows; /* of after */
    double alpha;   /* of one bound */
    double slow;    /* what counts as slow, of GATE_SLOW_* */
    bool requests;  /* the rate is of requests */
    double tolerate;
    bool once; /* nobody looks before or after: bounds may be fixed */
};

void question_answer(const struct asking *asking, struct gate_answer *ret);

#endif /* GATE_QUESTION_H */

/* SPDX-License-Identifier: MIT */
/*
 * explain.h - computes a finding's score again from the numbers that were stored with it.
 *
 *      finding as JSON ──▶ basis, raw, calibration ──calibration_surprise()──▶ the same bits, or not
 *
 * The numbers are written with as many digits as read back the same, and the formula is the very function that the judge used. So equal
 * means equal to the last bit, on the same build of oddline; another C library may differ in the last digit of a logarithm.
 */
#ifndef COMMAND_EXPLAIN_H
#define COMMAND_EXPLAIN_H

#include "base/json.h"
#include "judge/calibrate.h"

#include <stdio.h>

/* One score and where it came from. */
struct explain_score {
    enum finding_basis basis; /* BASIS_NONE: there is no score to explain */
    double raw, score;        /* as stored */
    double computed;          /* again */
    bool equal;
    struct calibration_fit fit;
};

/* Of a finding, or of one of the opinions in it; false when numbers are missing: it is of an older version, or was changed. */
bool explain_score(struct json_value object, struct explain_score *ret);

/* For people, on `out`; false when some score, also of an opinion, is not what its numbers give. */
bool explain_finding(struct json_value finding, FILE *out);

#endif /* COMMAND_EXPLAIN_H */

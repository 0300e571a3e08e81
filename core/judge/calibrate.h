/* SPDX-License-Identifier: MIT */
/*
 * calibrate.h - turns any score into surprise, −log10(p), by the tail of its own history.
 *
 * Peaks over threshold: the highest PEAKS scores so far are kept; their excesses over the lowest of them are fitted with a
 * generalised Pareto distribution by moments, and p is the chance of a score at least this high. So a threshold means
 * the same for every detector, a stranger's too, and nobody sets a number by hand.
 *
 * What comes here: every score but those that are a surprise already (ODDLINE_SCORE_SURPRISE), which are believed and leave no
 * trace. A score that is still warming (ODDLINE_SCORE_WARMING) joins the history too, though it fires nothing: it is made
 * by the same formula as those that follow, and a detector that warms up for long would else begin without a tail.
 *
 * Source   A. Siffer, P.-A. Fouque, A. Termier, C. Largouët, Anomaly Detection in Streams with Extreme Value Theory, KDD 2017;
 *          here with moments instead of maximum likelihood (J. R. M. Hosking, J. R. Wallis, Technometrics 29(3), 1987):
 *          cheap, deterministic, and good enough for 64 peaks.
 */
#ifndef JUDGE_CALIBRATE_H
#define JUDGE_CALIBRATE_H

#include "base/pack.h"
#include "judge/finding.h"

#include <stdint.h>

enum { CALIBRATE_PEAKS = 64, CALIBRATE_LEAST = 50 };

struct calibration {
    uint64_t seen;
    uint32_t count;
    double peaks[CALIBRATE_PEAKS]; /* ascending */
};

/*
 * Surprise of `score` given what was seen before, 0 until CALIBRATE_LEAST scores are known; then it joins the history.
 * Cost     O(log PEAKS) for dull scores, O(PEAKS) for peaks
 */
double calibrate(struct calibration *calibration, double score,
                 struct calibration_fit *ret_fit);

/* The same answer from the numbers it gave: pure, so that what was stored can be checked to the last bit. */
double calibration_surprise(const struct calibration_fit *fit, double score);

/* For another run of the program; what cannot be sets in->bad. */
void calibration_pack(const struct calibration *calibration, struct buffer *out);
void calibration_unpack(struct calibration *calibration, struct unpacker *in);

#endif /* JUDGE_CALIBRATE_H */

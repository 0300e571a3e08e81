/* SPDX-License-Identifier: MIT */
/*
 * recur.h - a burst that comes every hour is not odd, however big it is.
 *
 *      size of burst   2    4    8    16   32 ...
 *      episodes        |1.9 |0   |7.8 |0   |0          <- quarter octaves, slowly forgotten
 *                                  ^ as large as this: 7.8 times in 900 windows
 *
 * A model of the usual spread knows nothing of cron jobs. So the sizes of past episodes are kept in bins; once RECUR_TRUSTED of
 * them were as large as the present one, their frequency is a better probability than the model's tail. Before that a
 * repeated incident stays as odd as the first. An episode counts once, when it is over, however long it lasted.
 */
#ifndef KIT_RECUR_H
#define KIT_RECUR_H

#include <stdbool.h>

enum { RECUR_BINS = 28, RECUR_TRUSTED = 3 };

struct recur {
    double bins[RECUR_BINS]; /* episodes by size, forgotten exponentially */
    double windows;          /* windows behind them, forgotten likewise */
    double peak;             /* size of the running episode, 0 when none */
    double calm;             /* calm windows since its last large one */
};

/* How many past episodes were about as large as `size`, or larger. */
double recur_count(const struct recur *recur, double size);
/* `score`, or the surprise of the frequency where that is lower. */
double recur_temper(const struct recur *recur, double score, double size);
/* One window passed, `size` deviations (0 or more) off; `keep` is what is kept per window, such as 1 - 1/10000. */
void recur_learn(struct recur *recur, double size, double keep);
/* The running episode became the new normal and is none any more. */
void recur_forget_episode(struct recur *recur);
/* Could this have been written by recur_learn()? */
bool recur_is_sane(const struct recur *recur);

#endif /* KIT_RECUR_H */

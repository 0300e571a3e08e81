/* SPDX-License-Identifier: MIT */

#include "kit/recur.h"

#include <math.h>

static const double SMALLEST = 2; /* deviations; what is smaller is no episode */
enum { PER_OCTAVE = 4, CALM = 3 /* windows that end an episode */ };

static int bin_of(double size)
{
    double bin = floor(PER_OCTAVE * log2(size / SMALLEST));
    if (!(bin > 0))
        return 0;
    return bin < RECUR_BINS - 1 ? (int)bin : RECUR_BINS - 1;
}

double recur_count(const struct recur *recur, double size)
{
    double count = 0;
    int first = bin_of(size) - 1; // one quarter octave smaller is still "as large": sizes vary
    for (int i = first > 0 ? first : 0; i < RECUR_BINS; i++)
        count += recur->bins[i];
    return count;
}

double recur_temper(const struct recur *recur, double score, double size)
{
    if (size < SMALLEST)
        return score;
    double count = recur_count(recur, size);
    if (count < RECUR_TRUSTED - 0.5) // half an episode may have been forgotten
        return score;
    double usual = log10(fmax(recur->windows / count, 1));
    return score < usual ? score : usual;
}

void recur_learn(struct recur *recur, double size, double keep)
{
    for (int i = 0; i < RECUR_BINS; i++)
        recur->bins[i] *= keep;
    recur->windows = recur->windows * keep + 1;
    if (size >= SMALLEST) {
        recur->peak = fmax(recur->peak, size);
        recur->calm = 0;
    } else if (recur->peak > 0 && ++recur->calm >= CALM) {
        recur->bins[bin_of(recur->peak)] += 1;
        recur->peak = 0;
    }
}

void recur_forget_episode(struct recur *recur)
{
    recur->peak = 0;
    recur->calm = 0;
}

bool recur_is_sane(const struct recur *recur)
{
    bool sane =
        recur->windows >= 0 && isfinite(recur->windows) && recur->peak >= 0 && recur->calm >= 0;
    for (int i = 0; i < RECUR_BINS; i++)
        sane = sane && recur->bins[i] >= 0 && isfinite(recur->bins[i]);
    return sane;
}

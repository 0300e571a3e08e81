/* SPDX-License-Identifier: MIT */
/*
 * Sources  F. J. Anscombe, The Transformation of Poisson, Binomial and Negative-Binomial Data, Biometrika 35, 1948.
 *          D. L. Shell, A High-Speed Sorting Procedure, CACM 2, 1959.
 *          F. R. Hampel, The Influence Curve and Its Role in Robust Estimation, JASA 69, 1974 (the MAD).
 *          B. Iglewicz, D. C. Hoaglin, How to Detect and Handle Outliers, 1993 (mean distance where the MAD is 0).
 */

#include "kit/robust.h"

/* Shell's sort with Ciura's gaps: qsort() may allocate. */
void robust_sort(double *values, size_t count)
{
    static const size_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof(gaps) / sizeof(*gaps); g++) {
        size_t gap = gaps[g];
        for (size_t i = gap; i < count; i++) {
            double value = values[i];
            size_t hole = i;
            for (; hole >= gap && values[hole - gap] > value; hole -= gap)
                values[hole] = values[hole - gap];
            values[hole] = value;
        }
    }
}

double robust_median(const double *sorted, size_t count)
{
    double upper = sorted[count / 2];
    return count % 2 ? upper : (sorted[count / 2 - 1] + upper) / 2;
}

/*
 * Distances fall towards the centre and rise again, so the sorted values, seen from the centre outwards, are two ascending lists.
 * Merging them up to the middle gives the median distance without a second sort.
 */
double robust_mad(const double *sorted, size_t count, double centre)
{
    size_t right = 0;
    while (right < count && sorted[right] < centre)
        right++;
    size_t left = right;
    double before = 0, last = 0;
    for (size_t taken = 0; taken <= count / 2; taken++) {
        double l = left > 0 ? centre - sorted[left - 1] : INFINITY;
        double r = right < count ? sorted[right] - centre : INFINITY;
        before = last;
        last = l < r ? l : r;
        if (l < r)
            left--;
        else
            right++;
    }
    return count % 2 ? last : (before + last) / 2;
}

double robust_mean_distance(const double *values, size_t count, double centre)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += fabs(values[i] - centre);
    return sum / (double)count;
}

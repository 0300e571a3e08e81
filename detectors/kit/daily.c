/* SPDX-License-Identifier: MIT */

#include "kit/daily.h"

#include "kit/longrun.h"

#include <math.h>

static const int64_t DAY = INT64_C(86400) * 1000000000;

double daily_rate(double learning, int64_t window_ns)
{
    double windows = (double)DAY / DAILY_BUCKETS / (double)window_ns;
    return 1 - pow(1 - learning, 1 / fmax(windows, 1));
}

uint32_t daily_bucket(int64_t time_ns)
{
    int64_t of_day = time_ns % DAY;
    if (of_day < 0)
        of_day += DAY;
    return (uint32_t)(of_day / (DAY / DAILY_BUCKETS));
}

void daily_learn(struct daily *daily, uint32_t bucket, double x, double rate)
{
    double n = ++daily->seen[bucket];
    daily->mean[bucket] += fmax(rate, 1 / n) * (x - daily->mean[bucket]);
}

bool daily_is_sane(const struct daily *daily)
{
    for (int i = 0; i < DAILY_BUCKETS; i++)
        if (!(fabs(daily->mean[i]) <= LONGRUN_LIMIT) || !longrun_is_number(daily->seen[i]))
            return false;
    return true;
}

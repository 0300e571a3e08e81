/* SPDX-License-Identifier: MIT */

#include "gate/spread.h"

#include <math.h>
#include <stdbool.h>

struct sample {
    const struct tally *windows;
    size_t count;
    double mean, unit; /* part of all; the variance of a record that is alone */
};

static struct tally sum(const struct tally *windows, size_t count)
{
    struct tally all = {0, 0};
    for (size_t i = 0; i < count; i++) {
        all.part += windows[i].part;
        all.all += windows[i].all;
    }
    return all;
}

/* Of blocks of `length` windows, as far as it can be; 0 when there are too few. */
static double at_length(const struct sample *s, size_t length)
{
    double square = 0, weight = 0;
    size_t blocks = 0;
    for (size_t at = 0; at + length <= s->count; at += length) {
        struct tally block = sum(s->windows + at, length);
        if (!(block.all > 0))
            continue;
        double off = block.part - s->mean * block.all;
        square += off * off / (s->unit * block.all);
        weight += s->unit * block.all;
        blocks++;
    }
    if (blocks < SPREAD_BLOCKS)
        return 0;
    double freedom = (double)blocks - 1, expected = weight / (double)blocks;
    return square / freedom * (1 + sqrt((2 + 1 / expected) / freedom));
}

static double widest(const struct sample *s)
{
    double most = 0;
    for (size_t length = 1; s->count / length >= SPREAD_BLOCKS; length *= 2)
        most = fmax(most, at_length(s, length));
    return most > 0 ? fmax(1, most) : SPREAD_UNKNOWN;
}

double spread_share(const struct tally *windows, size_t count)
{
    struct tally all = sum(windows, count);
    double mean = all.all > 0 ? all.part / all.all : 0;
    if (!(mean > 0 && mean < 1))
        return 1; // nothing wandered
    return widest(&(struct sample){windows, count, mean, mean * (1 - mean)});
}

double spread_rate(const struct tally *windows, size_t count)
{
    struct tally all = sum(windows, count);
    double mean = all.all > 0 ? all.part / all.all : 0;
    return mean > 0 ? widest(&(struct sample){windows, count, mean, mean}) : 1;
}

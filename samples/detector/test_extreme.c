/* SPDX-License-Identifier: MIT */
/*
 * Promise: inside the range nothing is odd; far outside it a window is, once; and the state survives.
 *
 * A detector can be tested without oddline: the host is a struct with one function.
 */
#undef NDEBUG
#include <oddline/detector.h>

#include <assert.h>
#include <math.h>
#include <stdio.h>

extern const struct oddline_plugin oddline_plugin;

static double last_score;

static void report(const oddline_host *host, const oddline_score *score)
{
    (void)host;
    last_score = score->score;
}

static const char *const series[] = {"errors"};
static const oddline_host host = {.size = sizeof(host),
                                  .stream = "test",
                                  .series = series,
                                  .series_count = 1,
                                  .window_ns = 60,
                                  .report = report};

static double feed(void *instance, double value)
{
    oddline_window window = {.size = sizeof(window), .values = &value};
    assert(oddline_plugin.score(instance, &window) == ODDLINE_OK);
    return last_score;
}

static void *start(void)
{
    oddline_value values[] = {oddline_plugin.params[0].fallback,
                              oddline_plugin.params[1].fallback};
    char error[ODDLINE_ERROR_SIZE];
    void *instance = NULL;
    assert(oddline_plugin.open(&host, values, &instance, error) == ODDLINE_OK);
    return instance;
}

int main(void)
{
    void *first = start(), *second = start();
    oddline_bytes state;
    for (int i = 0; i < 1000; i++) {
        double score = feed(first, (i + 5) % 10);
        assert(i < 30 || score == 0); // flagged as warming before
    }
    assert(feed(first, 9) == 0);
    assert(oddline_plugin.save(first, &state) == ODDLINE_OK);
    assert(oddline_plugin.load(second, state, 2) == ODDLINE_ESTATE);
    assert(oddline_plugin.load(second, state, 1) == ODDLINE_OK);
    double score = feed(first, 100);
    assert(score > 6);
    assert(feed(second, 100) == score); // bit for bit
    assert(feed(first, 100) == 0);      // the same trouble is no record
    assert(feed(first, NAN) == 0);
    oddline_plugin.close(first);
    oddline_plugin.close(second);
    puts("extreme: ok");
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Promise: a window in which one message drowns the others is odd, wherever its records lie in batches; a mixed one is not.
 */
#undef NDEBUG
#include <oddline/detector.h>

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

extern const struct oddline_plugin oddline_plugin;

static oddline_score last;

static void report(const oddline_host *host, const oddline_score *score)
{
    (void)host;
    last = *score;
}

static const char *const series[] = {"lines"};
static const oddline_host host = {.size = sizeof(host),
                                  .stream = "test",
                                  .series = series,
                                  .series_count = 1,
                                  .window_ns = 60,
                                  .report = report};

static void *start(void)
{
    oddline_value values[] = {oddline_plugin.params[0].fallback,
                              oddline_plugin.params[1].fallback};
    char error[ODDLINE_ERROR_SIZE];
    void *instance = NULL;
    assert(oddline_plugin.open(&host, values, &instance, error) == ODDLINE_OK);
    return instance;
}

/* One record in a batch of its own. */
static void show(void *instance, const char *text, int64_t time_ns)
{
    oddline_record record = {
        .time_ns = time_ns, .text_len = (uint32_t)strlen(text), .lines = 1};
    oddline_batch batch = {.size = sizeof(batch), .text = text, .records = &record, .count = 1};
    assert(oddline_plugin.observe(instance, &batch) == ODDLINE_OK);
}

/* Twenty records of the n-th minute: `kinds` messages in turn. */
static void minute(void *instance, int n, int kinds)
{
    char text[64];
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof(text), "order %d: %c", 1000 * n + i, 'a' + i % kinds);
        show(instance, text, n * 60 + i);
    }
}

static double end_of(void *instance, int n)
{
    double value = 20;
    uint64_t count = 20;
    oddline_window window = {.size = sizeof(window),
                             .start_ns = n * 60,
                             .end_ns = n * 60 + 60,
                             .index = (uint64_t)n,
                             .records = 20,
                             .values = &value,
                             .counts = &count};
    memset(&last, 0, sizeof(last));
    assert(oddline_plugin.score(instance, &window) == ODDLINE_OK);
    return last.score;
}

int main(void)
{
    void *first = start(), *second = start();
    oddline_bytes state;
    for (int n = 0; n < 50; n++) {
        minute(first, n, 5);
        assert(end_of(first, n) < 0.1);
    }
    minute(first, 50, 1);
    minute(first, 51, 5); // comes before the window of the minute before is over
    assert(oddline_plugin.save(first, &state) == ODDLINE_OK);
    assert(oddline_plugin.load(second, state, 2) == ODDLINE_ESTATE);
    assert(oddline_plugin.load(second, state, 1) == ODDLINE_OK);
    double odd = end_of(first, 50);
    assert(odd > 10 && last.observed == 20 && fabs(last.expected - 4) < 0.1);
    assert(end_of(second, 50) == odd); // what waited was saved too
    assert(end_of(first, 51) < 0.1);
    end_of(first, 52);
    assert(last.size == 0); // nothing is said of too few records
    oddline_plugin.close(first);
    oddline_plugin.close(second);
    puts("repeat: ok");
    return 0;
}

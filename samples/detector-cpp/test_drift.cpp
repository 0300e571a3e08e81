/* SPDX-License-Identifier: MIT */
/*
 * Promise: a small step that stays is found though no single window is odd; one wild window is not; the state survives.
 */
#undef NDEBUG
#include <oddline/detector.h>

#include <cassert>
#include <cstdio>

extern "C" const struct oddline_plugin oddline_plugin;

static oddline_score last;

static void report(const oddline_host *, const oddline_score *score)
{
    last = *score;
}

static const char *const series[] = {"latency"};

struct Instance {
    oddline_host host;
    void *self;

    Instance() : host(), self(nullptr)
    {
        oddline_value values[32];
        char error[ODDLINE_ERROR_SIZE];
        host.size = sizeof(host);
        host.stream = "test";
        host.series = series;
        host.series_count = 1;
        host.window_ns = 60;
        host.report = report;
        for (uint32_t i = 0; i < oddline_plugin.param_count; i++)
            values[i] = oddline_plugin.params[i].fallback;
        const oddline_status status = oddline_plugin.open(&host, values, &self, error);
        assert(status == ODDLINE_OK);
        (void)status;
    }
    ~Instance()
    {
        oddline_plugin.close(self);
    }
    Instance(const Instance &) = delete;
    Instance &operator=(const Instance &) = delete;

    double feed(double value)
    {
        oddline_window window = oddline_window();
        window.size = sizeof(window);
        window.values = &value;
        const oddline_status status = oddline_plugin.score(self, &window);
        assert(status == ODDLINE_OK);
        (void)status;
        return last.score;
    }
};

int main()
{
    Instance first, second;
    oddline_bytes state;
    for (int i = 0; i < 100; i++)
        assert(first.feed(100 + i % 5) < 2);
    assert(first.feed(1e9) <= 4); // one window
    for (int i = 0; i < 30; i++)
        first.feed(100 + i % 5);
    assert(first.feed(102) < 2);

    assert(oddline_plugin.save(first.self, &state) == ODDLINE_OK);
    assert(oddline_plugin.load(second.self, state, 2) == ODDLINE_ESTATE);
    assert(oddline_plugin.load(second.self, state, 1) == ODDLINE_OK);
    double most = 0;
    bool accepted = false;
    for (int i = 0; i < 40; i++) {
        const double score = first.feed(112 + i % 5);
        assert(second.feed(112 + i % 5) == score);
        most = score > most ? score : most;
        accepted = accepted || (last.flags & ODDLINE_SCORE_ACCEPTED);
    }
    assert(most > 30 && accepted);
    std::puts("drift: ok");
    return 0;
}

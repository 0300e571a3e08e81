/* SPDX-License-Identifier: MIT */
/*
 * drift - a level that has moved a little, and stays.
 *
 * Method   Page's cumulative sum, on both sides. From the first `learn` windows: the mean and the mean absolute deviation of the
 *          series. From then on, with z = (x - mean) / deviation, cut at +-`cut` so that one wild window proves nothing,
 *
 *              up = max(0, up + z - slack)      down = max(0, down - z - slack)      score = max(up, down)
 *
 *          A score above `accept` is a lasting change: it is said once more as accepted, and the new level is learnt.
 * Input    any one series; a window without a value is passed over
 * Score    deviations, added up; 5 is little, 30 is certain. The core calibrates it
 * State    56 bytes, and 8 for each of `learn` windows while it learns; O(1) per window
 * Limits   Knows one level: a series with a daily rhythm drifts twice a day. What moves while it learns is taken for the level.
 * Sources  E. S. Page, Continuous Inspection Schemes, Biometrika 41, 1954.
 *
 * This is a detector in C++11. Three things differ from C: no exception may leave a callback; the label is named with its keyword
 * (`const struct oddline_plugin`); and it has to be a constant that no constructor fills in, which for unions means that
 * parameters are of type F64.
 */

#include <oddline/detector.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

namespace
{

enum { LEARN, SLACK, CUT, ACCEPT, PARAMS };

const oddline_param params[PARAMS] = {
    {"learn",
     "windows",
     "Windows that the level is learnt from.",
     ODDLINE_F64,
     {30},
     {5},
     {10000}},
    {"slack",
     "deviations",
     "A distance from the level that is nothing.",
     ODDLINE_F64,
     {1},
     {0},
     {100}},
    {"cut", "deviations", "The most that one window counts.", ODDLINE_F64, {4}, {0.1}, {1000}},
    {"accept",
     "deviations",
     "A sum from which on the new level is normal.",
     ODDLINE_F64,
     {40},
     {1},
     {1e6}},
};

/* What is saved, before the values that are being learnt from: plain numbers. */
struct Level {
    double seen, mean, deviation, up, down;
    int64_t window_ns;
    uint64_t learning; /* values that follow */
};

const uint32_t state_version = 1;
const double nothing = std::numeric_limits<double>::quiet_NaN();

class Drift
{
  public:
    Drift(const oddline_host *host, const oddline_value *values)
        : host_(host), learn_(static_cast<size_t>(values[LEARN].f64)),
          slack_(values[SLACK].f64), cut_(values[CUT].f64), accept_(values[ACCEPT].f64),
          level_()
    {
        level_.window_ns = host->window_ns;
        learning_.reserve(learn_); // so that nothing is allocated later
    }

    void score(const oddline_window &window)
    {
        double x = window.values[0];
        if (!std::isfinite(x))
            return;
        x = std::max(-1e100, std::min(x, 1e100));
        if (level_.deviation > 0) {
            add(x);
            say(x, 0);
        } else {
            learn(x);
            say(x, ODDLINE_SCORE_WARMING);
        }
        level_.seen++;
    }

    const std::vector<char> &save()
    {
        level_.learning = learning_.size();
        const size_t tail = learning_.size() * sizeof(double);
        saved_.resize(sizeof(level_) + tail);
        std::memcpy(saved_.data(), &level_, sizeof(level_));
        if (tail > 0)
            std::memcpy(saved_.data() + sizeof(level_), learning_.data(), tail);
        return saved_;
    }

    /* False for bytes that are no state of this detector; then nothing has changed. */
    bool load(const oddline_bytes &state)
    {
        Level level;
        if (state.len < sizeof(level))
            return false;
        std::memcpy(&level, state.data, sizeof(level)); // lent bytes need not be aligned
        if (!sane(level) || state.len != sizeof(level) + level.learning * sizeof(double))
            return false;
        std::vector<double> learning(level.learning);
        if (level.learning > 0)
            std::memcpy(learning.data(), static_cast<const char *>(state.data) + sizeof(level),
                        level.learning * sizeof(double));
        for (double x : learning)
            if (!(std::fabs(x) <= 1e100))
                return false;
        learning.reserve(learn_);
        learning_.swap(learning);
        level_ = level;
        return true;
    }

  private:
    bool sane(const Level &l) const
    {
        return l.window_ns == level_.window_ns && l.learning < learn_ && l.seen >= 0 &&
               l.seen < 1e15 && std::fabs(l.mean) <= 1e100 && l.deviation >= 0 &&
               l.deviation <= 4e100 && l.up >= 0 && l.up <= 2e6 && l.down >= 0 && l.down <= 2e6;
    }

    void learn(double x)
    {
        learning_.push_back(x);
        if (learning_.size() < learn_)
            return;
        const double n = static_cast<double>(learning_.size());
        double mean = 0, deviation = 0;
        for (double y : learning_)
            mean += y / n;
        for (double y : learning_)
            deviation += std::fabs(y - mean) / n;
        level_.mean = mean;
        level_.deviation = std::max(
            deviation, 0.05 * std::fabs(mean) + 1e-9); // a series that never moved has no scale
        level_.up = level_.down = 0;
        learning_.clear();
    }

    void add(double x)
    {
        const double z = std::max(-cut_, std::min((x - level_.mean) / level_.deviation, cut_));
        level_.up = std::max(0.0, level_.up + z - slack_);
        level_.down = std::max(0.0, level_.down - z - slack_);
    }

    void say(double x, uint32_t flags)
    {
        const bool known = flags == 0;
        const double sum = known ? std::max(level_.up, level_.down) : 0;
        const bool up = level_.up >= level_.down;
        char reason[256];
        std::snprintf(reason, sizeof(reason), "%.100s has moved %s from %.4g, now at %.4g",
                      host_->series[0], up ? "up" : "down", level_.mean, x);
        oddline_score score = oddline_score();
        score.size = sizeof(score);
        score.score = sum;
        score.observed = x;
        score.expected = known ? level_.mean : nothing;
        score.lower = known ? level_.mean - slack_ * level_.deviation : nothing;
        score.upper = known ? level_.mean + slack_ * level_.deviation : nothing;
        score.samples = static_cast<uint64_t>(level_.seen);
        score.reason = known ? reason : nullptr;
        score.kind =
            up ? ODDLINE_SHIFT
               : ODDLINE_DROP; // less of something bad is no trouble: the core has to know
        score.flags =
            flags | (sum > accept_ ? static_cast<uint32_t>(ODDLINE_SCORE_ACCEPTED) : 0U);
        host_->report(host_, &score);
        if (sum > accept_)
            level_.deviation = level_.up = level_.down = 0; // learn the new level
    }

    const oddline_host *host_;
    const size_t learn_;
    const double slack_, cut_, accept_;
    Level level_;
    std::vector<double> learning_; /* while deviation is 0 */
    std::vector<char> saved_;      /* what save() lends */
};

/* ---- the border: from here on C, and no exception gets through ---------- */

template <typename Call> oddline_status guarded(Call call) noexcept
{
    try {
        return call();
    } catch (const std::bad_alloc &) {
        return ODDLINE_ENOMEM;
    } catch (...) {
        return ODDLINE_EFAILED;
    }
}

oddline_status drift_open(const oddline_host *host, const oddline_value *values,
                          void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    const oddline_status status = guarded([&] {
        *ret_instance = new Drift(host, values);
        return ODDLINE_OK;
    });
    if (status != ODDLINE_OK)
        std::snprintf(error, ODDLINE_ERROR_SIZE, "out of memory");
    return status;
}

oddline_status drift_score(void *instance, const oddline_window *window)
{
    return guarded([&] {
        static_cast<Drift *>(instance)->score(*window);
        return ODDLINE_OK;
    });
}

oddline_status drift_save(void *instance, oddline_bytes *ret_state)
{
    return guarded([&] {
        const std::vector<char> &bytes = static_cast<Drift *>(instance)->save();
        ret_state->data = bytes.data();
        ret_state->len = bytes.size();
        return ODDLINE_OK;
    });
}

oddline_status drift_load(void *instance, oddline_bytes state, uint32_t version)
{
    return guarded([&] {
        const bool taken =
            version == state_version && static_cast<Drift *>(instance)->load(state);
        return taken ? ODDLINE_OK : ODDLINE_ESTATE;
    });
}

void drift_close(void *instance)
{
    delete static_cast<Drift *>(instance);
}

} // namespace

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    sizeof(struct oddline_plugin),
    ODDLINE_ABI,
    0, // needs
    "drift",
    "1.0.0",
    "a level that has moved a little, and stays",
    params,
    PARAMS,
    state_version,
    drift_open,
    nullptr, // observe
    drift_score,
    drift_save,
    drift_load,
    drift_close,
};

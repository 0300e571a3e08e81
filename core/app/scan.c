/* SPDX-License-Identifier: MIT */

#include "app/scan.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "lane/feed.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 8 MiB: eight batches in flight, and it stays in the cache of a small machine. */
enum {
    SCAN_RING_BYTES = 8 << 20,
    SCAN_STREAMS =
        128, /* planned at once: a directory of 100,000 logs takes no more memory than one of 128 */
};

/* Inputs [first, end) are one stream. */
struct scan_stream {
    size_t first, end;
    struct config_stream config;
    const char *service; /* its name in the configuration; NULL: it is not there */
    struct plan *plan;
};

struct scanning {
    const struct inputs *inputs;
    const struct scan_options *options;
    struct scan_result *result;
    struct library library;
    struct scan_stream streams[SCAN_STREAMS]; /* [stream_count], one group of them */
    size_t stream_count;
    int64_t begun_ns, next_progress_ns;
    struct ring *ring;
    struct lane lane;
    struct judge *judge;
    uint64_t total_bytes;
};

/* ---- which configuration a stream takes --------------------------------- */

/* A path belongs to a configured stream when it fits one of its patterns, or has the name of a file in it. */
static bool claims(const struct config_stream *stream, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    for (size_t i = 0; i < stream->paths.count; i++) {
        const char *pattern = stream->paths.at[i], *last = strrchr(pattern, '/');
        if (fnmatch(pattern, path, 0) == 0 || fnmatch(last ? last + 1 : pattern, base, 0) == 0)
            return true;
    }
    return false;
}

const struct config_stream *scan_claimed(const struct config *config, const char *path)
{
    for (size_t i = 0; i < config->stream_count; i++)
        if (claims(&config->streams[i], path))
            return &config->streams[i];
    return NULL;
}

static struct config_stream config_for(const struct scan_options *options,
                                       const struct input *input)
{
    if (options->only)
        return *options->only;
    for (size_t i = 0; options->config && i < options->config->stream_count; i++)
        if (claims(&options->config->streams[i], input->path) ||
            claims(&options->config->streams[i], input->stream))
            return options->config->streams[i];
    return options->fallback;
}

/* A budget is a threshold too: a tenth of the findings is one more. */
static void raise_thresholds(struct judge_policy *policy, double by)
{
    for (int route = 0; by != 0 && route < ROUTES; route++) {
        policy->thresholds[route] += by;
        policy->budget[route] *= pow(10, -by);
    }
}

static int plan_stream(struct scanning *s, struct scan_stream *stream, struct error *reterr)
{
    const struct scan_options *options = s->options;
    struct plan_place place = {.file = options->config ? options->config->path : "scan",
                               .number = (uint32_t)(stream - s->streams),
                               .library = &s->library};
    struct plan *plan = NULL;
    int r = plan_create(&stream->config, &place, &plan, reterr);
    if (r < 0 || !plan)
        return r;
    plan->judge.service = stream->service;
    plan->lane.window.from_ns = options->since_ns;
    plan->lane.window.until_ns = options->until_ns;
    raise_thresholds(&plan->judge.policy, options->raise);
    stream->plan = plan;
    CHECK(judge_add(s->judge, plan->number, &plan->judge) == 0);
    return 0;
}

/* Plan the streams of the inputs from *at on, as many as one group holds; *at moves behind them. */
static int plan_group(struct scanning *s, size_t *at, struct error *reterr)
{
    const struct inputs *inputs = s->inputs;
    int r = 0;
    for (s->stream_count = 0;
         *at < inputs->count && s->stream_count < SCAN_STREAMS && r == 0;) {
        struct scan_stream *stream = &s->streams[s->stream_count++];
        const struct input *first = &inputs->at[*at];
        *stream = (struct scan_stream){.first = *at, .config = config_for(s->options, first)};
        while (*at < inputs->count && strcmp(inputs->at[*at].stream, first->stream) == 0)
            ++*at;
        stream->end = *at;
        stream->service = stream->config.file ? stream->config.name : NULL;
        if (!s->options->only)
            stream->config.name = first->stream;
        r = plan_stream(s, stream, reterr);
    }
    return r;
}

static void weigh(struct scanning *s)
{
    struct stat st;
    for (size_t i = 0; i < s->inputs->count; i++)
        if (stat(s->inputs->at[i].path, &st) == 0)
            s->total_bytes += (uint64_t)st.st_size;
}

/* ---- the lane's side ---------------------------------------------------- */

static void chose(const struct lane_stream *stream, const char *path, const char *choice)
{
    const struct scan_options *options = stream->context;
    if (options->chose)
        options->chose(stream->plan->name, path, choice, windows_length_ns(stream->windows));
}

static void read_to_end(struct scanning *s, struct feed *feed)
{
    bool is_pipe = source_kind(feed_source(feed)) == SOURCE_PIPE;
    s->lane.live = is_pipe; // lines without a stamp have at least a time of arrival
    for (;;) {
        enum feed_state state = feed_step(&s->lane, feed);
        if (state == FEED_END)
            return;
        if (state == FEED_IDLE && !is_pipe)
            break; // the end of a file; whether it grows is not for a scan to ask
    }
    feed_finish(&s->lane, feed);
}

static int read_input(struct scanning *s, struct lane_stream *stream, const struct input *input)
{
    struct source *source = NULL;
    struct feed *feed = NULL;
    struct error error;
    bool is_stdin = strcmp(input->path, "-") == 0;
    int r = is_stdin ? source_open_pipe(STDIN_FILENO, "-", &source, &error)
                     : source_open(input->path, &source, &error);
    if (r < 0) {
        log_error("%s", error.text);
        return r;
    }
    struct feed_start start = feed_start(source, s->lane.source_number++, 0);
    r = feed_open(&s->lane, stream, &start, source, &feed);
    if (r == 0)
        read_to_end(s, feed);
    feed_close(&s->lane, feed);
    source_close(source);
    return r;
}

/* Windows are without holes: their number says when the first one began. */
static void note_span(struct scanning *s, const struct windows *windows)
{
    struct scan_result *result = s->result;
    int64_t length = windows_length_ns(windows), last = windows_reached_ns(windows);
    uint64_t closed = windows_counts(windows).closed;
    if (closed == 0 || last == NO_TIME)
        return;
    if (s->options->until_ns != NO_TIME && last > s->options->until_ns)
        last = s->options->until_ns;
    int64_t first = last - (int64_t)closed * length;
    result->first_ns =
        result->first_ns == NO_TIME || first < result->first_ns ? first : result->first_ns;
    result->last_ns = last > result->last_ns ? last : result->last_ns;
}

static void read_stream(struct scanning *s, const struct scan_stream *scan_stream)
{
    struct lane_stream stream;
    CHECK(lane_stream_open(&scan_stream->plan->lane, &stream) == 0);
    stream.chose = chose;
    stream.context = s->options;
    for (size_t i = scan_stream->first; i < scan_stream->end; i++)
        if (read_input(s, &stream, &s->inputs->at[i]) < 0)
            s->result->failed++;
    lane_stream_end(&s->lane, &stream);
    uint64_t timeless = windows_counts(stream.windows).timeless;
    if (timeless > windows_counts(stream.windows).records /
                       100) // a line or two of preamble are nothing to speak of
        log_warning(
            "%s: %llu records have no time stamp that is known here, and were not judged",
            scan_stream->plan->name, (unsigned long long)timeless);
    s->result->timeless += timeless;
    note_span(s, stream.windows);
    lane_stream_close(&stream);
}

static void *run_lane(void *arg)
{
    struct scanning *s = arg;
    if (s->options->remarks.len)
        lane_remarks(&s->lane, s->options->remarks);
    for (size_t i = 0; i < s->stream_count; i++)
        read_stream(s, &s->streams[i]);
    lane_end(&s->lane);
    return NULL;
}

/* ---- the judge's side --------------------------------------------------- */

static void show_progress(struct scanning *s)
{
    int64_t now = clock_monotonic_ns();
    if (!s->options->progress || now < s->next_progress_ns)
        return;
    s->next_progress_ns = now + 200 * NS_PER_MS;
    s->options->progress(atomic_load(&s->lane.progress.bytes),
                         atomic_load(&s->lane.progress.lines), s->total_bytes,
                         now - s->begun_ns);
}

static void run_judge(struct scanning *s)
{
    for (bool more = true; more;) {
        show_progress(s);
        more = judge_step(s->judge, 200);
    }
}

static int run_both(struct scanning *s, struct error *reterr)
{
    pthread_t thread;
    int r = -pthread_create(&thread, NULL, run_lane, s);
    if (r < 0)
        return error_set(reterr, r, "scan: cannot start a thread: %s", strerror(-r));
    run_judge(s);
    pthread_join(thread, NULL);
    return 0;
}

static void sum_up(struct scanning *s)
{
    struct scan_result *result = s->result;
    result->elapsed_ns = clock_monotonic_ns() - s->begun_ns;
    result->bytes = atomic_load(&s->lane.progress.bytes);
    result->lines = atomic_load(&s->lane.progress.lines);
    result->records = atomic_load(&s->lane.progress.records);
}

/* One group of streams: planned, read, judged, forgotten. */
static int scan_group(struct scanning *s, size_t *at, struct error *reterr)
{
    const struct config *config = s->options->config;
    struct judge_options options = {.ring = s->ring,
                                    .isolation = s->options->isolation,
                                    .never_skip = true,
                                    .deliver = s->options->deliver,
                                    .context = s->options->context};
    if (config) {
        options.resource = (struct finding_pairs){config->resource.at, config->resource.count};
        options.config_hash = config->hash;
    }
    int r = judge_create(&options, &s->judge);
    r = r < 0 ? error_set(reterr, r, "scan: out of memory") : plan_group(s, at, reterr);
    if (r == 0)
        r = judge_start(s->judge, reterr);
    if (r == 0)
        r = run_both(s, reterr);
    s->result->streams += s->stream_count;
    s->result->suppressed += s->judge ? judge_counts(s->judge).suppressed : 0;
    judge_free(s->judge);
    s->judge = NULL;
    for (size_t i = 0; i < s->stream_count; i++)
        plan_free(s->streams[i].plan);
    return r;
}

int scan(const struct inputs *inputs, const struct scan_options *options,
         struct scan_result *ret, struct error *reterr)
{
    *ret =
        (struct scan_result){.files = inputs->count, .first_ns = NO_TIME, .last_ns = NO_TIME};
    struct scanning s = {.inputs = inputs, .options = options, .result = ret};
    s.library.isolation = options->isolation;
    s.begun_ns = clock_monotonic_ns();
    s.next_progress_ns = s.begun_ns + NS_PER_S; // a short scan shows none
    int r = ring_create(SCAN_RING_BYTES, 1, &s.ring, reterr);
    if (r == 0)
        r = lane_init(&s.lane, s.ring, reterr);
    weigh(&s);
    for (size_t at = 0; at < inputs->count && r == 0;)
        r = scan_group(&s, &at, reterr);
    sum_up(&s);
    lane_free(&s.lane);
    ring_destroy(s.ring);
    library_free(&s.library);
    return r;
}

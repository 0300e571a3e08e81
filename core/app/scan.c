/* SPDX-License-Identifier: MIT */

#include "app/scan.h"

#include "app/lane.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 8 MiB: eight batches in flight, and it stays in the cache of a small machine. */
enum { SCAN_RING_BYTES = 8 << 20 };

/* Inputs [first, end) are one stream. */
struct scan_stream {
    size_t first, end;
    struct config_stream config;
    struct plan *plan;
};

struct scanning {
    const struct inputs *inputs;
    const struct scan_options *options;
    struct scan_result *result;
    struct library library;
    struct scan_stream *streams;
    size_t stream_count;
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

static int plan_streams(struct scanning *s, struct error *reterr)
{
    const struct inputs *inputs = s->inputs;
    s->streams = calloc(inputs->count + 1, sizeof(*s->streams));
    CHECK(s->streams);
    for (size_t i = 0; i < inputs->count; i = s->streams[s->stream_count++].end) {
        struct scan_stream *stream = &s->streams[s->stream_count];
        stream->first = stream->end = i;
        while (stream->end < inputs->count &&
               strcmp(inputs->at[stream->end].stream, inputs->at[i].stream) == 0)
            stream->end++;
        stream->config = config_for(s->options, &inputs->at[i]);
        if (!s->options->only)
            stream->config.name = inputs->at[i].stream;
        struct plan_place place = {.file =
                                       s->options->config ? s->options->config->path : "scan",
                                   .number = (uint32_t)s->stream_count,
                                   .library = &s->library};
        int r = plan_create(&stream->config, &place, &stream->plan, reterr);
        if (r < 0)
            // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): clean_up() frees it, whatever happens here
            return r;
        stream->plan->window.from_ns = s->options->since_ns;
        stream->plan->window.until_ns = s->options->until_ns;
        CHECK(judge_add(s->judge, stream->plan->number, &stream->plan->judge) == 0);
    }
    return 0;
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
    r = feed_open(&s->lane, stream, source, &feed);
    if (r == 0)
        read_to_end(s, feed);
    feed_close(&s->lane, feed);
    source_close(source);
    return r;
}

static void read_stream(struct scanning *s, const struct scan_stream *scan_stream)
{
    struct lane_stream stream;
    CHECK(lane_stream_open(scan_stream->plan, &stream) == 0);
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
    lane_stream_close(&stream);
}

static void *run_lane(void *arg)
{
    struct scanning *s = arg;
    for (size_t i = 0; i < s->stream_count; i++)
        read_stream(s, &s->streams[i]);
    lane_end(&s->lane);
    return NULL;
}

/* ---- the judge's side --------------------------------------------------- */

static void show_progress(const struct scanning *s, int64_t begun_ns, int64_t *next_ns)
{
    int64_t now = clock_monotonic_ns();
    if (!s->options->progress || now < *next_ns)
        return;
    *next_ns = now + 200 * NS_PER_MS;
    s->options->progress(atomic_load(&s->lane.progress.bytes),
                         atomic_load(&s->lane.progress.lines), s->total_bytes, now - begun_ns);
}

static void run_judge(struct scanning *s, int64_t begun_ns)
{
    int64_t next_ns = begun_ns + NS_PER_S;
    for (bool more = true; more;) {
        show_progress(s, begun_ns, &next_ns);
        if (!ring_wait_frame(s->ring, 0, 200))
            continue;
        more = judge_frame(s->judge, ring_peek(s->ring, 0));
        ring_release(s->ring, 0);
    }
}

static int run_both(struct scanning *s, struct error *reterr)
{
    pthread_t thread;
    int64_t begun = clock_monotonic_ns();
    int r = -pthread_create(&thread, NULL, run_lane, s);
    if (r < 0)
        return error_set(reterr, r, "scan: cannot start a thread: %s", strerror(-r));
    run_judge(s, begun);
    pthread_join(thread, NULL);
    s->result->elapsed_ns = clock_monotonic_ns() - begun;
    s->result->bytes = atomic_load(&s->lane.progress.bytes);
    s->result->lines = atomic_load(&s->lane.progress.lines);
    s->result->records = atomic_load(&s->lane.progress.records);
    s->result->suppressed = judge_counts(s->judge).suppressed;
    return 0;
}

static void clean_up(struct scanning *s)
{
    judge_free(s->judge);
    for (size_t i = 0; i < s->stream_count; i++)
        plan_free(s->streams[i].plan);
    free(s->streams);
    lane_free(&s->lane);
    ring_destroy(s->ring);
    library_free(&s->library);
}

int scan(const struct inputs *inputs, const struct scan_options *options,
         struct scan_result *ret, struct error *reterr)
{
    *ret = (struct scan_result){.files = inputs->count};
    struct scanning s = {.inputs = inputs, .options = options, .result = ret};
    struct judge_options judge = {.deliver = options->deliver, .context = options->context};
    if (options->config) {
        judge.resource = (struct finding_pairs){options->config->resource.at,
                                                options->config->resource.count};
        judge.config_hash = options->config->hash;
    }
    int r = judge_create(&judge, &s.judge);
    if (r < 0)
        error_set(reterr, r, "scan: out of memory");
    if (r == 0)
        r = ring_create(SCAN_RING_BYTES, 1, &s.ring, reterr);
    if (r == 0)
        r = lane_init(&s.lane, s.ring, reterr);
    if (r == 0)
        r = plan_streams(&s, reterr);
    if (r == 0) {
        weigh(&s);
        ret->streams = s.stream_count;
        r = run_both(&s, reterr);
    }
    clean_up(&s);
    return r;
}

/* SPDX-License-Identifier: MIT */

#include "judge/judge.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "judge/panel.h"
#include "judge/verdict.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the judge keeps of one stream. */
struct bench {
    struct judge *judge;
    const struct judge_stream *stream;
    struct panel *panel; /* NULL until its first notice */
    struct verdict *verdict;
    int64_t reached_ns; /* event time of the newest window */
};

struct judge {
    struct judge_options options;
    struct bench *
        *benches; /* [bench_count], by number of the stream; NULL where there is none */
    size_t bench_count;
    struct judge_counts counts;
};

int judge_create(const struct judge_options *options, struct judge **ret)
{
    struct judge *judge = calloc(1, sizeof(*judge));
    if (!judge)
        return -ENOMEM;
    judge->options = *options;
    *ret = judge;
    return 0;
}

static void bench_clear(struct bench *bench)
{
    panel_close(bench->panel);
    if (bench->verdict)
        bench->judge->counts.suppressed += verdict_suppressed(bench->verdict);
    verdict_free(bench->verdict);
}

void judge_free(struct judge *judge)
{
    if (!judge)
        return;
    for (size_t i = 0; i < judge->bench_count; i++) {
        if (judge->benches[i])
            bench_clear(judge->benches[i]);
        free(judge->benches[i]);
    }
    free(judge->benches);
    free(judge);
}

/* ---- findings on their way out ------------------------------------------ */

static void deliver(void *context, struct finding *finding)
{
    struct bench *bench = context;
    struct judge *judge = bench->judge;
    if (judge->options.live && !finding->id[0])
        finding->detected_ns = NO_TIME; // the wall clock of the delivery
    finding->resource = judge->options.resource;
    finding->config_hash = judge->options.config_hash;
    judge->counts.findings++;
    judge->options.deliver(judge->options.context, finding);
}

/* A finding that no detector made: over as soon as it is said. */
static struct finding plain_finding(const struct bench *bench, enum finding_kind kind,
                                    int64_t at_ns)
{
    return (struct finding){
        .fingerprint = hash_join(hash_bytes(bytes_of(bench->stream->name)), kind),
        .status = FINDING_RESOLVED,
        .starts_ns = at_ns,
        .ends_ns = at_ns,
        .detected_ns = at_ns,
        .stream = bench->stream->name,
        .series = "",
        .detector = "core",
        .detector_version = "1",
        .kind = kind,
        .route = ROUTE_TICKET,
        .observed = NAN,
        .expected = NAN,
        .lower = NAN,
        .upper = NAN,
        .window_start_ns = at_ns,
        .window_end_ns = at_ns,
        .labels = bench->stream->labels,
        .annotations = bench->stream->annotations,
    };
}

static void complain(void *context, const struct plugin *plugin, const char *sentence)
{
    struct bench *bench = context;
    const struct oddline_plugin *label = plugin_label(plugin);
    int64_t at = bench->reached_ns == NO_TIME ? 0 : bench->reached_ns;
    struct finding finding = plain_finding(bench, FINDING_PLUGIN, at);
    finding.detector = label->id;
    finding.detector_version = label->version;
    finding.fingerprint = hash_join(finding.fingerprint, hash_bytes(bytes_of(label->id)));
    finding.summary = sentence;
    bench->judge->counts.plugin_errors++;
    log_warning("stream %s: detector %s is closed: %s", bench->stream->name, label->id,
                sentence);
    deliver(bench, &finding);
}

/* ---- streams ------------------------------------------------------------ */

static int make_room(struct judge *judge, size_t count)
{
    struct bench **grown = realloc(judge->benches, count * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    memset(grown + judge->bench_count, 0, (count - judge->bench_count) * sizeof(*grown));
    judge->benches = grown;
    judge->bench_count = count;
    return 0;
}

int judge_add(struct judge *judge, uint32_t number, const struct judge_stream *stream)
{
    if (number >= judge->bench_count && make_room(judge, number + 16u) < 0)
        return -ENOMEM;
    CHECK(!judge->benches[number]);
    struct bench *bench =
        calloc(1, sizeof(*bench)); // on its own: verdict and panel hold its address
    if (!bench)
        return -ENOMEM;
    *bench = (struct bench){.judge = judge, .stream = stream, .reached_ns = NO_TIME};
    judge->benches[number] = bench;
    return 0;
}

void judge_forget(struct judge *judge, uint32_t number)
{
    bench_clear(judge->benches[number]);
    free(judge->benches[number]);
    judge->benches[number] = NULL;
}

static struct bench *bench_of(struct judge *judge, uint32_t number)
{
    CHECK(number < judge->bench_count && judge->benches[number]);
    return judge->benches[number];
}

static void open_stream(struct judge *judge, const struct stream_notice *notice)
{
    struct bench *bench = bench_of(judge, notice->stream);
    struct verdict_options verdict = {
        .stream = bench->stream, .deliver = deliver, .context = bench};
    struct panel_options panel = {.stream = bench->stream,
                                  .window_ns = notice->window_ns,
                                  .complain = complain,
                                  .context = bench};
    CHECK(!bench->panel);
    CHECK(verdict_create(&verdict, &bench->verdict) == 0); // some KiB, once a stream
    CHECK(panel_open(&panel, &bench->panel) == 0);
}

/* ---- frames ------------------------------------------------------------- */

static void judge_batch(struct judge *judge, const struct batch *batch)
{
    struct bench *bench = bench_of(judge, batch->stream);
    judge->counts.batches++;
    judge->counts.records += batch->record_count;
    if (!bench->panel)
        return; // nothing has a time yet: no window, no detector
    struct oddline_batch view = batch_view(batch);
    panel_observe(bench->panel, &view);
}

static void judge_window(struct judge *judge, const struct closed *closed)
{
    struct bench *bench = bench_of(judge, closed->stream);
    const char *base = (const char *)closed;
    struct oddline_window window = {
        .size = sizeof(window),
        .records = closed->records,
        .values = (const double *)(const void *)(base + closed->values),
        .counts = (const uint64_t *)(const void *)(base + closed->counts),
        .flags = closed->flags,
    };
    int64_t length = closed->end_ns - closed->start_ns;
    for (uint64_t i = 0; i < closed->repeat; i++) {
        const struct opinion *opinions;
        window.index = closed->index + i;
        window.start_ns = closed->start_ns + (int64_t)i * length;
        window.end_ns = window.start_ns + length;
        bench->reached_ns = window.end_ns;
        size_t count = panel_score(bench->panel, &window, &opinions);
        judge->counts.windows++;
        judge->counts.scores += count;
        verdict_window(bench->verdict, closed, window.index, opinions, count);
    }
}

static void judge_gap(struct judge *judge, const struct gap *gap)
{
    struct bench *bench = bench_of(judge, gap->stream);
    const char *base = (const char *)gap;
    int64_t at = gap->time_ns == NO_TIME ? 0 : gap->time_ns;
    char summary[512];
    snprintf(summary, sizeof(summary), "%.*s: %.*s (%llu bytes at offset %llu)",
             (int)gap->path_len, base + gap->path, (int)gap->reason_len, base + gap->reason,
             (unsigned long long)gap->bytes, (unsigned long long)gap->offset);
    struct finding finding = plain_finding(bench, FINDING_GAP, at);
    finding.summary = summary;
    finding.observed = (double)gap->bytes;
    if (!bench->verdict || verdict_admit(bench->verdict, at))
        deliver(bench, &finding);
}

bool judge_frame(struct judge *judge, const struct ring_frame *frame)
{
    const void *payload = ring_payload(frame);
    switch ((enum ring_kind)frame->kind) {
    case RING_BATCH:
        judge_batch(judge, payload);
        return true;
    case RING_WINDOW:
        judge_window(judge, payload);
        return true;
    case RING_STREAM:
        open_stream(judge, payload);
        return true;
    case RING_GAP:
        judge_gap(judge, payload);
        return true;
    case RING_END:
        return false;
    }
    CHECK(frame->kind == RING_END); // there is no other kind
    return false;
}

struct judge_counts judge_counts(const struct judge *judge)
{
    struct judge_counts counts = judge->counts;
    for (size_t i = 0; i < judge->bench_count; i++)
        if (judge->benches[i] && judge->benches[i]->verdict)
            counts.suppressed += verdict_suppressed(judge->benches[i]->verdict);
    return counts;
}

/* SPDX-License-Identifier: MIT */

#include "judge/judge_inner.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int judge_create(const struct judge_options *options, struct judge **ret)
{
    struct judge *judge = calloc(1, sizeof(*judge));
    if (!judge)
        return -ENOMEM;
    judge->options = *options;
    judge->silences = calloc(1, sizeof(*judge->silences));
    if (!judge->silences || firsts_create(&judge->firsts) < 0 || judge_past_create(judge) < 0) {
        firsts_free(judge->firsts);
        free(judge->silences);
        free(judge);
        return -ENOMEM;
    }
    struct crew_options crew = {.ring = options->ring,
                                .isolation = options->isolation,
                                .exe = options->worker_exe,
                                .never_skip = options->never_skip,
                                .complain = judge_complain,
                                .context = judge};
    int r = crew_create(&crew, &judge->crew, NULL);
    if (r < 0) {
        free(judge->silences);
        firsts_free(judge->firsts);
        judge_past_free(judge);
        free(judge);
        return r;
    }
    *ret = judge;
    return 0;
}

static void bench_free(struct bench *bench)
{
    if (!bench)
        return;
    gaps_free(bench->gaps);
    slos_free(bench->slos);
    free(bench->shares);
    panel_close(bench->panel);
    verdict_free(bench->verdict);
    verdict_free(bench->shadow);
    roster_free(bench->roster);
    free(bench);
}

void judge_free(struct judge *judge)
{
    if (!judge)
        return;
    judge_services_free(judge);
    for (size_t i = 0; i < judge->bench_count; i++)
        bench_free(judge->benches[i]);
    free(judge->benches);
    crew_free(judge->crew);
    judge_past_free(judge);
    firsts_free(judge->firsts);
    free(judge->silences);
    free(judge);
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
    *bench = (struct bench){
        .judge = judge, .configured = stream, .stream = stream, .reached_ns = NO_TIME};
    struct panel_options options = {.stream = stream, .number = number, .crew = judge->crew};
    int r = panel_open(&options, &bench->panel);
    if (r == 0)
        r = gaps_create(bench->panel, &bench->gaps);
    if (r == 0)
        r = slos_create(stream, &bench->slos);
    if (r == 0)
        r = roster_create(stream, &bench->roster);
    if (r < 0) {
        bench_free(bench);
        return r;
    }
    if (bench->roster)
        bench->stream = roster_stream(bench->roster);
    judge->benches[number] = bench;
    return 0;
}

int judge_start(struct judge *judge, struct error *reterr)
{
    judge_services(judge);
    return crew_start(judge->crew, reterr);
}

static struct bench *bench_of(struct judge *judge, uint32_t number)
{
    CHECK(number < judge->bench_count && judge->benches[number]);
    return judge->benches[number];
}

/* Made by the first notice, or by a gap before it. */
struct verdict *judge_verdict(struct bench *bench)
{
    struct verdict_options options = {.stream = bench->stream,
                                      .deliver = judge_deliver_trouble,
                                      .context = bench,
                                      .silences = bench->judge->silences,
                                      .past = bench->judge->past};
    if (!bench->verdict)
        CHECK(verdict_create(&options, &bench->verdict) == 0); // some KiB, once a stream
    return bench->verdict;
}

/* A detector on trial has a verdict of its own: what it finds changes nothing for the others. */
struct verdict *judge_shadow(struct bench *bench)
{
    struct verdict_options options = {.stream = bench->stream,
                                      .deliver = judge_deliver_shadow,
                                      .context = bench,
                                      .silences = bench->judge->silences,
                                      .past = bench->judge->past,
                                      .apart = true};
    for (size_t i = 0; i < bench->stream->use_count && !bench->shadow; i++)
        if (bench->stream->uses[i].shadow)
            CHECK(verdict_create(&options, &bench->shadow) == 0);
    return bench->shadow;
}

static void open_stream(struct judge *judge, const struct stream_notice *notice)
{
    struct bench *bench = bench_of(judge, notice->stream);
    judge_verdict(bench);
    judge_shadow(bench);
    panel_at(bench->panel, judge->position, 0);
    panel_begin(bench->panel, notice->window_ns);
}

/* ---- frames ------------------------------------------------------------- */

static void judge_batch(struct judge *judge, const struct batch *batch)
{
    struct bench *bench = bench_of(judge, batch->stream);
    judge->counts.batches++;
    judge->counts.records += batch->record_count;
    judge->counts.bytes += batch->span;
    struct oddline_batch view = batch_view(batch);
    panel_at(bench->panel, judge->position, 0);
    panel_observe(bench->panel, &view);
}

/* Slots that are another group's from this window on: what is known of the one before ends here, and then the names change. */
static void judge_groups(struct bench *bench, const struct closed *closed)
{
    const struct closed_group *groups = closed_groups(closed);
    for (uint32_t i = 0; i < closed->group_count; i++) {
        if (!groups[i].fresh)
            continue;
        verdict_renew(bench->verdict, groups[i].series, closed->closed_ns);
        if (bench->shadow)
            verdict_renew(bench->shadow, groups[i].series, closed->closed_ns);
    }
    panel_at(bench->panel, bench->judge->position, 0);
    panel_renew(bench->panel, closed);
    roster_read(bench->roster, closed);
}

static void judge_window(struct judge *judge, const struct closed *closed)
{
    struct bench *bench = bench_of(judge, closed->stream);
    if (bench->roster)
        judge_groups(bench, closed);
    for (uint64_t i = 0; i < closed->repeat; i++) {
        const struct opinion *opinions;
        struct oddline_window window = closed_window(closed, i);
        bench->reached_ns = window.end_ns;
        panel_at(bench->panel, judge->position, i);
        size_t count = panel_score(bench->panel, &window, &opinions);
        judge->counts.windows++;
        judge->counts.scores += count;
        size_t real = 0;
        while (real < count && !opinions[real].shadow)
            real++;
        judge->closed = closed;
        verdict_window(bench->verdict, closed, window.index, opinions, real);
        judge->closed = NULL;
        if (bench->shadow)
            verdict_window(bench->shadow, closed, window.index, opinions + real, count - real);
        gaps_window(bench->gaps, &window,
                    closed->closed_ns + window.start_ns - closed->start_ns,
                    &(struct gap_sayer){judge_deliver_gap, bench});
        slos_window(bench->slos, closed, i,
                    &(struct slo_sink){judge_deliver_burn, bench, judge->silences});
        judge_share(bench, closed, i);
    }
    firsts_window(judge->firsts, bench->stream->name, closed);
}

static void judge_gap(struct judge *judge, const struct gap *gap)
{
    struct bench *bench = bench_of(judge, gap->stream);
    const char *base = (const char *)gap;
    int64_t at = gap->time_ns == NO_TIME ? bench->reached_ns : gap->time_ns;
    struct bytes path = {base + gap->path, gap->path_len};
    char summary[512];
    snprintf(summary, sizeof(summary), "%.*s: %.*s (%llu bytes at offset %llu)", (int)path.len,
             path.at, (int)gap->reason_len, base + gap->reason, (unsigned long long)gap->bytes,
             (unsigned long long)gap->offset);
    struct finding finding = judge_plain_finding(bench, FINDING_GAP, at);
    finding.fingerprint = hash_join(finding.fingerprint, hash_bytes(path));
    finding.summary = summary;
    finding.observed = (double)gap->bytes;
    judge->counts.gaps++;
    slos_gap(bench->slos, at);
    judge_share_gap(bench, at);
    judge_deliver_ticket(bench, &finding, true);
}

static void judge_silences(struct judge *judge, const struct silences_notice *notice)
{
    struct unpacker in = {.rest = {(const char *)(notice + 1), notice->bytes}};
    silences_unpack(&in, judge->silences);
    if (in.bad)
        log_error("silences: what was handed on makes no sense; the ones before stay");
}

static void judge_mark(struct judge *judge, const struct ring_frame *frame)
{
    const struct mark *mark = ring_payload(frame);
    if (!(mark->flags & MARK_REPLAYED)) // that one is in no block
        judge_services_mark(judge);
    if (mark->flags & MARK_SNAPSHOT)
        judge_retire(judge);
    if (mark->flags & MARK_SNAPSHOT)
        crew_cut(judge->crew, judge->position + frame->size);
    if (judge->options.mark)
        judge->options.mark(judge->options.context, mark);
    if (mark->flags & MARK_REPLAYED)
        crew_say_stale(judge->crew); // not before: the findings of a replay are known
}

static bool judge_frame(struct judge *judge, const struct ring_frame *frame)
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
    case RING_MARK:
        judge_mark(judge, frame);
        return true;
    case RING_SILENCES:
        judge_silences(judge, payload);
        return true;
    case RING_REMARKS:
        judge_remarks(judge, payload);
        return true;
    case RING_DEPLOY:
        judge_deploy(judge, payload);
        return true;
    case RING_END:
        if (!judge->options.live) // a live judge only makes way for another
            judge_services_end(judge);
        return false;
    }
    CHECK(frame->kind == RING_END); // there is no other kind
    return false;
}

/*
 * A worker that still needs what the judge is done with may be all the lane waits for: do not sleep over it. The lane does not wait as
 * long as half of the ring is free.
 */
enum { LAG_MS = 2 };

static bool holds_up(const struct judge *judge)
{
    const struct ring *ring = judge->options.ring;
    return ring_head(ring) - ring_tail(ring) >= ring_payload_max(ring) &&
           crew_lags(judge->crew);
}

bool judge_step(struct judge *judge, int timeout_ms)
{
    struct ring *ring = judge->options.ring;
    bool soon = (timeout_ms < 0 || timeout_ms > LAG_MS) && holds_up(judge);
    if (!ring_wait_frame(ring, 0, soon ? LAG_MS : timeout_ms)) {
        crew_poll(judge->crew);
        return true;
    }
    const struct ring_frame *frame = ring_peek(ring, 0);
    judge->position = ring_cursor(ring, 0);
    crew_passed(judge->crew, judge->position); // whoever sleeps has something to do
    bool more = judge_frame(judge, frame);
    ring_release(ring, 0);
    return more;
}

void judge_finish(struct judge *judge)
{
    crew_finish(judge->crew);
}

static void bench_inherit(struct bench *bench, struct bench *old)
{
    bench->reached_ns = old->reached_ns;
    bench->kept = true;
    panel_inherit(bench->panel, old->panel);
    if (bench->roster)
        roster_inherit(bench->roster, old->roster);
    gaps_inherit(bench->gaps, old->gaps);
    struct verdict **pairs[2][2] = {{&bench->verdict, &old->verdict},
                                    {&bench->shadow, &old->shadow}};
    for (int i = 0; i < 2; i++) {
        *pairs[i][0] = *pairs[i][1];
        *pairs[i][1] = NULL;
        if (*pairs[i][0])
            verdict_move(*pairs[i][0], bench->stream, bench);
    }
}

/* A budget outlives what else changes in its stream; what is open of one that is gone does not. */
static void inherit_slos(struct judge *judge, struct judge *old)
{
    struct slo_heirs heirs = judge_heirs(judge);
    for (size_t i = 0; i < old->bench_count; i++) {
        struct bench *before = old->benches[i];
        struct bench *bench = i < judge->bench_count ? judge->benches[i] : NULL;
        if (!before)
            continue;
        bool same = bench && strcmp(bench->stream->name, before->stream->name) == 0;
        slos_inherit(same ? bench->slos : NULL, before->slos, &heirs);
    }
    judge_services_inherit(judge, old);
}

void judge_inherit(struct judge *judge, struct judge *old)
{
    judge_services(judge);
    for (size_t i = 0; i < judge->bench_count && i < old->bench_count; i++)
        if (judge->benches[i] && old->benches[i] &&
            judge->benches[i]->configured == old->benches[i]->configured)
            bench_inherit(judge->benches[i], old->benches[i]);
    inherit_slos(judge, old);
    crew_inherit(judge->crew, old->crew);
    struct silences *silences =
        judge->silences; // verdicts that moved hold the old one's address
    judge->silences = old->silences;
    old->silences = silences;
    struct firsts *firsts = judge->firsts;
    judge->firsts = old->firsts;
    old->firsts = firsts;
    judge_past_inherit(judge, old);
    judge->counts = old->counts;
}

struct judge_counts judge_counts(const struct judge *judge)
{
    struct judge_counts counts = judge->counts;
    for (size_t i = 0; i < judge->bench_count; i++)
        if (judge->benches[i] && judge->benches[i]->verdict)
            counts.suppressed += verdict_suppressed(judge->benches[i]->verdict);
    return counts;
}

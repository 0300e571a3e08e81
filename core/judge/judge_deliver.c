/* SPDX-License-Identifier: MIT */
/*
 * judge_deliver.c - findings on their way out of the judge, and those that no detector made.
 */

#include "judge/judge_inner.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"

#include <math.h>
#include <string.h>

static void deliver(void *context, struct finding *finding)
{
    struct bench *bench = context;
    struct judge *judge = bench->judge;
    if (judge->options.live && !finding->id[0])
        finding->detected_ns = NO_TIME; // the wall clock of the delivery
    finding->resource = judge->options.resource;
    finding->config_hash = judge->options.config_hash;
    placeholder_fill(finding, &judge->annotations);
    judge->counts.findings++;
    judge->options.deliver(judge->options.context, finding);
}

void judge_deliver_trouble(void *context, struct finding *finding)
{
    struct bench *bench = context;
    finding->resource = bench->judge->options.resource; // may name the service
    firsts_fill(bench->judge->firsts, finding, bench->judge->closed);
    deliver(context, finding);
}

void judge_deliver_shadow(void *context, struct finding *finding)
{
    static const struct finding_pair label = {"shadow", "true"};
    struct finding_pair labels[FINDING_PAIRS_MAX] = {label};
    size_t count = 1;
    for (size_t i = 0; i < finding->labels.count && count < FINDING_PAIRS_MAX; i++)
        labels[count++] = finding->labels.at[i];
    finding->labels = (struct finding_pairs){labels, count};
    finding->route = ROUTE_LOG;
    deliver(context, finding);
}

void judge_deliver_burn(void *context, struct finding *finding, struct slo_kept *kept)
{
    struct judge *judge = ((struct bench *)context)->judge;
    bool first = !finding->id[0];
    finding->resource = judge->options.resource; // may name the service
    judge_look_back(context, finding, &kept->past);
    firsts_ask(judge->firsts, finding, kept->sign_ns);
    deliver(context, finding);
    judge_remember(context, finding, first);
}

struct finding judge_plain_finding(const struct bench *bench, enum finding_kind kind,
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

/* For search: what is wrong with the detector is a ticket already. */
void judge_deliver_gap(void *context, struct gap_run *run, enum finding_status status)
{
    struct bench *bench = context;
    const struct oddline_plugin *label = plugin_label(run->plugin);
    struct finding finding = judge_plain_finding(bench, FINDING_GAP, run->from_ns);
    char summary[GAP_SUMMARY_SIZE], room[2][JUDGE_SENTENCE_SIZE];
    memcpy(finding.id, run->id, sizeof(finding.id));
    finding.fingerprint = hash_join(finding.fingerprint, hash_bytes(bytes_of(label->id)));
    finding.fingerprint = hash_join(finding.fingerprint, run->closed); // both may be open
    finding.status = status;
    finding.revision = status == FINDING_RESOLVED;
    routing_decide(&bench->stream->routing, &finding); // what goes with it; the route stays
    finding.route = ROUTE_LOG;
    finding.detected_ns = run->detected_ns;
    finding.ends_ns = status == FINDING_RESOLVED ? run->until_ns : NO_TIME;
    finding.window_end_ns = run->until_ns;
    finding.detector = label->id;
    finding.detector_version = label->version;
    finding.summary = judge_redact(bench->stream, gap_phrase(run, status, summary), room[0]);
    finding.observed = (double)run->windows;
    finding.reasons[finding.reason_count++] = judge_redact(bench->stream, run->reason, room[1]);
    (run->shadow ? judge_deliver_shadow : deliver)(bench, &finding);
    memcpy(run->id, finding.id, sizeof(run->id)); // given out at the first delivery, like ...
    run->detected_ns = finding.detected_ns;       // ... the time
}

/* A ticket of our own that nobody wants to hear of now is kept for the log; false when somebody does. */
static bool deliver_hushed(struct bench *bench, struct finding *finding)
{
    const struct judge_stream *stream = bench->stream;
    struct hush_about about = {.stream = stream->name,
                               .series = finding->series,
                               .detector = finding->detector,
                               .start_ns = finding->starts_ns,
                               .end_ns = finding->starts_ns};
    struct hush_words words;
    struct hush hush;
    if (!hush_find(stream->mutes, stream->mute_count, bench->judge->silences, &about, &hush))
        return false;
    finding->route = ROUTE_LOG;
    hush_mark(&hush, finding, &words);
    deliver(bench, finding);
    return true;
}

void judge_deliver_ticket(struct bench *bench, struct finding *finding, bool capped)
{
    routing_decide(&bench->stream->routing, finding);
    if (finding->route != ROUTE_LOG &&
        (deliver_hushed(bench, finding) ||
         (capped && !verdict_admit(judge_verdict(bench), finding->starts_ns))))
        return;
    deliver(bench, finding);
}

static struct bench *bench_of_seat(struct judge *judge, uint32_t seat,
                                   const struct plugin **ret_plugin)
{
    for (size_t i = 0; i < judge->bench_count; i++) {
        struct bench *bench = judge->benches[i];
        if (bench && bench->panel && (*ret_plugin = panel_plugin(bench->panel, seat)))
            return bench;
    }
    return NULL;
}

void judge_complain(void *context, enum crew_trouble trouble, uint32_t seat,
                    const char *sentence)
{
    struct judge *judge = context;
    const struct plugin *plugin;
    struct bench *bench = bench_of_seat(judge, seat, &plugin);
    CHECK(bench);
    char room[JUDGE_SENTENCE_SIZE];
    sentence = judge_redact(bench->stream, sentence, room);
    const struct oddline_plugin *label = plugin_label(plugin);
    bool older = trouble == CREW_STATE; // lines are not in what it knows: that is a gap
    struct finding finding =
        judge_plain_finding(bench, older ? FINDING_GAP : FINDING_PLUGIN, bench->reached_ns);
    finding.detector = label->id;
    finding.detector_version = label->version;
    finding.fingerprint = hash_join(finding.fingerprint, hash_bytes(bytes_of(label->id)));
    finding.summary = sentence;
    judge->counts.plugin_errors += !older;
    log_warning("stream %s: detector %s%s: %s", bench->stream->name, label->id,
                trouble == CREW_SEAT ? " is closed" : "", sentence);
    judge_deliver_ticket(bench, &finding, false);
}

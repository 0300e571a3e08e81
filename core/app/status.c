/* SPDX-License-Identifier: MIT */

#include "app/status.h"

#include "app/fleet_note.h"
#include "base/clock.h"
#include "base/json_put.h"
#include "base/log.h"
#include "deliver/redis.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTE_NS  NS_PER_S
#define WRITE_NS (2 * NS_PER_S)
/* A detector that keeps a core busier than this is named, once. */
static const double dear_share = 0.25;

void status_note(struct daemon *d)
{
    int64_t now = clock_monotonic_ns();
    if (now < d->next_note_ns)
        return;
    d->next_note_ns = now + NOTE_NS;
    pthread_mutex_lock(&d->report_lock);
    struct json json = {.out = &d->report};
    buffer_clear(&d->report);
    judge_report(d->judge, &json);
    judge_firing(d->judge, d->firing);
    pthread_mutex_unlock(&d->report_lock);
}

/* ---- the file ----------------------------------------------------------- */

static void put_patterns(struct json *json, const struct plan *plan)
{
    json_put_begin(json, "patterns", '[');
    for (size_t i = 0; i < plan->pattern_count; i++) {
        struct regex_health health = regex_health(plan->patterns[i]);
        json_begin(json, '{');
        json_put_text(json, "pattern", regex_text(plan->patterns[i]));
        json_put_count(json, "searches", health.searches);
        json_put_double(json, "ns_per_search",
                        health.timed ? (double)health.timed_ns / (double)health.timed : 0);
        json_put_count(json, "limit_errors", health.limit_errors);
        json_put_bool(json, "quarantined", health.quarantined);
        json_end(json, '}');
    }
    json_end(json, ']');
}

/* One member for each grouped series, and the sums that metrics show. */
static void put_groups(struct json *json, const struct slot *slot)
{
    const struct window_options *options = &slot->plan->lane.window;
    uint64_t evicted = 0, other = 0;
    json_put_begin(json, "groups", '[');
    for (size_t i = 0; i < options->group_count; i++) {
        struct group_counts counts = windows_group_counts(slot->stream.windows, i);
        json_begin(json, '{');
        json_put_text(json, "series", options->groups[i].name);
        json_put_text(json, "field", options->groups[i].field_name);
        json_put_count(json, "groups", counts.slots);
        json_put_count(json, "taken", counts.taken);
        json_put_count(json, "records", counts.records);
        json_put_count(json, "evicted", counts.evicted);
        json_put_count(json, "other", counts.other);
        json_end(json, '}');
        evicted += counts.evicted;
        other += counts.other;
    }
    json_end(json, ']');
    json_put_count(json, "groups_evicted_total", evicted);
    json_put_count(json, "groups_other_total", other);
}

static void put_streams(struct json *json, const struct daemon *d)
{
    json_put_begin(json, "streams", '[');
    for (size_t i = 0; i < d->slot_count; i++) {
        const struct slot *slot = &d->slots[i];
        if (!slot->generation)
            continue;
        struct window_counts counts = windows_counts(slot->stream.windows);
        json_begin(json, '{');
        json_put_text(json, "name", slot->plan->name);
        json_put_double(json, "window_s",
                        (double)windows_length_ns(slot->stream.windows) / 1e9);
        json_put_time(json, "reached", windows_reached_ns(slot->stream.windows));
        json_put_count(json, "records", counts.records);
        json_put_count(json, "windows", counts.closed);
        json_put_count(json, "late", counts.late);
        json_put_count(json, "suspect_stamps", counts.suspect);
        json_put_count(json, "timeless", counts.timeless);
        put_groups(json, slot);
        put_patterns(json, slot->plan);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_redis(struct json *json, const struct daemon *d)
{
    struct redis_stats stats = redis_sink_stats(d->redis);
    json_put_begin(json, "redis", '{');
    json_put_bool(json, "evicts", stats.evicts);
    json_put_bool(json, "troubled", stats.troubled);
    json_put_count(json, "connects", stats.connects);
    json_put_count(json, "hosts", stats.hosts);
    json_put_count(json, "beats", stats.beats);
    json_put_count(json, "beat_errors", stats.beat_errors);
    json_end(json, '}');
}

static void put_sinks(struct json *json, const struct daemon *d)
{
    json_put_begin(json, "sinks", '[');
    for (size_t i = 0; i < courier_count(d->courier); i++) {
        struct courier_stats stats = courier_stats(d->courier, i);
        json_begin(json, '{');
        json_put_text(json, "name", stats.name);
        json_put_count(json, "committed", stats.committed);
        json_put_count(json, "confirmed", stats.confirmed);
        json_put_count(json, "waiting", stats.committed - stats.confirmed);
        json_put_count(json, "errors", stats.errors);
        json_put_bool(json, "troubled", stats.troubled || stats.stopped);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_tail(struct json *json, const struct daemon *d)
{
    struct tail_counts counts = tail_counts(d->tail);
    json_put_begin(json, "files", '{');
    json_put_count(json, "followed", counts.files);
    json_put_count(json, "opened", counts.opened);
    json_put_count(json, "rotated", counts.rotated);
    json_put_count(json, "truncated", counts.truncated);
    json_put_count(json, "refused", counts.refused);
    json_put_count(json, "bookmark_invalid", counts.bookmark_invalid);
    json_put_bool(json, "polling", counts.polling);
    json_end(json, '}');
}

/* See docs/journal.md: moved = scored + gap, findings committed = confirmed + waiting. */
static void put_journal(struct json *json, struct daemon *d)
{
    struct journal_counts counts = journal_counts(d->journal);
    json_put_begin(json, "journal", '{');
    json_put_count(json, "findings", journal_next_n(d->journal) - 1);
    json_put_count(json, "blocks", counts.blocks);
    json_put_count(json, "bytes_written", counts.bytes_written);
    json_put_count(json, "bytes_on_disk", counts.bytes_on_disk);
    json_put_count(json, "segments", counts.segments);
    json_put_count(json, "syncs", counts.syncs);
    json_put_double(json, "ns_per_sync",
                    counts.syncs ? (double)counts.sync_ns_total / (double)counts.syncs : 0);
    json_put_count(json, "sync_ns_max", counts.sync_ns_max);
    json_put_count(json, "torn", counts.torn);
    json_put_count(json, "damaged", counts.damaged);
    json_put_count(json, "stalls", atomic_load(&d->commit.stalls));
    json_put_count(json, "snapshots", atomic_load(&d->commit.snapshots));
    json_put_count(json, "snapshot_failures", atomic_load(&d->commit.snapshot_failures));
    json_put_count(json, "snapshot_bytes", atomic_load(&d->commit.snapshot_bytes));
    json_put_int(json, "snapshot_ns", atomic_load(&d->commit.snapshot_cost_ns));
    json_end(json, '}');
}

static void put_conservation(struct json *json, struct daemon *d)
{
    struct conservation c = commit_durable(&d->commit);
    json_put_begin(json, "conservation", '{');
    json_put_count(json, "moved", c.moved);
    json_put_count(json, "scored", c.scored);
    json_put_count(json, "gap", c.gap);
    json_put_count(json, "lost", c.lost);
    json_put_count(json, "gaps", c.gaps);
    json_put_bool(json, "balanced", c.moved == c.scored + c.gap);
    json_end(json, '}');
}

static void compose(struct daemon *d, bool running, struct buffer *out)
{
    struct json json = {.out = out};
    json_begin(&json, '{');
    json_put_int(&json, "v", 1);
    json_put_text(&json, "version", ODDLINE_VERSION);
    json_put_int(&json, "pid", getpid());
    json_put_bool(&json, "running", running);
    json_put_time(&json, "started_at", d->started_ns);
    json_put_time(&json, "updated_at", clock_wall_ns());
    json_put_count(&json, "lines", atomic_load(&d->lane.progress.lines));
    json_put_count(&json, "records", atomic_load(&d->lane.progress.records));
    json_put_count(&json, "bytes", atomic_load(&d->lane.progress.bytes));
    json_put_bool(&json, "backpressure", atomic_load(&d->commit.stalled));
    json_put_count(&json, "ring_bytes", d->generation->config.ring_bytes);
    json_put_count(&json, "ring_in_flight", ring_head(d->ring) - ring_tail(d->ring));
    put_journal(&json, d);
    put_conservation(&json, d);
    put_tail(&json, d);
    put_streams(&json, d);
    put_sinks(&json, d);
    if (d->redis)
        put_redis(&json, d);
    pthread_mutex_lock(&d->report_lock);
    if (d->report.len) {
        buffer_char(out, ',');
        buffer_append(out, d->report.at, d->report.len);
    }
    pthread_mutex_unlock(&d->report_lock);
    buffer_text(out, "}\n");
}

/* Old or new, never half: whoever reads may do so at any moment. */
static int replace_file(const char *dir, const struct buffer *text)
{
    char path[4096], fresh[4096];
    snprintf(path, sizeof(path), "%s/status.json", dir);
    snprintf(fresh, sizeof(fresh), "%s/status.json.new", dir);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    int r = 0;
    for (size_t done = 0; done < text->len && r == 0;) {
        ssize_t n = write(fd, text->at + done, text->len - done);
        r = n < 0 && errno != EINTR ? -errno : n == 0 ? -EIO : 0;
        done += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    if (r < 0)
        return r;
    return rename(fresh, path) < 0 ? -errno : 0;
}

static void write_now(struct daemon *d, bool running)
{
    struct buffer text = {0};
    compose(d, running, &text);
    int r = replace_file(d->state_dir, &text);
    if (r < 0 && !d->status_failed)
        log_warning("%s/status.json: cannot be written: %s", d->state_dir, strerror(-r));
    d->status_failed = r < 0;
    buffer_free(&text);
}

/* ---- dear detectors ----------------------------------------------------- */

static void name_dear(struct daemon *d, int64_t now)
{
    double lived = (double)(now - d->started_monotonic_ns);
    struct bytes rest, text = buffer_bytes(&d->report);
    const char *list = text.len ? memmem(text.at, text.len, "\"detectors\":", 12) : NULL;
    if (!list || lived < 30e9)
        return;
    text = (struct bytes){list + 12, text.len - (size_t)(list + 12 - text.at)};
    struct json_walk walk = json_walk(json_read(text, &rest));
    struct json_value seat;
    struct bytes key;
    while (json_next(&walk, &key, &seat)) {
        double share = json_number(json_at(seat, "busy_ns"), 0) / lived;
        struct bytes id = json_at(seat, "id").raw;
        if (share < dear_share || d->dear_said)
            continue;
        d->dear_said = true;
        log_warning(
            "detector %.*s is dear: it keeps %.0f %% of a core busy; see oddline status",
            (int)id.len, id.at, share * 100);
    }
}

void status_write(struct daemon *d, int64_t now_ns)
{
    if (now_ns < d->next_status_ns)
        return;
    d->next_status_ns = now_ns + WRITE_NS;
    write_now(d, true);
    fleet_note(d);
    pthread_mutex_lock(&d->report_lock);
    name_dear(d, now_ns);
    pthread_mutex_unlock(&d->report_lock);
}

void status_end(struct daemon *d)
{
    if (d->lane.ring && d->tail) // all that is shown is there
        write_now(d, false);
    buffer_free(&d->report);
}

/* SPDX-License-Identifier: MIT */
/*
 * crew_rig.h - a crew at work on a real ring, driven by hand: producer and judge in one thread, workers in their processes.
 *
 *      stage ──▶ [stream 0][stream 1] [batch 0][window 0] [batch 1][window 1] ... [end]
 *                 seats: ewma on 0, extreme on 1, ewma on 1, villain on 0
 *
 * What every seat said of every window is kept in a tape, to be compared with that of another run, bit for bit.
 */
#ifndef CONTRACT_CREW_RIG_H
#define CONTRACT_CREW_RIG_H

#include "drive.h"

#include "base/check.h"
#include "base/clock.h"
#include "host/crew.h"
#include "host/jail.h"
#include "ring/batch.h"
#include "ring/closed.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RIG_EXE BINARY_DIR "/oddline"

enum {
    RIG_SEATS = 4,
    RIG_VILLAIN = 3, /* its seat, and in `plugins` */
    RIG_WINDOWS_MAX = 2000,
    RIG_COMPLAINTS_MAX = 64,
    RIG_AHEAD = 24, /* windows that the producer is in front of the judge */
};

/* ---- plugins ------------------------------------------------------------ */

static const char *const rig_files[] = {BINARY_DIR "/detectors/ewma.so",
                                        BINARY_DIR "/tests/sample/extreme.so",
                                        BINARY_DIR "/tests/bad/villain.so"};
/* By seat: what it runs and what it looks at. */
static const struct {
    int file;
    uint32_t stream, on;
} rig_seats[RIG_SEATS] = {{0, 0, 0}, {1, 1, 1}, {0, 1, 0}, {2, 0, 0}};

/* The files as workers run them, and as this process runs them. */
static struct plugin *rig_far[3], *rig_near[3];

static inline void rig_refused(void *context, size_t index, const char *sentence)
{
    (void)context, (void)index;
    fail_msg("%s", sentence);
}

static inline int rig_setup(void **state)
{
    (void)state;
    struct error error = {""};
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1); // who escapes from a worker comes back to us
    setenv("ODDLINE_PLUGIN_DIR", BINARY_DIR "/detectors", 1);
    for (int i = 0; i < 3; i++) {
        struct label_request request = {
            .plugins = &rig_far[i], .count = 1, .exe = RIG_EXE, .refuse = rig_refused};
        if (plugin_find(rig_files[i], "", &rig_far[i], &error) < 0 ||
            plugin_load(rig_files[i], "", &rig_near[i], &error) < 0 ||
            crew_read_labels(&request, &error) < 0) {
            fprintf(stderr, "%s\n", error.text);
            return -1;
        }
    }
    return 0;
}

static inline int rig_teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        plugin_free(rig_far[i]);
        plugin_free(rig_near[i]);
    }
    return 0;
}

/* ---- a run -------------------------------------------------------------- */

struct rig_take {
    bool scored;
    struct oddline_score score;
    char reason[256];
};

struct rig_tape {
    struct rig_take takes[RIG_WINDOWS_MAX][RIG_SEATS];
    int complaint_count, villain_complaints;
    struct {
        enum crew_trouble trouble;
        uint32_t seat;
        char text[256];
    } complaints[RIG_COMPLAINTS_MAX];
    struct crew_counts counts;
    int64_t took_ns;
};

struct rig_script {
    enum isolation isolation;
    const char *deed, *where, *at, *every, *ms; /* of the villain; NULL = its fallback */
    int windows;
    int64_t deadline_ns;
    size_t ring_bytes, batch_bytes; /* 0 = 64 KiB, 100 bytes */
    bool never_skip, no_villain;
    const char *exe;                                            /* NULL = the real one */
    int batches;                                                /* before each window; 0 = 1 */
    void (*each)(void *context, struct crew *crew, int window); /* before window n is judged */
    int marks; /* behind each window a mark, behind every so many a snapshot mark; 0 = none */
    void (*cut)(void *context, struct crew *crew, int window); /* at the one behind window n */
    int from; /* the first window: what came before is in `packed` */
    struct bytes packed;
    bool glances; /* each window is looked at before it is over */
    int renewed;  /* with this window another group sits in series 0 of stream 0; 0 = never */
    void *context;
};

struct rig {
    const struct rig_script *script;
    struct rig_tape *tape;
    struct ring *ring;
    struct crew *crew;
    struct plugin_setting settings[5];
    size_t setting_count;
    int produced, judged, frames; /* windows; frames of the present window that are out */
    uint64_t seq;
};

static inline uint32_t rig_seat_count(const struct rig *rig)
{
    return rig->script->no_villain ? RIG_VILLAIN : RIG_SEATS;
}

static inline void rig_complain(void *context, enum crew_trouble trouble, uint32_t seat,
                                const char *sentence)
{
    struct rig_tape *tape = context;
    if (getenv("RIG_TALK"))
        fprintf(stderr, "seat %u (%d): %s\n", seat, (int)trouble, sentence);
    tape->villain_complaints += seat == RIG_VILLAIN;
    if (tape->complaint_count >= RIG_COMPLAINTS_MAX)
        fail_msg("too many complaints: %s", sentence);
    tape->complaints[tape->complaint_count].trouble = trouble;
    tape->complaints[tape->complaint_count].seat = seat;
    snprintf(tape->complaints[tape->complaint_count++].text, 256, "%.255s", sentence);
}

static inline double rig_value(int window, uint32_t series)
{
    uint64_t seed = (uint64_t)window * UINT64_C(0x9e3779b97f4a7c15) + series;
    drive_uniform(&seed);
    if (window % 53 == 17)
        return 200 + series;
    return drive_poisson(&seed, 4 + 3 * series);
}

/* ---- the producer ------------------------------------------------------- */

static inline bool rig_put_notice(struct rig *rig, uint32_t stream)
{
    struct stream_notice *notice = ring_reserve(rig->ring, sizeof(*notice));
    if (!notice)
        return false;
    *notice = (struct stream_notice){.stream = stream, .window_ns = DRIVE_WINDOW_NS};
    ring_commit(rig->ring, RING_STREAM, sizeof(*notice));
    return true;
}

static inline bool rig_put_batch(struct rig *rig)
{
    size_t text = rig->script->batch_bytes ? rig->script->batch_bytes : 100;
    uint32_t records = (uint32_t)((sizeof(struct batch) + text + 7) & ~(size_t)7);
    char *base = ring_reserve(rig->ring, records + sizeof(struct oddline_record));
    if (!base)
        return false;
    memset(base, 0, records);
    memset(base + sizeof(struct batch), 'x', text);
    *(struct batch *)(void *)base = (struct batch){.text = sizeof(struct batch),
                                                   .text_len = (uint32_t)text,
                                                   .records = records,
                                                   .record_count = 1,
                                                   .fields = records};
    *(struct oddline_record *)(void *)(base + records) =
        (struct oddline_record){.seq = rig->seq++, .text_len = (uint32_t)text, .lines = 1};
    ring_commit(rig->ring, RING_BATCH, records + sizeof(struct oddline_record));
    return true;
}

static inline bool rig_put_frame(struct rig *rig, uint32_t stream, int window,
                                 enum ring_kind kind)
{
    struct {
        struct closed closed;
        double values[2];
        uint64_t counts[2];
        struct closed_group group;
    } * frame;
    bool renewed = rig->script && stream == 0 && window && window == rig->script->renewed;
    size_t size = sizeof(*frame) - (renewed ? 0 : sizeof(frame->group));
    frame = ring_reserve(rig->ring, size);
    if (!frame)
        return false;
    memset(frame, 0, size);
    frame->closed = (struct closed){.stream = stream,
                                    .start_ns = window * DRIVE_WINDOW_NS,
                                    .end_ns = (window + 1) * DRIVE_WINDOW_NS,
                                    .index = (uint64_t)window,
                                    .repeat = 1,
                                    .records = 1,
                                    .series_count = 2,
                                    .values = offsetof(__typeof__(*frame), values),
                                    .counts = offsetof(__typeof__(*frame), counts)};
    frame->closed.flags = kind == RING_GLANCE ? ODDLINE_WINDOW_UNFINISHED : 0;
    frame->closed.groups = offsetof(__typeof__(*frame), group);
    frame->closed.group_count = renewed;
    if (renewed)
        frame->group = (struct closed_group){.fresh = 1};
    for (uint32_t i = 0; i < 2; i++) {
        frame->values[i] = rig_value(window, 2 * stream + i);
        frame->counts[i] = 1;
    }
    ring_commit(rig->ring, kind, size);
    return true;
}

/* A glance may come again when there was no room for its window. */
static inline bool rig_put_window(struct rig *rig, uint32_t stream, int window)
{
    if (rig->script && rig->script->glances && !rig_put_frame(rig, stream, window, RING_GLANCE))
        return false;
    return rig_put_frame(rig, stream, window, RING_WINDOW);
}

static inline bool rig_put_mark(struct rig *rig)
{
    struct mark *mark = ring_reserve(rig->ring, sizeof(*mark));
    if (!mark)
        return false;
    int number = rig->produced + 1;
    *mark = (struct mark){.number = (uint64_t)number,
                          .flags = number % rig->script->marks ? 0 : MARK_SNAPSHOT};
    ring_commit(rig->ring, RING_MARK, sizeof(*mark));
    return true;
}

/* One more frame of the script, if there is room and need for it. */
static inline bool rig_produce(struct rig *rig)
{
    int batches = rig->script->batches ? rig->script->batches : 1;
    int notices = rig->produced == rig->script->from ? 2 : 0, nth = rig->frames - notices;
    bool done;
    if (rig->produced >= rig->script->windows || rig->produced - rig->judged > RIG_AHEAD)
        return false;
    if (nth < 0)
        done = rig_put_notice(rig, (uint32_t)rig->frames);
    else if (nth < batches)
        done = rig_put_batch(rig);
    else if (nth < batches + 2)
        done = rig_put_window(rig, (uint32_t)(nth - batches), rig->produced);
    else
        done = rig_put_mark(rig);
    rig->frames += done;
    if (done && nth + 1 == batches + 2 + (rig->script->marks > 0)) {
        rig->produced++;
        rig->frames = 0;
    }
    return done;
}

/* ---- the judge ---------------------------------------------------------- */

static inline void rig_keep(struct rig *rig, uint32_t stream, int window)
{
    for (uint32_t i = 0; i < rig_seat_count(rig); i++) {
        struct rig_take *take = &rig->tape->takes[window][i];
        const struct oddline_score *score = crew_scores(rig->crew, i);
        if (rig_seats[i].stream != stream || !score)
            continue;
        take->scored = true;
        take->score = *score;
        take->score.reason = NULL;
        snprintf(take->reason, sizeof(take->reason), "%s", score->reason ? score->reason : "");
    }
}

/* Who takes what is not over says the same of it as of the window; the rest says nothing. */
static inline void rig_glance(struct rig *rig, uint64_t position, const struct closed *closed)
{
    struct oddline_window window = closed_window(closed, 0);
    crew_score(rig->crew, position, 0, closed->stream, &window);
    for (uint32_t i = 0; i < rig_seat_count(rig); i++) {
        const struct oddline_score *score = crew_scores(rig->crew, i);
        if (rig_seats[i].stream == closed->stream && score)
            assert_int_equal(score->size != 0, rig_seats[i].file == 0);
    }
}

static inline void rig_judge(struct rig *rig)
{
    uint64_t position = ring_cursor(rig->ring, 0);
    const struct ring_frame *frame = ring_peek(rig->ring, 0);
    const void *payload = ring_payload(frame);
    const struct stream_notice *notice = payload;
    const struct closed *closed = payload;
    crew_passed(rig->crew, position);
    if (frame->kind == RING_STREAM) {
        crew_begin(rig->crew, position, notice->stream, notice->window_ns);
    } else if (frame->kind == RING_BATCH) {
        struct oddline_batch view = batch_view(payload);
        crew_observe(rig->crew, position, 0, &view);
    } else if (frame->kind == RING_GLANCE) {
        rig_glance(rig, position, closed);
    } else if (frame->kind == RING_WINDOW) {
        struct oddline_window window = closed_window(closed, 0);
        if (rig->script->each && closed->stream == 0)
            rig->script->each(rig->script->context, rig->crew, (int)window.index);
        crew_renew(rig->crew, position, closed);
        crew_score(rig->crew, position, 0, closed->stream, &window);
        rig_keep(rig, closed->stream, (int)window.index);
        rig->judged += closed->stream == 1;
    } else if (frame->kind == RING_MARK && ((const struct mark *)payload)->flags) {
        crew_cut(rig->crew, position + frame->size);
        rig->script->cut(rig->script->context, rig->crew, rig->judged - 1);
    }
    ring_release(rig->ring, 0);
}

static inline void rig_sit(struct rig *rig)
{
    static const char *const series[] = {"lines"}, *const names[] = {"left", "right"};
    struct error error = {""};
    for (uint32_t i = 0; i < rig_seat_count(rig); i++) {
        uint32_t seat;
        bool near = rig->script->isolation == ISOLATION_NONE;
        struct crew_request request = {
            .plugin = (near ? rig_near : rig_far)[rig_seats[i].file],
            .stream = rig_seats[i].stream,
            .options = {.stream = names[rig_seats[i].stream],
                        .series = series,
                        .series_count = 1,
                        .settings = rig->settings,
                        .setting_count = i == RIG_VILLAIN ? rig->setting_count : 0},
            .on = &rig_seats[i].on};
        if (crew_add(rig->crew, &request, &seat, &error) < 0)
            fail_msg("%s", error.text);
        assert_int_equal(seat, i);
    }
}

static inline void rig_open(struct rig *rig, const struct rig_script *script,
                            struct rig_tape *tape)
{
    const struct plugin_setting all[] = {{"deed", script->deed},
                                         {"where", script->where},
                                         {"at", script->at},
                                         {"every", script->every},
                                         {"ms", script->ms}};
    struct error error = {""};
    *rig = (struct rig){.script = script,
                        .tape = tape,
                        .produced = script->from,
                        .judged = script->from,
                        .seq = (uint64_t)script->from * (uint64_t)script->batches};
    memset(tape, 0, sizeof(*tape));
    for (size_t i = 0; i < 5; i++)
        if (all[i].value)
            rig->settings[rig->setting_count++] = all[i];
    assert_int_equal(
        ring_create(script->ring_bytes ? script->ring_bytes : 65536, 1, &rig->ring, NULL), 0);
    struct crew_options options = {.ring = rig->ring,
                                   .isolation = script->isolation,
                                   .exe = script->exe ? script->exe : RIG_EXE,
                                   .never_skip = script->never_skip,
                                   .deadline_ns = script->deadline_ns,
                                   .complain = rig_complain,
                                   .context = tape};
    assert_int_equal(crew_create(&options, &rig->crew, NULL), 0);
    rig_sit(rig);
    if (script->packed.len)
        assert_int_equal(crew_unpack(rig->crew, script->packed), 0);
    if (crew_start(rig->crew, &error) < 0)
        fail_msg("%s", error.text);
}

static inline void rig_close(struct rig *rig)
{
    rig->tape->counts = crew_counts(rig->crew);
    crew_free(rig->crew);
    ring_destroy(rig->ring);
}

/* All windows of the script; nothing may stand still for longer than `patience`. */
static inline void rig_play(struct rig *rig)
{
    int64_t moved = clock_monotonic_ns(), patience = 20 * NS_PER_S;
    while (rig->judged < rig->script->windows || ring_peek(rig->ring, 0)) {
        bool busy = false;
        while (rig_produce(rig))
            busy = true;
        if (ring_peek(rig->ring, 0)) {
            rig_judge(rig);
            busy = true;
        }
        if (busy) {
            moved = clock_monotonic_ns();
            continue;
        }
        crew_poll(rig->crew);
        usleep(500);
        if (clock_monotonic_ns() - moved > patience)
            fail_msg("nothing moves any more at window %d", rig->judged);
    }
}

static inline int rig_fds(void)
{
    int count = 0;
    DIR *fds = opendir("/proc/self/fd");
    assert_non_null(fds);
    while (readdir(fds))
        count++;
    closedir(fds);
    return count;
}

/* Nothing of the workers is left: no descriptor, no zombie, nobody who lives on. */
static inline void rig_assert_clean(int fds_before)
{
    assert_int_equal(rig_fds(), fds_before);
    // The leak checker of a worker that was killed while it ran is a process of its own, and comes back to us.
    while (!jail_is_tight() && waitpid(-1, NULL, 0) > 0)
        ;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static inline void rig_run(const struct rig_script *script, struct rig_tape *tape)
{
    struct rig rig;
    int fds = rig_fds();
    int64_t begun = clock_monotonic_ns();
    rig_open(&rig, script, tape);
    rig_play(&rig);
    rig_close(&rig);
    tape->took_ns = clock_monotonic_ns() - begun;
    rig_assert_clean(fds);
}

/* ---- what came of it ---------------------------------------------------- */

static inline bool rig_same(const struct rig_take *a, const struct rig_take *b)
{
    enum { NUMBERS = offsetof(struct oddline_score, flags) + sizeof(uint32_t) }; // no padding
    return a->scored == b->scored && memcmp(&a->score, &b->score, NUMBERS) == 0 &&
           strcmp(a->reason, b->reason) == 0;
}

static inline void rig_assert_same(const struct rig_tape *a, const struct rig_tape *b,
                                   uint32_t seat, int windows)
{
    for (int i = 0; i < windows; i++)
        if (!rig_same(&a->takes[i][seat], &b->takes[i][seat]))
            fail_msg("seat %u, window %d: scored %d, %.17g; and %d, %.17g", seat, i,
                     a->takes[i][seat].scored, a->takes[i][seat].score.score,
                     b->takes[i][seat].scored, b->takes[i][seat].score.score);
}

static inline int rig_scored(const struct rig_tape *tape, uint32_t seat, int windows)
{
    int count = 0;
    for (int i = 0; i < windows; i++)
        count += tape->takes[i][seat].scored;
    return count;
}

#endif /* CONTRACT_CREW_RIG_H */

/* SPDX-License-Identifier: MIT */
/*
 * Promise: whatever bytes a snapshot holds, a recorder, the windows of a stream and a source are made of them or stay as they
 * were; what was taken is written as the same again; and they go on counting.
 *
 *      data: kind and plan, then   0 1 2  the bytes of a recorder, of windows, of a source
 *                                  3 4 5  changes of good ones: place (2 bytes), what to flip there; the last place of 255 255 cuts
 */

#include "fuzz.h"

#include "base/check.h"
#include "record/record.h"
#include "window/window.h"

#include <errno.h>
#include <stdlib.h>

enum { PLANS = 4, CHANGE = 3 };

static const char sample[] =
    "2024-01-01 00:00:00 INFO a took=5ms\n\tat b\nDec 31 23:59:59 b\n2024-01-01 00:00:01 ERROR "
    "[x] a long long long long long long long long long long long long long line\n"
    "{\"time\":1704067200,\"level\":\"warn\",\"msg\":\"a\\u00e9\"}\n\n x\n2024-01-01 00:10:00 "
    "c\n";

static const struct series_spec series[] = {
    {.name = "records", .kind = SERIES_RECORDS},
    {.name = "errors", .kind = SERIES_RATIO, .select = {.level_min = ODDLINE_LEVEL_ERROR}},
    {.name = "took", .kind = SERIES_MAX},
};

static struct ring *ring;
static struct batch_writer writer;
static struct record_plan *plans[PLANS];

static void open_once(void)
{
    static const struct record_field took = {"took", false};
    static const struct record_options options[PLANS] = {
        {.format = RECORD_AUTO, .fields = &took, .field_count = 1},
        {.format = RECORD_TEXT, .multiline_start = "^\\d", .bytes_max = 64},
        {.format = RECORD_REGEX, .regex = "(?<time>\\S+ \\S+) (?<message>.*)"},
        {.format = RECORD_TEXT, .timezone = "Europe/Paris", .bytes_max = 64},
    };
    if (ring)
        return;
    CHECK(ring_create(8 << 20, 1, &ring, NULL) == 0);
    CHECK(batch_writer_init(&writer, ring, NULL) == 0);
    for (int i = 0; i < PLANS; i++)
        CHECK(record_plan_create(&options[i], &plans[i], NULL) == 0);
}

/* ---- what they do --------------------------------------------------------- */

static struct batch_draft feed(struct recorder *recorder, size_t len, bool final)
{
    char *text = batch_begin(&writer, 0, 0, 0);
    memcpy(text, sample, len);
    batch_filled(&writer, len);
    size_t used = recorder_feed(recorder, &writer, final);
    CHECK(used <= len && (!final || used == len));
    return batch_draft(&writer);
}

static struct recorder *new_recorder(uint8_t plan)
{
    struct recorder *recorder;
    CHECK(recorder_create(plans[plan % PLANS], INT64_C(1718400000) * NS_PER_S, &recorder) == 0);
    return recorder;
}

static struct window_source new_source(uint32_t number)
{
    return (struct window_source){.number = number,
                                  .path = path_new("a.log"),
                                  .reached_ns = NO_TIME,
                                  .suspect_ns = NO_TIME};
}

static struct windows *new_windows(uint8_t plan)
{
    const struct window_options options = {.window_ns = plan % 2 ? 60 * NS_PER_S : 0,
                                           .lateness_ns = plan % PLANS * NS_PER_S,
                                           .series = series,
                                           .series_count = sizeof(series) / sizeof(series[0]),
                                           .from_ns = NO_TIME,
                                           .until_ns = NO_TIME};
    struct windows *windows;
    CHECK(windows_create(&options, &windows) == 0);
    return windows;
}

static void emit(struct windows *windows)
{
    windows_emit(windows, ring, -1);
    while (ring_peek(ring, 0))
        ring_release(ring, 0);
}

/* All records of the sample, and what is quiet after them. */
static void observe(struct windows *windows, struct window_source *source)
{
    struct recorder *recorder = new_recorder(0);
    struct batch_draft batch = feed(recorder, sizeof(sample) - 1, true);
    windows_choose(windows, &batch.seen);
    windows_observe(windows, &batch.seen, &(struct batch_place){source, 0, 1, NO_TIME});
    recorder_free(recorder);
}

/* ---- good bytes, and bytes that are not ------------------------------------ */

static void good_recorder(uint8_t plan, struct buffer *out)
{
    struct recorder *recorder = new_recorder(plan);
    recorder_sample(recorder, (struct bytes){sample, sizeof(sample) - 1});
    feed(recorder, sizeof(sample) / 2, false);
    recorder_pack(recorder, out);
    recorder_free(recorder);
}

static void good_windows(uint8_t plan, struct buffer *out)
{
    struct windows *windows = new_windows(plan);
    struct window_source source = new_source(0);
    windows_hold(windows, &source);
    observe(windows, &source);
    emit(windows);
    windows_pack(windows, out);
    windows_free(windows);
    path_drop(source.path);
}

static void good_source(uint8_t plan, struct buffer *out)
{
    struct window_source source = new_source(plan);
    window_source_pack(&source, out);
    path_drop(source.path);
}

static void change(struct buffer *bytes, const uint8_t *data, size_t size)
{
    for (; size >= CHANGE && bytes->len > 0; data += CHANGE, size -= CHANGE) {
        size_t at = data[0] | (size_t)data[1] << 8;
        if (at == 0xffff)
            bytes->len = data[2] < bytes->len ? data[2] : bytes->len;
        else
            bytes->at[at % bytes->len] = (char)(bytes->at[at % bytes->len] ^ data[2]);
    }
}

/* ---- taking them ------------------------------------------------------------ */

static void check_same(struct buffer *a, struct buffer *b)
{
    CHECK(bytes_equal(buffer_bytes(a), buffer_bytes(b)));
    buffer_free(a);
    buffer_free(b);
}

static void take_recorder(uint8_t plan, struct bytes bytes)
{
    struct recorder *recorder = new_recorder(plan);
    struct buffer before = {0}, after = {0};
    struct unpacker in = {.rest = bytes};
    recorder_pack(recorder, &before);
    int r = recorder_unpack(recorder, &in);
    CHECK(r == 0 || r == -EBADMSG);
    recorder_pack(recorder, &after);
    if (r == 0) {
        buffer_clear(&before);
        buffer_append(&before, bytes.at, bytes.len - in.rest.len);
    }
    check_same(&before, &after);
    feed(recorder, sizeof(sample) - 1, true);
    recorder_free(recorder);
}

static void take_windows(uint8_t plan, struct bytes bytes)
{
    struct windows *windows = new_windows(plan);
    struct window_source source = new_source(0);
    struct buffer before = {0}, after = {0};
    struct unpacker in = {.rest = bytes}, again;
    windows_pack(windows, &before);
    int r = windows_unpack(windows, &in);
    CHECK(r == 0 || r == -EBADMSG);
    windows_pack(windows, &after);
    if (r == 0) { // a record may have been there twice, once in each of its roles
        buffer_clear(&before);
        again = (struct unpacker){.rest = buffer_bytes(&after)};
        struct windows *twice = new_windows(plan);
        CHECK(windows_unpack(twice, &again) == 0 && !again.rest.len);
        windows_pack(twice, &before);
        windows_free(twice);
    }
    check_same(&before, &after);
    windows_hold(windows, &source);
    observe(windows, &source);
    windows_let_go(windows, &source);
    windows_quiet(windows, INT64_C(1800000000) * NS_PER_S);
    emit(windows);
    windows_end(windows);
    emit(windows);
    windows_free(windows);
    path_drop(source.path);
}

static void take_source(uint8_t plan, struct bytes bytes)
{
    struct window_source source = new_source(9);
    struct windows *windows = new_windows(plan);
    struct unpacker in = {.rest = bytes};
    bool holds = true;
    int r = window_source_unpack(&source, &in, &holds);
    CHECK(r == 0 || r == -EBADMSG);
    CHECK(r == 0 ||
          (holds && source.number == 9 && strcmp(path_text(source.path), "a.log") == 0));
    if (holds)
        windows_hold(windows, &source);
    observe(windows, &source);
    windows_end(windows);
    emit(windows);
    windows_free(windows);
    path_drop(source.path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const good[])(uint8_t, struct buffer *) = {good_recorder, good_windows,
                                                             good_source};
    static void (*const take[])(uint8_t, struct bytes) = {take_recorder, take_windows,
                                                          take_source};
    if (size < 2)
        return 0;
    open_once();
    uint8_t kind = data[0] % 6, plan = data[1] % PLANS;
    if (kind < 3) {
        take[kind](plan, (struct bytes){(const char *)data + 2, size - 2});
        return 0;
    }
    struct buffer bytes = {0};
    good[kind - 3](plan, &bytes);
    change(&bytes, data + 2, size - 2);
    char *exact =
        malloc(bytes.len ? bytes.len : 1); // so that the sanitizer sees a look behind the end
    CHECK(exact);
    memcpy(exact, bytes.at, bytes.len);
    take[kind - 3](plan, (struct bytes){exact, bytes.len});
    free(exact);
    buffer_free(&bytes);
    return 0;
}

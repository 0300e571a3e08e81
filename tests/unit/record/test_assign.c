/* SPDX-License-Identifier: MIT */
/*
 * Promise: records get the template of their sentence, behind the columns of their source; sources of a stream share templates
 * but not columns; and a recorder and a miner made of their bytes go on as they would have, wherever they were cut.
 */

#include "unit/record/rig.h"

#include "base/hash.h"
#include "record/template.h"

#include <stdio.h>

enum layout { BRACKETED, PLAIN };

static struct bytes log_of(struct buffer *out, enum layout layout, int lines)
{
    static const char *const words[] = {"alpha", "beta", "gamma"};
    buffer_clear(out);
    for (int i = 0; i < lines; i++) {
        buffer_printf(out, "2024-06-14 10:%02d:%02d %s ", i / 60 % 60, i % 60,
                      i % 7 ? "INFO" : "ERROR");
        if (layout == BRACKETED)
            buffer_printf(out, "[worker-%d] Job %s is done\n", i, words[i % 3]);
        else
            buffer_printf(out, "took %d steps for job %s at once\n", i, words[i % 3]);
    }
    return buffer_bytes(out);
}

static uint64_t id_of(const char *text)
{
    return hash_bytes(bytes_of(text));
}

static void record_gets_the_template_of_its_sentence(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_TEXT);
    struct miner *miner;
    struct buffer text = {0};
    assert_int_equal(miner_create(&miner), 0);
    rig_feed(&rig, log_of(&text, BRACKETED, 100), true);
    recorder_assign(rig.recorder, miner, &rig.writer);
    assert_int_equal(rig.count, 100);
    assert_int_equal(rig.records[0].template_id, id_of("Job alpha is done"));
    assert_int_equal(rig.records[1].template_id, id_of("Job beta is done"));
    assert_int_equal(rig.records[3].template_id, rig.records[0].template_id);
    assert_int_equal(rig.records[0].flags, ODDLINE_RECORD_LEARNING);
    buffer_free(&text);
    miner_free(miner);
    rig_close(&rig);
}

static void new_sentence_is_flagged_once_nearly_all_are_known(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_TEXT);
    struct miner *miner;
    struct buffer text = {0};
    assert_int_equal(miner_create(&miner), 0);
    rig_feed(&rig, log_of(&text, BRACKETED, 300), true);
    recorder_assign(rig.recorder, miner, &rig.writer);
    assert_int_equal(rig.records[299].flags, 0);
    rig_read(&rig, "2024-06-14 10:20:00 ERROR [worker-1] Disk is full\n"
                   "2024-06-14 10:20:01 ERROR [worker-2] Disk is full\n");
    recorder_assign(rig.recorder, miner, &rig.writer);
    assert_int_equal(rig.records[0].flags, ODDLINE_RECORD_NEW);
    assert_int_equal(rig.records[1].flags, 0);
    assert_int_equal(rig.records[1].template_id, id_of("Disk is full"));
    buffer_free(&text);
    miner_free(miner);
    rig_close(&rig);
}

static void sources_share_templates_and_not_columns(void **state)
{
    (void)state;
    struct rig first = rig_of(.format = RECORD_TEXT), second = rig_of(.format = RECORD_TEXT),
               third = rig_of(.format = RECORD_TEXT);
    struct miner *miner;
    struct buffer text = {0};
    assert_int_equal(miner_create(&miner), 0);
    rig_feed(&first, log_of(&text, BRACKETED, 300), true);
    recorder_assign(first.recorder, miner, &first.writer);
    rig_read(&third, "2024-06-14 10:20:00 INFO [worker-1] Job beta is done\n");
    recorder_assign(third.recorder, miner, &third.writer); // too short to tell: as the last one
    assert_int_equal(third.records[0].template_id, id_of("Job beta is done"));
    rig_feed(&second, log_of(&text, PLAIN, 300), true);
    recorder_assign(second.recorder, miner, &second.writer);
    assert_int_equal(second.records[0].template_id,
                     id_of("took <*> steps for job alpha at once"));
    rig_read(&second, "2024-06-14 10:20:00 INFO Job beta is done\n");
    recorder_assign(second.recorder, miner, &second.writer);
    assert_int_equal(second.records[0].template_id, id_of("Job beta is done"));
    rig_read(&first, "2024-06-14 10:20:00 INFO [worker-1] Job beta is done\n");
    recorder_assign(first.recorder, miner, &first.writer);
    assert_int_equal(first.records[0].template_id, id_of("Job beta is done"));
    buffer_free(&text);
    miner_free(miner);
    rig_close(&first);
    rig_close(&second);
    rig_close(&third);
}

/* ---- as bytes --------------------------------------------------------------- */

static void restart(struct rig *rig, struct miner **miner)
{
    struct buffer saved = {0};
    struct recorder *recorder;
    recorder_pack(rig->recorder, &saved);
    struct unpacker in = {.rest = buffer_bytes(&saved)};
    assert_int_equal(recorder_create(rig->plan, RIG_FILE_TIME, &recorder), 0);
    assert_int_equal(recorder_unpack(recorder, &in), 0);
    recorder_free(rig->recorder);
    rig->recorder = recorder;
    buffer_clear(&saved);
    miner_save(*miner, &saved);
    miner_free(*miner);
    assert_int_equal(miner_create(miner), 0);
    assert_int_equal(miner_load(*miner, buffer_bytes(&saved)), 0);
    buffer_free(&saved);
}

/* The ids of all records of a log that is read in pieces of `lines` lines, restarted or not between them. */
static void run(struct bytes log, int lines, bool restarts, struct buffer *out)
{
    struct rig rig = rig_of(.format = RECORD_TEXT);
    struct miner *miner;
    size_t at = 0;
    assert_int_equal(miner_create(&miner), 0);
    buffer_clear(out);
    recorder_sample(rig.recorder, log);
    while (at < log.len) {
        size_t end = at;
        for (int i = 0; i < lines && end < log.len; i++)
            end =
                (size_t)((const char *)memchr(log.at + end, '\n', log.len - end) - log.at) + 1;
        assert_int_equal(rig_feed(&rig, (struct bytes){log.at + at, end - at}, true), end - at);
        recorder_assign(rig.recorder, miner, &rig.writer);
        for (uint32_t i = 0; i < rig.count; i++)
            buffer_printf(out, "%llx/%d ", (unsigned long long)rig.records[i].template_id,
                          rig.records[i].flags);
        at = end;
        if (restarts)
            restart(&rig, &miner);
    }
    miner_free(miner);
    rig_close(&rig);
}

static void templates_go_on_from_their_bytes_wherever_they_were_cut(void **state)
{
    (void)state;
    struct buffer text = {0}, want = {0}, got = {0};
    struct bytes log = log_of(&text, BRACKETED, 260);
    for (int lines = 1; lines <= 260; lines += lines < 30 ? 1 : 37) {
        run(log, lines, false, &want);
        run(log, lines, true, &got);
        assert_true(want.len > 260 && bytes_equal(buffer_bytes(&want), buffer_bytes(&got)));
    }
    buffer_free(&text);
    buffer_free(&want);
    buffer_free(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_gets_the_template_of_its_sentence),
        cmocka_unit_test(new_sentence_is_flagged_once_nearly_all_are_known),
        cmocka_unit_test(sources_share_templates_and_not_columns),
        cmocka_unit_test(templates_go_on_from_their_bytes_wherever_they_were_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

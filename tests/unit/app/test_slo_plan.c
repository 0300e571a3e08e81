/* SPDX-License-Identifier: MIT */
/*
 * Promise: an SLO of a configuration becomes one hidden series of its stream, and only of that; what does not go together is refused with file and
 * line; and its budget is told from another by what its numbers depend on, not by its labels.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan_rig.h"

#include <errno.h>

/* Two streams, and the SLOs below, which begin in line 6. */
static int read_slos(const char *slos)
{
    char text[4096];
    plan_free(plan);
    plan = NULL;
    config_free(&config);
    snprintf(text, sizeof(text),
             "streams:\n- {name: web, paths: x, detectors: [{use: ewma, on: errors}]}\n"
             "- {name: db, paths: y, detectors: [{use: ewma, on: errors}]}\n\nslos:\n%s",
             slos);
    rig_write("c.yaml", text);
    return config_read("c.yaml", &config, &error);
}

static void refuse(const char *slos, const char *why)
{
    assert_int_equal(read_slos(slos), -EINVAL);
    if (!strstr(error.text, why))
        fail_msg("%s", error.text);
}

static uint64_t meaning(const char *slo)
{
    assert_int_equal(read_slos(slo), 0);
    assert_int_equal(plan_stream(0, 0), 0);
    assert_int_equal(plan->judge.slo_count, 1);
    return plan->judge.slos[0].hash;
}

static void slo_is_one_hidden_series_of_its_stream(void **state)
{
    (void)state;
    assert_int_equal(read_slos("- {name: up, stream: web, good: {where: 'status < 500'}, "
                               "total: {match: GET}, objective: 99.9}\n"),
                     0);
    assert_int_equal(plan_stream(0, 0), 0);
    assert_int_equal(plan->judge.slo_count, 1);
    const struct judge_slo *slo = &plan->judge.slos[0];
    assert_string_equal(slo->name, "up");
    assert_true(slo->objective > 0.99899 && slo->objective < 0.99901);
    assert_true(slo->period_ns == 30 * 86400 * NS_PER_S);
    assert_int_equal(plan->judge.series_count, 2); // errors, and this
    const struct series_spec *spec = &plan->lane.window.series[slo->series];
    assert_int_equal(spec->kind, SERIES_BAD);
    assert_true(spec->except);
    assert_int_equal(spec->select.compare, COMPARE_LT);
    assert_int_equal(spec->to.pattern, 1);
    for (size_t i = 0; i < plan->judge.use_count; i++)
        for (size_t k = 0; k < plan->judge.uses[i].on_count; k++)
            assert_true(plan->judge.uses[i].on[k] != slo->series);
    assert_int_equal(plan_stream(1, 0), 0);
    assert_int_equal(plan->judge.slo_count, 0);
    assert_int_equal(plan->judge.series_count, 1);
}

static void several_slos_have_a_series_each(void **state)
{
    (void)state;
    assert_int_equal(
        read_slos("- {name: a, stream: db, bad: {level: '>=error'}, objective: 99}\n"
                  "- {name: b, stream: web, bad: {level: '>=error'}, objective: 99}\n"
                  "- {name: c, stream: db, objective: 95, period: 7d, min_total: 20,"
                  " good: {where: 'duration_ms <= 300'}, labels: {team: dba}}\n"),
        0);
    assert_int_equal(plan_stream(1, 0), 0);
    assert_int_equal(plan->judge.slo_count, 2);
    assert_true(plan->judge.slos[0].series != plan->judge.slos[1].series);
    assert_string_equal(plan->judge.slos[1].name, "c");
    assert_true(plan->judge.slos[1].period_ns == 7 * 86400 * NS_PER_S);
    assert_int_equal(plan->judge.slos[1].min_total, 20);
    assert_string_equal(plan->judge.slos[1].labels.at[0].value, "dba");
}

static void what_makes_no_sense_is_refused_with_its_line(void **state)
{
    (void)state;
    refuse("- {name: a, stream: wed, bad: {match: x}, objective: 99}\n",
           "c.yaml:6: SLO 'a': no stream is called 'wed'; did you mean 'web'?");
    refuse("- {name: a, stream: web, objective: 99}\n",
           "c.yaml:6: SLO 'a': say either which records are good or which are bad");
    refuse("- {name: a, stream: web, good: {match: x}, bad: {match: y}, objective: 99}\n",
           "say either which records are good or which are bad");
    refuse("- {name: a, stream: web, bad: {match: x}, objective: 99}\n"
           "- {name: a, stream: db, bad: {match: x}, objective: 99}\n",
           "c.yaml:7: SLO 'a': there is one of that name already");
    refuse("- {name: a, stream: web, bad: {match: x}, objective: 100}\n",
           "c.yaml:6: objective");
    refuse("- {name: a, stream: web, bad: {match: x}, objective: 99, period: 1h}\n", "period");
    assert_int_equal(read_slos("- {name: a, stream: web, bad: {match: '('}, objective: 99}\n"),
                     0);
    assert_true(plan_stream(0, 0) < 0);
    assert_non_null(strstr(error.text, "c.yaml:6: SLO 'a': "));
}

static void budget_is_told_by_what_its_numbers_depend_on(void **state)
{
    (void)state;
    uint64_t hash = meaning("- {name: a, stream: web, bad: {match: x}, objective: 99}\n");
    uint64_t stream = config.streams[0].hash, other = config.streams[1].hash;
    assert_true(hash == meaning("- {name: a, stream: web, bad: {match: x}, objective: 99.0, "
                                "labels: {team: x}, min_total: 5}\n"));
    assert_true(stream !=
                config.streams[0].hash); // findings have other labels: a reload must see it
    assert_true(other == config.streams[1].hash);
    static const char *const others[] = {
        "- {name: a, stream: web, bad: {match: x}, objective: 99.5}\n",
        "- {name: a, stream: web, bad: {match: y}, objective: 99}\n",
        "- {name: a, stream: web, good: {match: x}, objective: 99}\n",
        "- {name: a, stream: web, bad: {match: x}, total: {match: z}, objective: 99}\n",
        "- {name: a, stream: web, bad: {match: x}, objective: 99, period: 7d}\n",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_true(hash != meaning(others[i]));
}

static void conf_d_may_add_slos_of_any_stream(void **state)
{
    (void)state;
    assert_int_equal(mkdir("conf.d", 0700), 0);
    rig_write("oddline.yaml", "streams:\n- {name: web, paths: x}\n");
    rig_write("conf.d/a.yaml", "streams:\n- {name: db, paths: y}\nslos:\n"
                               "- {name: a, stream: web, bad: {match: x}, objective: 99}\n");
    assert_int_equal(config_read("oddline.yaml", &config, &error), 0);
    assert_int_equal(config.streams[0].slo_count, 1);
    assert_int_equal(config.streams[1].slo_count, 0);
    config_free(&config);
    rig_write("conf.d/b.yaml",
              "streams:\n- {name: c, paths: y}\nslos:\n"
              "- {name: b, stream: nowhere, bad: {match: x}, objective: 99}\n");
    assert_int_equal(config_read("oddline.yaml", &config, &error), -EINVAL);
    assert_non_null(
        strstr(error.text, "conf.d/b.yaml:4: SLO 'b': no stream is called 'nowhere'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slo_is_one_hidden_series_of_its_stream, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(several_slos_have_a_series_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused_with_its_line, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(budget_is_told_by_what_its_numbers_depend_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(conf_d_may_add_slos_of_any_stream, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Promise: whatever cannot be a detector is refused before a line of it runs, with one sentence that says why.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BAD_DIR BINARY_DIR "/tests/bad"

static char dir[256], copy[512]; /* a directory of our own, and the file that tests spoil */

static void assert_refused(const char *name, int code, const char *why)
{
    struct plugin *plugin = NULL;
    struct error error = {.text = ""};
    int r = plugin_load(name, BAD_DIR, &plugin, &error);
    if (r != code || !strstr(error.text, why))
        fail_msg("%s: %d, \"%s\"; expected %d and \"%s\"", name, r, error.text, code, why);
    assert_null(plugin);
    assert_null(strchr(error.text, '\n'));
}

static void plugin_loads_by_id_and_by_path(void **state)
{
    (void)state;
    static const char *const names[] = {"good", BAD_DIR "/good.so"};
    for (size_t i = 0; i < 2; i++) {
        struct plugin *plugin = NULL;
        struct error error = {.text = ""};
        assert_int_equal(plugin_load(names[i], BAD_DIR, &plugin, &error), 0);
        assert_string_equal(plugin_label(plugin)->id, "bad");
        assert_string_equal(plugin_path(plugin), BAD_DIR "/good.so");
        plugin_free(plugin);
    }
    plugin_free(NULL);
}

static void plugin_name_without_slash_is_found_in_the_working_directory(void **state)
{
    (void)state;
    struct plugin *plugin = NULL;
    assert_int_equal(chdir(BAD_DIR), 0);
    assert_int_equal(plugin_load("good.so", "/nowhere", &plugin, NULL), 0);
    plugin_free(plugin);
}

static void plugin_refuses_each_wrong_label_with_its_own_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *name, *why;
    } wrong[] = {
        {"abi_newer", "ABI 2 is newer than this oddline"},
        {"abi_older", "ABI 0 is older than this oddline"},
        {"label_small", "label too small: 48 bytes"},
        {"tiny_symbol", "no detector: its `oddline_plugin` is only 4 bytes"},
        {"no_symbol", "exports no `oddline_plugin`"},
        {"unresolved", "defined_nowhere"},
        {"bad_id", "bad id"},
        {"no_id", "bad id"},
        {"unknown_need", "unknown need: bits 0x80000000"},
        {"needs_no_observe", "needs records but has no observe()"},
        {"no_open", "no open()"},
        {"no_score", "no score()"},
        {"no_close", "no close()"},
        {"save_only", "save() without load()"},
        {"params_missing", "33 parameters: at most 32"},
        {"param_twice", "parameter a: declared twice"},
        {"param_type", "parameter a: unknown type 9"},
        {"param_name", "parameter 0: bad name"},
        {"param_no_help", "parameter a: unit"},
        {"patterns_twice", "parameter b: a second list of patterns"},
        {"fallback_out", "parameter a: fallback outside its range"},
        {"fallback_nan", "parameter a: fallback outside its range"},
        {"fallback_long", "parameter a: fallback outside its range"},
        {"fallback_bool", "parameter a: fallback outside its range"},
        {"fallback_text", "parameter a: fallback outside its range"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char path[512];
        snprintf(path, sizeof(path), BAD_DIR "/%s.so", wrong[i].name);
        assert_refused(path, -ENOEXEC, wrong[i].why);
    }
}

static void plugin_refuses_what_is_not_there(void **state)
{
    (void)state;
    assert_refused("nosuch", -ENOENT, "nosuch: no such detector: looked in " BAD_DIR);
    assert_refused("/nowhere/x.so", -ENOENT, "/nowhere/x.so: cannot open: No such file");
    assert_refused("Not An Id", -EINVAL, "not a detector");
    assert_refused(dir, -ENOEXEC, "not a regular file");
}

/* A FIFO without a writer would hang an open() that does not look first. */
static void plugin_refuses_a_fifo_without_waiting(void **state)
{
    (void)state;
    unlink(copy);
    assert_int_equal(mkfifo(copy, 0600), 0);
    assert_refused(copy, -ENOEXEC, "not a regular file");
    unlink(copy);
}

/* ---- files that are spoilt ---------------------------------------------- */

static size_t read_good(unsigned char **ret)
{
    FILE *f = fopen(BAD_DIR "/good.so", "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size_t len = (size_t)ftell(f);
    rewind(f);
    *ret = malloc(len);
    assert_non_null(*ret);
    assert_int_equal(fread(*ret, 1, len, f), len);
    fclose(f);
    return len;
}

static void write_copy(const void *data, size_t len)
{
    FILE *f = fopen(copy, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void assert_spoilt(size_t at, unsigned char value, const char *why)
{
    unsigned char *data;
    size_t len = read_good(&data);
    data[at] = value;
    write_copy(data, len);
    assert_refused(copy, -ENOEXEC, why);
    free(data);
}

static void plugin_refuses_another_architecture(void **state)
{
    (void)state;
    assert_spoilt(offsetof(Elf64_Ehdr, e_machine), EM_MIPS,
                  "wrong architecture: built for ELF machine 8");
    assert_spoilt(EI_CLASS, 3, "wrong architecture: not a 64-bit object");
    assert_spoilt(EI_DATA, 3, "wrong architecture");
    assert_spoilt(offsetof(Elf64_Ehdr, e_type), ET_REL, "not a shared object: ELF type 1");
}

static void plugin_refuses_what_is_no_elf(void **state)
{
    (void)state;
    assert_spoilt(0, 'x', "not a shared object: no ELF header");
    write_copy("", 0);
    assert_refused(copy, -ENOEXEC, "not a shared object: no ELF header");
    write_copy("#!/bin/sh\n", 10);
    assert_refused(copy, -ENOEXEC, "not a shared object: no ELF header");
}

static void plugin_refuses_a_truncated_file_at_any_length(void **state)
{
    (void)state;
    unsigned char *data;
    size_t len = read_good(&data);
    for (size_t keep = 4; keep < len; keep += keep < 256 ? 1 : 97) {
        write_copy(data, keep);
        assert_refused(copy, -ENOEXEC, "truncated");
    }
    write_copy(data, len - 1);
    assert_refused(copy, -ENOEXEC, "truncated");
    write_copy(data, len);
    struct plugin *plugin = NULL;
    assert_int_equal(plugin_load(copy, BAD_DIR, &plugin, NULL), 0);
    plugin_free(plugin);
    free(data);
}

static void plugin_dir_follows_the_environment_then_the_build_tree(void **state)
{
    (void)state;
    setenv("ODDLINE_PLUGIN_DIR", "/somewhere", 1);
    assert_string_equal(plugin_dir(), "/somewhere");
    unsetenv("ODDLINE_PLUGIN_DIR");
    const char *found =
        plugin_dir(); // this test lives in BUILD/tests, where there is no `detectors`
    assert_string_equal(found + strlen(found) - strlen("/oddline/detectors"),
                        "/oddline/detectors");
}

static int setup(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof(dir), "%s/oddline-test-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        return -1;
    snprintf(copy, sizeof(copy), "%s/copy.so", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(copy);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugin_loads_by_id_and_by_path),
        cmocka_unit_test(plugin_name_without_slash_is_found_in_the_working_directory),
        cmocka_unit_test(plugin_refuses_each_wrong_label_with_its_own_sentence),
        cmocka_unit_test(plugin_refuses_what_is_not_there),
        cmocka_unit_test(plugin_refuses_a_fifo_without_waiting),
        cmocka_unit_test(plugin_refuses_another_architecture),
        cmocka_unit_test(plugin_refuses_what_is_no_elf),
        cmocka_unit_test(plugin_refuses_a_truncated_file_at_any_length),
        cmocka_unit_test(plugin_dir_follows_the_environment_then_the_build_tree),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

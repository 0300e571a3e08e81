/* SPDX-License-Identifier: MIT */
/* Promise: only a file that nobody but root and we could have put there is opened, and what was opened stays the same. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[PATH_MAX], dir[PATH_MAX + 8], file[PATH_MAX + 16];

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    assert_int_equal(chmod(path, 0644), 0);
}

static int setup(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(base, sizeof(base), "%s/guard-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
    if (!mkdtemp(base))
        return -1;
    snprintf(dir, sizeof(dir), "%s/dir", base);
    snprintf(file, sizeof(file), "%s/a.so", dir);
    if (mkdir(dir, 0755) < 0)
        return -1;
    write_file(file, "first");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(file);
    rmdir(dir);
    return rmdir(base);
}

/* 0 and the first byte, or what guard_open() said. */
static int open_it(const char *path, char *ret_first, struct error *error)
{
    int fd = -1, r = guard_open(path, &fd, error);
    if (r < 0) {
        assert_int_equal(fd, -1);
        return r;
    }
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(pread(fd, ret_first, 1, 0), 1);
    close(fd);
    return 0;
}

static void guard_opens_a_file_of_ours(void **state)
{
    (void)state;
    char first;
    assert_int_equal(open_it(file, &first, NULL), 0);
    assert_int_equal(first, 'f');
}

static void guard_names_what_others_may_write(void **state)
{
    (void)state;
    static const struct {
        bool of_dir;
        mode_t mode;
        const char *word;
    } cases[] = {{false, 0646, "everybody"}, {true, 0757, "everybody"}, {true, 0777, "dir"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error error = {""};
        char first;
        const char *path = cases[i].of_dir ? dir : file;
        assert_int_equal(chmod(path, cases[i].mode), 0);
        assert_int_equal(open_it(file, &first, &error), -EPERM);
        if (!strstr(error.text, cases[i].word) || !strstr(error.text, file))
            fail_msg("not named: %s", error.text);
        assert_int_equal(chmod(path, cases[i].of_dir ? 0755 : 0644), 0);
    }
    char first;
    assert_int_equal(chmod(dir, 01777), 0); // sticky, as /tmp: nobody can replace what is ours
    assert_int_equal(open_it(file, &first, NULL), 0);
}

static void guard_looks_behind_links(void **state)
{
    (void)state;
    char link[PATH_MAX + 16], first;
    snprintf(link, sizeof(link), "%s/link.so", base);
    assert_int_equal(symlink("dir/a.so", link), 0);
    assert_int_equal(open_it(link, &first, NULL), 0);
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(open_it(link, &first, NULL), -EPERM); // though the link lies elsewhere
    unlink(link);
}

static void guard_keeps_what_it_checked(void **state)
{
    (void)state;
    int fd;
    char first, other[PATH_MAX + 16];
    assert_int_equal(guard_open(file, &fd, NULL), 0);
    snprintf(other, sizeof(other), "%s/b.so", dir);
    write_file(other, "second");
    assert_int_equal(rename(other, file), 0);
    assert_int_equal(pread(fd, &first, 1, 0), 1);
    assert_int_equal(first, 'f');
    close(fd);
}

static void guard_does_not_wait_for_a_pipe(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(unlink(file), 0);
    assert_int_equal(mkfifo(file, 0600), 0);
    alarm(5);
    if (guard_open(file, &fd, NULL) == 0)
        close(fd); // what it is is for others to say
    alarm(0);
}

static void guard_says_why_there_is_nothing(void **state)
{
    (void)state;
    struct error error = {""};
    int fd = -1;
    char missing[PATH_MAX + 32];
    snprintf(missing, sizeof(missing), "%s/none.so", dir);
    assert_int_equal(guard_open(missing, &fd, &error), -ENOENT);
    assert_non_null(strstr(error.text, "none.so: cannot open"));
    assert_int_equal(fd, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(guard_opens_a_file_of_ours),     TEST(guard_names_what_others_may_write),
        TEST(guard_looks_behind_links),       TEST(guard_keeps_what_it_checked),
        TEST(guard_does_not_wait_for_a_pipe), TEST(guard_says_why_there_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

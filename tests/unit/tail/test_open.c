/* SPDX-License-Identifier: MIT */
/* Promise: nobody who may write beside a log can make us open another file; and honest links and files are read. */

#include "room.h"
#include "tail/open.h"
#include "tail/sys.h"

#include <linux/openat2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { STRANGER = 65534, SWAPS = 10000 };

static int no_openat2(int dir, const char *path, const struct open_how *how)
{
    (void)dir, (void)path, (void)how;
    errno = ENOSYS;
    return -1;
}

/* Opens it both ways, at once and step by step, which must agree. */
static int try_open(const char *name)
{
    struct tail_sys before = tail_sys;
    int r[2];
    for (int i = 0; i < 2; i++) {
        struct stat st;
        struct error error;
        int fd = -1;
        if (i == 1)
            tail_sys.openat2 = no_openat2;
        r[i] = open_log(at(name), &fd, &st);
        tail_sys = before;
        if (r[i] < 0)
            assert_true(open_say(&error, r[i], name) == r[i] && strstr(error.text, name));
        else
            assert_true(S_ISREG(st.st_mode) && close(fd) == 0);
    }
    assert_int_equal(r[0], r[1]);
    return r[0];
}

static void only_regular_files_and_without_waiting(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(at("fifo.log"), 0644), 0);
    assert_int_equal(mkdir(at("dir.log"), 0755), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", at("socket.log"));
    assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
    append("a.log", "x");
    assert_int_equal(try_open("fifo.log"), -ENOTSUP);
    assert_int_equal(try_open("dir.log"), -ENOTSUP);
    assert_true(try_open("socket.log") < 0);
    assert_int_equal(try_open("a.log"), 0);
    assert_int_equal(try_open("none.log"), -ENOENT);
    assert_int_equal(try_open("a.log/below"), -ENOTDIR);
    int fd;
    struct stat st;
    assert_int_equal(open_log("/dev/null", &fd, &st), -ENOTSUP);
    assert_int_equal(open_log("/", &fd, &st), -ENOTSUP);
    close(s);
}

static void our_links_are_followed(void **state)
{
    (void)state;
    assert_int_equal(mkdir(at("real"), 0755), 0);
    append("real/a.log", "x");
    assert_int_equal(symlink("real/a.log", at("one")), 0);
    assert_int_equal(symlink("one", at("two")), 0);
    assert_int_equal(symlink("real", at("dir")), 0);
    assert_int_equal(symlink(at("real"), at("absolute")), 0);
    assert_int_equal(symlink("nowhere", at("broken")), 0);
    assert_int_equal(symlink("loop", at("loop")), 0);
    assert_int_equal(try_open("one"), 0);
    assert_int_equal(try_open("two"), 0);
    assert_int_equal(try_open("dir/a.log"), 0);
    assert_int_equal(try_open("absolute/../two"), 0);
    assert_int_equal(try_open("broken"), -ENOENT);
    assert_int_equal(try_open("loop"), -ELOOP);
    assert_int_equal(try_open("real/"), -ENOTSUP);
}

static void magic_links_lead_nowhere(void **state)
{
    (void)state;
    char path[64];
    struct stat st;
    append("a.log", "x");
    int fd = open(at("a.log"), O_RDONLY), other;
    assert_int_equal(unlink(at("a.log")), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    assert_int_equal(open_log(path, &other, &st), -ENOENT);
    close(fd);
}

static void link_into_a_directory_that_others_write_to_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(at("open"), 0700), 0);
    append("open/a.log", "x");
    assert_int_equal(symlink("open/a.log", at("one")), 0);
    assert_int_equal(try_open("one"), 0);
    assert_int_equal(chmod(at("open"), 01777), 0);
    assert_int_equal(try_open("one"), -ELOOP);
    assert_int_equal(try_open("open/a.log"), 0); // it is ours, and nothing led us there
}

static void second_link_in_a_directory_that_others_write_to_is_refused(void **state)
{
    (void)state;
    append("secret", "x");
    assert_int_equal(mkdir(at("open"), 0700), 0);
    assert_int_equal(link(at("secret"), at("open/a.log")), 0);
    assert_int_equal(try_open("open/a.log"), 0);
    assert_int_equal(chmod(at("open"), 01777), 0);
    assert_int_equal(try_open("open/a.log"), -EMLINK);
    assert_int_equal(unlink(at("secret")), 0);
    assert_int_equal(try_open("open/a.log"), 0);
}

/* Only root can make files of others. */
static void strangers_lead_nobody_beyond_their_own_files(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    append("secret", "x");
    append("theirs", "x");
    assert_int_equal(chown(at("theirs"), STRANGER, STRANGER), 0);
    assert_int_equal(mkdir(at("home"), 0755), 0);
    assert_int_equal(symlink("../secret", at("home/bad.log")), 0);
    assert_int_equal(symlink("../theirs", at("home/good.log")), 0);
    assert_int_equal(symlink("..", at("home/up")), 0);
    append("home/own.log", "x");
    assert_int_equal(symlink("own.log", at("home/now.log")), 0);
    assert_int_equal(lchown(at("home/bad.log"), STRANGER, STRANGER), 0);
    assert_int_equal(lchown(at("home/good.log"), STRANGER, STRANGER), 0);
    assert_int_equal(lchown(at("home/now.log"), STRANGER, STRANGER), 0);
    assert_int_equal(lchown(at("home/own.log"), STRANGER, STRANGER), 0);
    assert_int_equal(lchown(at("home/up"), STRANGER, STRANGER), 0);
    assert_int_equal(chown(at("home"), STRANGER, STRANGER), 0);
    assert_int_equal(try_open("home/bad.log"), -ELOOP);
    assert_int_equal(try_open("home/up/secret"), -ELOOP);
    assert_int_equal(try_open("home/good.log"), 0);
    assert_int_equal(try_open("home/up/theirs"), 0);
    assert_int_equal(try_open("home/now.log"), 0);
    assert_int_equal(chmod(at("home"), 0777), 0);
    assert_int_equal(try_open("home/now.log"), -ELOOP);
    assert_int_equal(try_open("home/own.log"), -EPERM);
}

/* ---- swapped under our hands -------------------------------------------------------- */

struct swapper {
    char log[PATH_MAX], good[PATH_MAX], bad[PATH_MAX], temp[PATH_MAX];
    bool dir; /* the directory is swapped, not the file */
    atomic_bool stop;
};

static void *swap(void *arg)
{
    struct swapper *s = arg;
    while (!atomic_load(&s->stop)) {
        if (s->dir) { // exchanges the two
            (void)renameat2(AT_FDCWD, s->good, AT_FDCWD, s->bad, RENAME_EXCHANGE);
            continue;
        }
        if (link(s->good, s->temp) == 0)
            (void)rename(s->temp, s->log);
        (void)unlink(s->log);
        if (symlink(s->bad, s->temp) == 0)
            (void)rename(s->temp, s->log);
        (void)unlink(s->log);
        (void)unlink(s->temp);
    }
    return NULL;
}

static void open_while(struct swapper *s, ino_t secret)
{
    pthread_t thread;
    unsigned opened = 0;
    assert_int_equal(pthread_create(&thread, NULL, swap, s), 0);
    // on a busy machine the swapper may win for long; that it never loses would be no test
    for (int i = 0; i < SWAPS || (opened == 0 && i < 200 * SWAPS); i++) {
        struct stat st;
        int fd;
        if (open_log(s->log, &fd, &st) < 0)
            continue;
        assert_true(st.st_ino != secret);
        close(fd);
        opened++;
    }
    atomic_store(&s->stop, true);
    pthread_join(thread, NULL);
    assert_true(opened > 0);
}

static void swapped_for_a_link_ten_thousand_times(void **state)
{
    (void)state;
    static struct swapper s;
    struct stat st;
    s = (struct swapper){.dir = false};
    assert_int_equal(mkdir(at("open"), 0777), 0);
    assert_int_equal(chmod(at("open"), 0777), 0);
    append("open/secret", "x"); // reached by a link, it is refused
    append("good", "x");
    snprintf(s.log, sizeof(s.log), "%s", at("a.log"));
    snprintf(s.good, sizeof(s.good), "%s", at("good"));
    snprintf(s.bad, sizeof(s.bad), "%s", at("open/secret"));
    snprintf(s.temp, sizeof(s.temp), "%s", at("temp"));
    assert_int_equal(stat(at("open/secret"), &st), 0);
    open_while(&s, st.st_ino);
}

static void directory_swapped_for_a_link_ten_thousand_times(void **state)
{
    (void)state;
    static struct swapper s;
    struct stat st;
    s = (struct swapper){.dir = true};
    assert_int_equal(mkdir(at("logs"), 0755), 0);
    assert_int_equal(mkdir(at("open"), 0777), 0);
    assert_int_equal(chmod(at("open"), 0777), 0);
    append("logs/a.log", "x");
    append("open/a.log", "secret");
    assert_int_equal(symlink("open", at("link")), 0);
    snprintf(s.log, sizeof(s.log), "%s", at("logs/a.log"));
    snprintf(s.good, sizeof(s.good), "%s", at("logs"));
    snprintf(s.bad, sizeof(s.bad), "%s", at("link"));
    assert_int_equal(stat(at("open/a.log"), &st), 0);
    open_while(&s, st.st_ino);
}

static void what_is_refused_is_counted_and_read_when_it_becomes_right(void **state)
{
    (void)state;
    struct reader r;
    struct tail_options o = {.no_inotify = true, .poll_ns = 10 * NS_PER_MS};
    assert_int_equal(mkdir(at("open"), 0777), 0);
    assert_int_equal(chmod(at("open"), 0777), 0);
    append("open/secret", "secret\n");
    append("b.log", "b\n");
    assert_int_equal(symlink("open/secret", at("a.log")), 0);
    assert_int_equal(mkfifo(at("c.log"), 0644), 0);
    reader_open(&r, &o);
    reader_add(&r, "*.log");
    reader_expect(&r, 200, "b\n");
    assert_int_equal(tail_counts(r.tail).refused, 2);
    assert_int_equal(chmod(at("open"), 0755), 0);
    reader_expect(&r, 400, "secret\n");
    reader_close(&r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(only_regular_files_and_without_waiting),
        T(our_links_are_followed),
        T(magic_links_lead_nowhere),
        T(link_into_a_directory_that_others_write_to_is_refused),
        T(second_link_in_a_directory_that_others_write_to_is_refused),
        T(strangers_lead_nobody_beyond_their_own_files),
        T(swapped_for_a_link_ten_thousand_times),
        T(directory_swapped_for_a_link_ten_thousand_times),
        T(what_is_refused_is_counted_and_read_when_it_becomes_right),
    };
    return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}

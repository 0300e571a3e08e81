/* SPDX-License-Identifier: MIT */

#include "command/author.h"

#include "app/cli.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "host/host.h"
#include "host/label.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stands for @NAME@ and the others in the templates. */
struct filling {
    const char *name;
    char cmake_hint[2 * PATH_MAX], make_hint[3 * PATH_MAX]; /* a line each, or "" */
};

/* ---- the name ----------------------------------------------------------- */

/* Names that something between here and the detector has taken: CMake's targets, the words of `oddline plugins`. */
static const char *const taken[] = {"all",     "check", "clean", "depend", "help", "install",
                                    "package", "test",  "unit",  "new",    "build"};

static int check_name(const char *name, struct error *reterr)
{
    char path[PATH_MAX];
    if (!label_id_is_good(name))
        return error_set(
            reterr, -EINVAL,
            "%s: no name for a detector: 1 to %d lower-case letters, digits and `-`", name,
            LABEL_ID_MAX);
    if (name[0] == '-' || name[strlen(name) - 1] == '-')
        return error_set(reterr, -EINVAL, "%s: no name for a detector: a `-` joins words",
                         name);
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (strcmp(name, taken[i]) == 0)
            return error_set(reterr, -EINVAL,
                             "%s: no name for a detector: the word means something else to "
                             "oddline or to CMake",
                             name);
    snprintf(path, sizeof(path), "%s/%s.so", plugin_dir(), name);
    if (access(path, F_OK) == 0)
        return error_set(reterr, -EEXIST, "%s: there is a detector of that name: %s", name,
                         path);
    return 0;
}

/* ---- where oddline is --------------------------------------------------- */

/* Nothing that a shell, make or CMake would read as more than a path. */
static bool is_plain(const char *path)
{
    return path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "/._+-")] == '\0';
}

/* The directory of oddline.pc below a prefix: lib, lib64, or one for each architecture below lib. */
static bool find_pc(const char *prefix, char *ret, size_t size)
{
    static const char *const patterns[] = {"lib*/pkgconfig/oddline.pc",
                                           "lib/*/pkgconfig/oddline.pc"};
    bool found = false;
    for (size_t i = 0; i < 2 && !found; i++) {
        char pattern[PATH_MAX + 64];
        glob_t paths;
        snprintf(pattern, sizeof(pattern), "%s/%s", prefix, patterns[i]);
        found = glob(pattern, 0, NULL, &paths) == 0;
        if (!found)
            continue;
        snprintf(ret, size, "%s", paths.gl_pathv[0]);
        *strrchr(ret, '/') = '\0';
        globfree(&paths);
    }
    return found;
}

/* PREFIX of PREFIX/bin/oddline, if that is what runs. */
static bool own_prefix(char ret[static PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", ret, PATH_MAX - 1);
    if (len <= 0)
        return false;
    ret[len] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(ret, '/');
        if (!slash)
            return false;
        *slash = '\0';
    }
    return ret[0] != '\0';
}

static int wrong_prefix(const char *from, struct error *reterr)
{
    char cache[PATH_MAX];
    snprintf(cache, sizeof(cache), "%s/CMakeCache.txt", from);
    if (access(cache, F_OK) == 0)
        return error_set(reterr, -ENOENT,
                         "%s: a build tree, nothing is installed there: run "
                         "`cmake --install %s --prefix PREFIX` and name PREFIX",
                         from, from);
    return error_set(reterr, -ENOENT,
                     "%s: no oddline is installed there: no lib/pkgconfig/oddline.pc", from);
}

/* Hints are for the convenience of a first build; where there is none, CMake and pkg-config look in the usual places. */
static int fill_hints(const char *from, struct filling *filling, struct error *reterr)
{
    char prefix[PATH_MAX], pc[PATH_MAX];
    bool known = from ? realpath(from, prefix) != NULL : own_prefix(prefix);
    known = known && find_pc(prefix, pc, sizeof(pc));
    if (!known && from)
        return wrong_prefix(from, reterr);
    if (!known || !is_plain(prefix) || !is_plain(pc))
        return 0;
    snprintf(
        filling->cmake_hint, sizeof(filling->cmake_hint),
        "list(APPEND CMAKE_PREFIX_PATH \"%s\") # where oddline was when this was written\n",
        prefix);
    snprintf(filling->make_hint, sizeof(filling->make_hint),
             "PKG_CONFIG_PATH := $(PKG_CONFIG_PATH):%s\n"
             "ODDLINE ?= %s/bin/oddline\n",
             pc, prefix);
    return 0;
}

/* ---- files -------------------------------------------------------------- */

/* `template` with every @WORD@ that is known filled in. */
static void fill(const char *template, const struct filling *filling, struct buffer *ret)
{
    const struct {
        const char *word, *text;
    } words[] = {{"@NAME@", filling->name},
                 {"@CMAKE_HINT@", filling->cmake_hint},
                 {"@MAKE_HINT@", filling->make_hint}};
    while (*template) {
        size_t plain = strcspn(template, "@"), i = 0;
        buffer_append(ret, template, plain);
        template += plain;
        while (i < 3 && strncmp(template, words[i].word, strlen(words[i].word)) != 0)
            i++;
        if (i < 3) {
            buffer_text(ret, words[i].text);
            template += strlen(words[i].word);
        } else if (*template) {
            buffer_char(ret, *template ++);
        }
    }
}

static int failed(const char *path, struct error *reterr)
{
    return error_set(reterr, -errno, "%s: cannot be written: %s", path, strerror(errno));
}

static int write_file(int dir, const struct author_file *file, const struct filling *filling,
                      struct error *reterr)
{
    struct buffer name = {0}, text = {0};
    fill(file->path, filling, &name);
    buffer_char(&name, '\0');
    if (file->text)
        fill(file->text, filling, &text);
    int fd = openat(dir, name.at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    int r = out ? 0 : failed(name.at, reterr);
    if (out && file->text)
        fwrite(text.at, 1, text.len, out);
    else if (out)
        author_sample(out);
    if (out && (ferror(out) || fclose(out) != 0))
        r = failed(name.at, reterr);
    buffer_free(&name);
    buffer_free(&text);
    return r;
}

/* A new directory, or one with nothing in it. */
static int open_dir(const char *path, int *ret, struct error *reterr)
{
    char pattern[PATH_MAX];
    glob_t found;
    snprintf(pattern, sizeof(pattern), "%s/{,.[!.],..?}*", path);
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return error_set(reterr, -errno, "%s: cannot be made: %s", path, strerror(errno));
    int r = glob(pattern, GLOB_BRACE | GLOB_NOSORT, NULL, &found);
    if (r == 0)
        globfree(&found);
    if (r == 0)
        return error_set(reterr, -ENOTEMPTY, "%s: not empty: nothing is written over", path);
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return error_set(reterr, -errno, "%s: cannot be used: %s", path, strerror(errno));
    *ret = dir;
    return 0;
}

int author_write(const struct author_options *options, struct error *reterr)
{
    struct filling filling = {.name = options->name};
    int dir = -1, r = check_name(options->name, reterr);
    if (r == 0)
        r = fill_hints(options->from, &filling, reterr);
    if (r == 0)
        r = open_dir(options->dir ? options->dir : options->name, &dir, reterr);
    if (r < 0)
        return r;
    for (size_t i = 0; i < author_file_count && r == 0; i++)
        r = write_file(dir, &author_files[i], &filling, reterr);
    close(dir);
    return r;
}

/* ---- the sample log ----------------------------------------------------- */

/* Numbers that look like chance and are always the same (Numerical Recipes' LCG; the high bits are good enough). */
static uint32_t chance(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

void author_sample(FILE *out)
{
    const int64_t start_ns = INT64_C(1772442000) * NS_PER_S; // 2026-03-02 09:00:00
    uint64_t seed = 7;
    for (int second = 0; second < 3 * 3600; second += 1 + (int)chance(&seed, 12)) {
        bool trouble = second >= 9000 && second < 9600;
        struct civil at = clock_civil(start_ns + second * NS_PER_S);
        char stamp[64];
        snprintf(stamp, sizeof(stamp), "%04d-%02d-%02d %02d:%02d:%02d,%03u", (int)at.year,
                 at.month, at.day, at.hour, at.minute, at.second, chance(&seed, 1000));
        uint32_t order = chance(&seed, 10000), luck = chance(&seed, 100);
        if (trouble || luck == 0)
            fprintf(out, "%s ERROR [shop] order %u failed: the bank timed out\n", stamp, order);
        else if (luck < 5)
            fprintf(out, "%s WARN  [shop] order %u: asking the bank again\n", stamp, order);
        else
            fprintf(out, "%s INFO  [shop] order %u paid in %u ms\n", stamp, order,
                    60 + chance(&seed, 50));
    }
}

/* ---- the command -------------------------------------------------------- */

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct author_options *options = context;
    (void)index, (void)reterr;
    options->from = value;
    return true;
}

int author_command(int argc, char **argv)
{
    static const struct option_spec specs[] = {
        {"from", "PREFIX",
         "`plugins new`: where an oddline is installed (that of this program)"}};
    struct author_options options = {0};
    struct option_set set = {"plugins", specs, 1, take, &options};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (argc - first < 1 || argc - first > 2) {
        error_set(&error, -EINVAL, "plugins new: give it a name: NAME [DIR]");
        return say_failure(EXIT_USAGE, &error);
    }
    options.name = argv[first];
    options.dir = argc - first == 2 ? argv[first + 1] : NULL;
    int r = author_write(&options, &error);
    if (r < 0)
        return say_failure(r == -EINVAL ? EXIT_USAGE : EXIT_IO, &error);
    const char *dir = options.dir ? options.dir : options.name;
    printf("%s: a detector to begin with. Next:\n"
           "  cd %s && cmake -S . -B build && cmake --build build && ctest --test-dir build\n",
           dir, dir);
    return EXIT_DONE;
}

/* SPDX-License-Identifier: MIT */

#include "act/post.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int post_check_url(const char *url, struct error *reterr)
{
    const char *host = strncmp(url, "http://", 7) == 0    ? url + 7
                       : strncmp(url, "https://", 8) == 0 ? url + 8
                                                          : NULL;
    if (!host || *host == '\0' || *host == '/')
        return error_set(reterr, -EINVAL,
                         "'%s' is no URL: http://HOST[:PORT][/PATH] or https://", url);
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
            return error_set(reterr, -EINVAL, "'%s': no blanks or control bytes in a URL", url);
    if (memchr(host, '@', strcspn(host, "/")))
        return error_set(reterr, -EINVAL,
                         "a password does not belong in a URL: use header_file");
    return 0;
}

#ifndef ODDLINE_HAVE_CURL

bool post_is_built_in(void)
{
    return false;
}

int post_work(const void *post, struct bytes input)
{
    (void)post;
    (void)input;
    puts("POSTs are not built in: libcurl was missing when oddline was built");
    fflush(stdout);
    return POST_REFUSED;
}

#else

#include <curl/curl.h>
#include <stdlib.h>

enum { POST_SILENT = -1 }; /* no answer: POST_AGAIN to the outside */
enum { ANSWER_MAX = 1 << 20, ANSWER_SHOWN = 300, HEADER_LINE = 4096, HEADERS_MAX = 32 };

bool post_is_built_in(void)
{
    return true;
}

/* The beginning of an answer, for the person who has to find out; the rest is read and forgotten, up to a bound. */
struct answer {
    char text[ANSWER_SHOWN + 1];
    size_t kept, came;
};

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
    struct answer *answer = context;
    size_t len = size * count, room = ANSWER_SHOWN - answer->kept;
    answer->came += len;
    if (answer->came > ANSWER_MAX)
        return 0;
    memcpy(answer->text + answer->kept, bytes, len < room ? len : room);
    answer->kept += len < room ? len : room;
    return len;
}

static int add_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *more = curl_slist_append(*list, line);
    if (!more)
        return -ENOMEM;
    *list = more;
    return 0;
}

/* Lines `Name: value`; they are secret, so no message shows one. */
static int add_secret_headers(struct curl_slist **list, const char *path)
{
    char line[HEADER_LINE];
    FILE *file = fopen(path, "re");
    int r = 0;
    if (!file) {
        printf("%s: cannot read the headers: %s\n", path, strerror(errno));
        return -EACCES;
    }
    for (int i = 0; r == 0 && i < HEADERS_MAX && fgets(line, sizeof(line), file); i++) {
        line[strcspn(line, "\r\n")] = '\0';
        if (*line && *line != '#')
            r = strchr(line, ':') ? add_header(list, line) : -EINVAL;
    }
    if (r == -EINVAL)
        printf("%s: a line is not `Name: value`\n", path);
    explicit_bzero(line, sizeof(line));
    fclose(file);
    return r;
}

static int make_headers(const struct post *post, struct curl_slist **ret)
{
    char key[600];
    int r = add_header(ret, "Content-Type: application/json");
    if (r == 0)
        r = add_header(ret, "Expect:"); // no waiting for `100 Continue`
    if (r == 0 && post->key) {
        snprintf(key, sizeof(key), "Idempotency-Key: %s", post->key);
        r = add_header(ret, key);
    }
    if (r == 0 && post->action->header_file)
        r = add_secret_headers(ret, post->action->header_file);
    return r;
}

static void set_options(CURL *curl, const struct post *post, struct curl_slist *headers)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "oddline/" ODDLINE_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(post->action->timeout_ns / 1000000));
}

static int meaning(long status)
{
    if (status >= 200 && status < 300)
        return POST_DONE;
    return status == 408 || status == 425 || status == 429 || status >= 500 ? POST_AGAIN
                                                                            : POST_REFUSED;
}

/* What may be shown of a URL: a path is often a secret (the web hooks of chats). */
static int shown(const char *url)
{
    size_t scheme = strcspn(url, "/") + 2; // post_check_url() saw `//`
    return (int)(scheme + strcspn(url + scheme, "/?#"));
}

static int post_one(CURL *curl, const char *base, const char *path, struct bytes body)
{
    char url[4096];
    struct answer answer = {.kept = 0};
    long status = 0;
    size_t len = strlen(base);
    while (*path && len && base[len - 1] == '/')
        len--;
    snprintf(url, sizeof(url), "%.*s%s", (int)len, base, path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.at);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.len);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        printf("HTTP 0 %.*s: %s\n", shown(base), base, curl_easy_strerror(code));
        return POST_SILENT;
    }
    printf("HTTP %ld %.*s%s%s\n", status, shown(base), base, answer.kept ? ": " : "",
           answer.text);
    return meaning(status);
}

/* The best of what the URLs answered. One without an answer is not waited for again: the others are to get the rest in time. */
static int post_body(CURL *curl, const struct post *post, bool silent[ACTION_URLS_MAX],
                     struct bytes body)
{
    int best = POST_REFUSED;
    for (size_t i = 0; i < post->action->urls.count; i++) {
        int r = silent[i] ? POST_SILENT
                          : post_one(curl, post->action->urls.at[i], post->path, body);
        silent[i] = r == POST_SILENT;
        r = silent[i] ? POST_AGAIN : r;
        best = r < best ? r : best;
    }
    return best;
}

static int post_lines(CURL *curl, const struct post *post, struct bytes input)
{
    bool silent[ACTION_URLS_MAX] = {false};
    int worst = POST_DONE;
    while (input.len) {
        const char *end = memchr(input.at, '\n', input.len);
        size_t len = end ? (size_t)(end - input.at) : input.len;
        int r = len ? post_body(curl, post, silent, (struct bytes){input.at, len}) : POST_DONE;
        worst = r > worst ? r : worst;
        input = (struct bytes){input.at + len + (end != NULL), input.len - len - (end != NULL)};
    }
    return worst;
}

int post_work(const void *context, struct bytes input)
{
    const struct post *post = context;
    struct curl_slist *headers = NULL;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = curl_easy_init();
    int r = curl && make_headers(post, &headers) == 0 ? POST_DONE : POST_REFUSED;
    if (r == POST_DONE) {
        set_options(curl, post, headers);
        r = post_lines(curl, post, input);
    }
    fflush(stdout);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return r;
}

#endif

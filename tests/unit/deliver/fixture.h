/* SPDX-License-Identifier: MIT */
/* What the tests of deliver share: a temporary directory, a finding with everything in it, a real redis-server. */
#ifndef TESTS_DELIVER_FIXTURE_H
#define TESTS_DELIVER_FIXTURE_H

#include "deliver/journal.h"
#include "deliver/sink.h"

#include <sys/types.h>

struct sandbox {
    char dir[128];
};
void sandbox_make(struct sandbox *sandbox);
void sandbox_remove(struct sandbox *sandbox);
/* DIR/name, in a static buffer that the next four calls leave alone. */
const char *sandbox_path(const struct sandbox *sandbox, const char *name);
void write_file(const char *path, const void *data, size_t len);
/* The whole file, NUL-terminated; the caller frees. */
char *read_whole(const char *path, size_t *ret_len);

struct finding sample_finding(enum finding_route route);
/* Commits `count` findings, one a block, routes going round page, ticket, log. */
void append_findings(struct journal *journal, size_t count);

/* ---- redis -------------------------------------------------------------- */

struct server {
    struct sandbox sandbox;
    char socket[160], url[200];
    const char *options[16]; /* more arguments, NULL-terminated */
    pid_t pid;
};
void server_make(struct server *server);   /* not started */
void server_start(struct server *server);  /* and answers */
void server_kill(struct server *server);   /* kill -9 */
void server_remove(struct server *server); /* killed, directory gone */
/* One command, its words parted by blanks; the reply as redis-cli would show it, roughly. Static buffer. */
const char *server_ask(struct server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
long server_number(struct server *server, const char *command);

#endif /* TESTS_DELIVER_FIXTURE_H */

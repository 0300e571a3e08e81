/* SPDX-License-Identifier: MIT */
/*
 * gate_news.h - what is said after a deployment and was never said before it.
 *
 * Records come in the order of files, not of time, and a template may later turn out to be one case of a wider one. So nothing is
 * decided when a record is seen: each template is noted with a sentence of its own, and news_weigh() asks the miner anew which template
 * that sentence is of by now. New is what no record before the deployment was of, whenever that was, nor any of the control group.
 *
 * Bounded: NEWS_MAX templates; of more the records are counted and nothing is said of them.
 */
#ifndef COMMAND_GATE_NEWS_H
#define COMMAND_GATE_NEWS_H

#include "command/gate_read.h"
#include "gate/gate.h"

enum { NEWS_MAX = 8192, NEWS_SENTENCE = 512, NEWS_EXAMPLE = 320, NEWS_AFTER = 64 };

/* One template. */
struct news {
    const struct gate_stream *stream;
    uint64_t id;       /* when it was seen first */
    struct news *root; /* which it is by now; news_weigh() */
    int64_t first_ns;  /* of all before the deployment; NO_TIME: never */
    bool known;        /* before, or in the control group; of a root: of all that are it */
    bool trouble;      /* warning or worse */
    uint8_t level;     /* the worst */
    uint64_t before[GATE_WINDOWS_MAX / 64]; /* bit: trouble in that window */
    bool heard;                             /* after the deployment */
    uint32_t after[NEWS_AFTER];             /* records in that window after the deployment */
    uint64_t told, windows; /* records, and windows they are in; newsroom_list() */
    uint16_t sentence_len, example_len;
    char sentence[NEWS_SENTENCE],
        example[NEWS_EXAMPLE]; /* example: the first one after, redacted */
};

struct newsroom {
    struct news *at;  /* [count] of NEWS_MAX */
    uint32_t *places; /* hash: index + 1 */
    size_t count;
    uint64_t unheard; /* records of templates beyond the bound */
};

int newsroom_open(struct newsroom *room); /* 0 or -ENOMEM */
void newsroom_close(struct newsroom *room);

/* Where a record lies, in windows; SIZE_MAX: in none. */
struct news_place {
    bool past; /* before the deployment */
    size_t before, after;
};
void newsroom_take(struct newsroom *room, const struct gate_record *record,
                   const struct news_place *place);

/* Set `fresh` of all cells: of before what was new in its second half, of after what is new. */
void newsroom_weigh(struct newsroom *room, struct gate_pair *service, int64_t half_ns);

/*
 * After newsroom_weigh(): what is new in the first windows after the deployment, troubles first, the commonest first. Into
 * ret[most]; returns how many there are in all.
 */
size_t newsroom_list(struct newsroom *room, size_t windows, const struct news **ret,
                     size_t most);
/* Its template as text, lent until the next call that learns. */
struct bytes news_text(const struct news *news);

#endif /* COMMAND_GATE_NEWS_H */

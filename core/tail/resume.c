/* SPDX-License-Identifier: MIT */
/*
 * resume.c - where to begin in a file: its bookmark if it holds, the end if so wished, else the first byte.
 *
 *      a bookmark holds when:   inode (and generation) the same
 *                               file not shorter than the offset
 *                               head and marker the same bytes
 *
 * The path plays no part, so what was renamed while nobody looked goes on where it was. An archive of a file that was
 * being read goes on too: same directory, same head, and, found out when unpacking gets there, the same marker.
 */

#include "base/hash.h"
#include "base/log.h"
#include "tail/archive.h"
#include "tail/copy.h"
#include "tail/follow.h"
#include "tail/sys.h"

#include <inttypes.h>
#include <string.h>

/* ---- leaving --------------------------------------------------------------- */

void resume_mark(struct followed *f, struct bookmark *ret)
{
    struct source *source = f->source;
    bool archive = source_kind(source) == SOURCE_ARCHIVE;
    source_grow_head(source);
    *ret = (struct bookmark){
        .path = source->path,
        .identity = source->identity,
        .serial = source->serial,
        .origin = source->origin,
        .offset = source->offset,
        .size = source->seen,
        .note = source->note,
        .boot = f->tail->boot,
        .seen_s = clock_wall_ns() / NS_PER_S,
        .flags = (archive ? BOOKMARK_ARCHIVE : 0u) | (f->over ? BOOKMARK_DONE : 0u),
    };
}

void resume_leave(struct tail *tail, struct followed *f)
{
    struct stat st;
    struct bookmark now;
    resume_mark(f, &now);
    bool deleted =
        f->source->fd < 0 || tail_sys.fstat(f->source->fd, &st) < 0 || st.st_nlink == 0;
    now.flags |= BOOKMARK_LEFT | (deleted ? BOOKMARK_DELETED : 0u);
    book_leave(&tail->book, &now);
}

uint64_t resume_cut(struct source *source)
{
    struct followed *f = source->owner;
    struct bookmark old;
    resume_mark(f, &old);
    old.flags |= BOOKMARK_LEFT | BOOKMARK_DELETED;
    book_leave(&f->tail->book, &old);
    uint64_t end = copy_follow(f, &old);
    crowd_number(f->tail, f, 0);
    source->origin = source->note = 0;
    return end;
}

/* ---- one file -------------------------------------------------------------- */

static uint64_t hash_head(const char *head, size_t len)
{
    return hash_bytes((struct bytes){head, len});
}

bool resume_holds(const struct source *source, const struct bookmark *mark, struct marker *ret)
{
    const struct identity *id = &mark->identity;
    uint64_t head;
    struct marker marker;
    if (mark->offset > source->seen || identity_head(source->fd, id->head_len, &head) < 0 ||
        (id->head_len > 0 && head != id->head))
        return false;
    if (id->marker_len == 0) // at the beginning, or behind what the disk could not read
        marker.len = 0;
    else if (marker_read(source->fd, mark->offset, &marker) < 0 ||
             marker.len != id->marker_len || marker_hash(&marker) != id->marker)
        return false;
    *ret = marker;
    return true;
}

static bool mark_holds(const struct source *source, const struct bookmark *mark,
                       struct marker *ret)
{
    bool archive = source_kind(source) == SOURCE_ARCHIVE;
    if (archive != ((mark->flags & BOOKMARK_ARCHIVE) != 0))
        return false;
    if (!archive)
        return resume_holds(source, mark, ret);
    return mark->identity.head_len == source->identity.head_len &&
           mark->identity.head == source->identity.head;
}

void resume_take(struct followed *f, const struct bookmark *mark, const struct marker *marker)
{
    struct source *source = f->source;
    crowd_number(f->tail, f, mark->serial);
    source->origin = mark->origin;
    source->note = mark->note;
    if (strcmp(mark->path, source->path) != 0)
        f->left_hash = hash_bytes(bytes_of(mark->path));
    if (source_kind(source) == SOURCE_ARCHIVE) {
        archive_resume(source, mark->offset, &mark->identity);
        f->over = source->ended = (mark->flags & BOOKMARK_DONE) != 0;
        return;
    }
    source->offset = mark->offset;
    source->marker = *marker;
    source->identity.head = mark->identity.head;
    source->identity.head_len = mark->identity.head_len;
}

/* The file was cut or replaced while nobody looked: begin at 0, whatever the options say; what was unread then is gone. */
static void drop_bookmark(struct tail *tail, struct followed *f, struct bookmark *mark)
{
    struct source *source = f->source;
    log_warning("%s: read from its beginning: its bookmark at %" PRIu64
                " does not fit its content",
                source->path, mark->offset);
    uint64_t end = copy_follow(f, mark);
    if (mark->size > end && !(mark->flags & BOOKMARK_ARCHIVE))
        source_lose(source, mark->size - end,
                    "cut or replaced before it was read to its end, while nobody read it");
    tail->counts.bookmark_invalid++;
    source->hollow = true;
    book_gone(&tail->book, mark);
}

/*
 * A power cut may take bytes that were read: the file is shorter than the bookmark says, what is left of it is as it was, and the
 * machine was started since. Then nothing is read again: it goes on at its new end.
 */
static bool has_regressed(const struct tail *tail, const struct source *source,
                          const struct bookmark *mark)
{
    const struct identity *known = &mark->identity, *id = &source->identity;
    uint64_t head;
    if ((mark->flags & BOOKMARK_ARCHIVE) || source->seen >= mark->offset || mark->boot == 0 ||
        tail->boot == 0 || mark->boot == tail->boot)
        return false;
    if (source->seen < known->head_len) // too short to be told by its content
        return id->generation != 0 && id->generation == known->generation;
    return known->head_len > 0 && identity_head(source->fd, known->head_len, &head) == 0 &&
           head == known->head;
}

static bool take_regressed(struct tail *tail, struct followed *f, struct bookmark *mark)
{
    struct source *source = f->source;
    if (!has_regressed(tail, source, mark) || source_seek(source, source->seen) < 0)
        return false;
    log_warning("%s: log-regressed: it ends at %" PRIu64 " and was read up to %" PRIu64
                " before the machine was started again; it goes on at its end",
                source->path, source->offset, mark->offset);
    source_say(source, mark->size > mark->offset ? mark->size - mark->offset : 0,
               "log-regressed: shorter than it was before the machine was started again");
    crowd_number(tail, f, 0);
    source->origin = mark->serial;
    source->note = mark->note;
    book_gone(&tail->book, mark);
    return true;
}

/* Go on at a bookmark of this inode; one that does not hold any more is said once, and forgotten. */
static bool take_bookmark(struct tail *tail, struct followed *f)
{
    struct source *source = f->source;
    struct marker marker;
    struct bookmark *mark = book_next(&tail->book, source->identity.inode, NULL);
    while (mark) {
        struct bookmark *next = book_next(&tail->book, source->identity.inode, mark);
        bool other = (mark->flags & BOOKMARK_DELETED) ||
                     !identity_alike(&mark->identity, &source->identity);
        if (!other && mark_holds(source, mark, &marker)) {
            resume_take(f, mark, &marker);
            book_remove(&tail->book, mark);
            return true;
        }
        if (!other && take_regressed(tail, f, mark))
            return true;
        if (!other && (mark->flags & BOOKMARK_UNMET) && strcmp(mark->path, source->path) == 0) {
            drop_bookmark(tail, f, mark);
            crowd_number(tail, f, 0);
            return true;
        }
        mark = next;
    }
    return false;
}

size_t resume_dir_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) : 0;
}

static bool same_dir(const char *a, const char *b)
{
    return resume_dir_len(a) == resume_dir_len(b) && memcmp(a, b, resume_dir_len(a)) == 0;
}

struct head {
    char at[IDENTITY_HEAD_BYTES];
    size_t len;
};

static bool packs(const struct source *archive, const struct head *head,
                  const struct bookmark *mark)
{
    const struct identity *id = &mark->identity;
    return !(mark->flags & BOOKMARK_ARCHIVE) && id->head_len > 0 && id->head_len <= head->len &&
           same_dir(mark->path, archive->path) && hash_head(head->at, id->head_len) == id->head;
}

/* Is this the archive of a file that is or was followed? */
static bool find_packed(struct tail *tail, struct source *archive, const struct head *head,
                        struct bookmark *ret)
{
    struct followed *f;
    struct bookmark *mark, now;
    TAILQ_FOREACH(f, &tail->all, all)
    {
        if (source_kind(f->source) != SOURCE_FILE || f->source->offset == 0)
            continue;
        resume_mark(f, &now);
        if (packs(archive, head, &now)) {
            *ret = now;
            return true;
        }
    }
    TAILQ_FOREACH_REVERSE(mark, &tail->book.ages, bookmark_ages, age)
    if (packs(archive, head, mark)) {
        mark->continued = true;
        *ret = *mark;
        return true;
    }
    return false;
}

static bool known_name(const struct tail *tail, const char *path)
{
    const struct bookmark *mark;
    TAILQ_FOREACH(mark, &tail->book.ages, age)
    if (strcmp(mark->path, path) == 0)
        return true;
    return false;
}

static void skip_to_end(struct followed *f)
{
    if (source_kind(f->source) == SOURCE_ARCHIVE)
        f->over = f->source->ended = true;
    else if (source_seek(f->source, f->source->seen) == 0)
        source_grow_head(f->source);
}

/* Where to begin in a file that has no bookmark of its own. */
static void begin_anew(struct tail *tail, struct followed *f, const struct head *head,
                       enum tail_start start)
{
    struct source *source = f->source;
    struct bookmark packed;
    bool archive = source_kind(source) == SOURCE_ARCHIVE;
    crowd_number(tail, f, 0);
    if (archive && find_packed(tail, source, head, &packed)) {
        archive_resume(source, packed.offset, &packed.identity);
        source->origin = packed.serial;
        source->note = packed.note;
        f->left_hash = hash_bytes(bytes_of(packed.path));
        return;
    }
    bool there = (!tail->begun || tail->adding) && start == TAIL_END;
    if (there && !known_name(tail, source->path))
        skip_to_end(f);
}

void resume_begin(struct tail *tail, struct followed *f, enum tail_start start)
{
    struct source *source = f->source;
    struct head head = {.len = 0};
    if (source_kind(source) == SOURCE_ARCHIVE) {
        head.len = archive_peek(source, head.at);
        source->identity.head = hash_head(head.at, head.len);
        source->identity.head_len = (uint32_t)head.len;
    }
    if (!take_bookmark(tail, f))
        begin_anew(tail, f, &head, start);
}

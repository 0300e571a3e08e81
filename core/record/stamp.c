/* SPDX-License-Identifier: MIT */

#include "record/stamp.h"

#include "base/clock.h"
#include "record/stamp_zone.h"

enum {
    SHORTEST = 13,    /* 081109 203615 */
    LONG_ENOUGH = 24, /* no form asks for more: Sun Dec 04 04:47:44 2005 */
    YEAR_FIRST = 1970,
    YEAR_LAST = 2261,
    DAY_S = 86400,
    BACK_S = 45 * DAY_S, /* how far a stamp without a year may lie before the one before */
    AHEAD_S = 320 * DAY_S,
};

void stamps_init(struct stamps *stamps, const struct zone *zone, int year, int64_t file_time_ns)
{
    int64_t file_s = (file_time_ns == NO_TIME ? clock_wall_ns() : file_time_ns) / NS_PER_S;
    const int64_t most = INT64_MAX / NS_PER_S - DAY_S; // a file's time is anything
    *stamps = (struct stamps){
        .zone = zone,
        .span = zone_span(zone, 0),
        .year = year,
        .file_s = file_s < 0      ? 0
                  : file_s > most ? most
                                  : file_s,
        .anchor = {INT64_MIN, false},
        .seen = {INT64_MIN, false},
    };
}

void stamps_anchor(struct stamps *stamps, int64_t time_ns)
{
    if (stamps->anchor.local_s == INT64_MIN)
        stamps->anchor.local_s = time_ns / NS_PER_S;
}

bool stamp_has_year(enum stamp_form form)
{
    return form != STAMP_BSD && form != STAMP_KLOG && form != STAMP_DOTTED;
}

void stamps_pass(struct stamps *stamps)
{
    stamps->seen = (struct anchor){INT64_MIN, false};
}

/* A memo keeps the year that was inferred from the old anchor; the new anchor's own minute has the same one. */
static void forget_years(struct stamps *stamps)
{
    for (enum stamp_form form = STAMP_NONE; form < STAMP_FORMS; form++)
        if (!stamp_has_year(form) && stamps->memo[form].local_s != stamps->anchor.local_s)
            stamps->memo[form].len = 0;
}

bool stamps_take(struct stamps *stamps)
{
    struct anchor seen = stamps->seen, old = stamps->anchor;
    bool counts = seen.local_s != INT64_MIN && (seen.yearless || !old.yearless);
    if (!counts || (seen.local_s == old.local_s && seen.yearless == old.yearless))
        return false;
    stamps->anchor = seen;
    forget_years(stamps);
    return true;
}

/* The last stamp that was read; one without a year goes before those with one. */
static void see(struct stamps *stamps, enum stamp_form form, int64_t local_s)
{
    bool yearless = !stamp_has_year(form);
    if (form != STAMP_CTIME && (yearless || !stamps->seen.yearless))
        stamps->seen = (struct anchor){local_s, yearless};
}

/* ---- digits and names ---------------------------------------------------- */

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static inline bool is_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

/* Two digits, or something over 99. */
static inline unsigned two(const char *p)
{
    unsigned a = (unsigned char)(p[0] - '0'), b = (unsigned char)(p[1] - '0');
    return a < 10 && b < 10 ? a * 10 + b : 1000;
}

/* Two digits of which the first may be a blank. */
static inline unsigned two_padded(const char *p)
{
    return p[0] == ' ' && is_digit(p[1]) ? (unsigned)(p[1] - '0') : two(p);
}

static inline unsigned four(const char *p)
{
    unsigned high = two(p), low = two(p + 2);
    return high > 99 || low > 99 ? 0 : high * 100 + low;
}

/* 1..12, or 0. */
static int month_named(const char *p)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    char low[3] = {(char)(p[0] | 0x20), (char)(p[1] | 0x20), (char)(p[2] | 0x20)};
    for (int i = 0; i < 12; i++)
        if (memcmp(low, names + 3 * i, 3) == 0)
            return i + 1;
    return 0;
}

static bool is_weekday(const char *p)
{
    static const char names[] = "MonTueWedThuFriSatSun";
    for (int i = 0; i < 7; i++)
        if (memcmp(p, names + 3 * i, 3) == 0)
            return true;
    return false;
}

static bool is_date(int64_t year, int month, int day)
{
    static const signed char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < YEAR_FIRST || year > YEAR_LAST || month < 1 || month > 12 || day < 1 ||
        day > days[month - 1])
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month != 2 || day < 29 || leap;
}

/* ---- the part up to the minute, one function a form ----------------------- */

/* Date and minute as they stand there; year 0: the form has none (or, in ctime's, it comes last). */
struct date {
    int year, month, day;
    int minute;
};

/* `hh:mm`, or `hh.mm`, into minutes of the day. */
static bool read_minute_by(const char *p, char between, struct date *date)
{
    unsigned hour = two(p), minute = two(p + 3);
    if (hour > 23 || minute > 59 || p[2] != between)
        return false;
    date->minute = (int)(hour * 60 + minute);
    return true;
}

static bool read_minute(const char *p, struct date *date)
{
    return read_minute_by(p, ':', date);
}

/* Each gets at least SHORTEST bytes, and returns the length of its part or 0. */
static uint32_t read_iso(const char *p, size_t len, struct date *date)
{
    if (len < 19 || (p[10] != ' ' && p[10] != 'T' && p[10] != 't'))
        return 0;
    *date =
        (struct date){.year = (int)four(p), .month = (int)two(p + 5), .day = (int)two(p + 8)};
    return date->year && read_minute(p + 11, date) ? 16 : 0;
}

static uint32_t read_dashed(const char *p, size_t len, struct date *date)
{
    if (len < 19)
        return 0;
    *date =
        (struct date){.year = (int)four(p), .month = (int)two(p + 5), .day = (int)two(p + 8)};
    return date->year && read_minute_by(p + 11, '.', date) ? 16 : 0;
}

static uint32_t read_short(const char *p, size_t len, struct date *date)
{
    unsigned year = two(p);
    if (len < 17 || p[8] != ' ' || year > 99)
        return 0;
    *date = (struct date){.year = (int)(year < 70 ? 2000 + year : 1900 + year),
                          .month = (int)two(p + 3),
                          .day = (int)two(p + 6)};
    return read_minute(p + 9, date) ? 14 : 0;
}

static uint32_t read_named(const char *p, size_t len, struct date *date)
{
    if (len < 20 || p[6] != p[2] || (p[11] != ':' && p[11] != ' '))
        return 0;
    *date = (struct date){
        .year = (int)four(p + 7), .month = month_named(p + 3), .day = (int)two(p)};
    return date->year && read_minute(p + 12, date) ? 17 : 0;
}

static uint32_t read_ctime(const char *p, size_t len, struct date *date)
{
    if (len < 24 || p[7] != ' ' || p[10] != ' ')
        return 0;
    *date = (struct date){.month = month_named(p + 4), .day = (int)two_padded(p + 8)};
    return read_minute(p + 11, date) ? 16 : 0;
}

static uint32_t read_bsd(const char *p, size_t len, struct date *date)
{
    if (len < 15 || p[6] != ' ')
        return 0;
    *date = (struct date){.month = month_named(p), .day = (int)two_padded(p + 4)};
    return read_minute(p + 7, date) ? 12 : 0;
}

static uint32_t read_klog(const char *p, size_t len, struct date *date)
{
    (void)len;
    *date = (struct date){.month = (int)two(p + 1), .day = (int)two(p + 3)};
    return read_minute(p + 6, date) ? 11 : 0;
}

static uint32_t read_dotted(const char *p, size_t len, struct date *date)
{
    (void)len;
    *date = (struct date){.month = (int)two(p), .day = (int)two(p + 3)};
    return read_minute(p + 6, date) ? 11 : 0;
}

/* yymmdd hhmmss: has no colons, and so the seconds are read here too. */
static uint32_t read_digits(const char *p, size_t len, struct date *date)
{
    unsigned year = two(p), hour = two(p + 7), minute = two(p + 9);
    (void)len;
    if (year > 99 || hour > 23 || minute > 59)
        return 0;
    *date = (struct date){.year = (int)(year < 70 ? 2000 + year : 1900 + year),
                          .month = (int)two(p + 2),
                          .day = (int)two(p + 4),
                          .minute = (int)(hour * 60 + minute)};
    return 11;
}

static uint32_t (*const readers[STAMP_FORMS])(const char *, size_t, struct date *) = {
    [STAMP_ISO] = read_iso,       [STAMP_SHORT] = read_short,   [STAMP_NAMED] = read_named,
    [STAMP_CTIME] = read_ctime,   [STAMP_BSD] = read_bsd,       [STAMP_KLOG] = read_klog,
    [STAMP_DOTTED] = read_dotted, [STAMP_DIGITS] = read_digits, [STAMP_DASHED] = read_dashed,
};

/* ---- telling the form ----------------------------------------------------- */

static size_t digits_of(struct bytes text)
{
    size_t n = 0;
    while (n < text.len && is_digit(text.at[n]))
        n++;
    return n;
}

static enum stamp_form form_of_digit(struct bytes text)
{
    const char *p = text.at;
    if (p[4] == '-' || p[4] == '/')
        return p[7] != p[4] ? STAMP_NONE : p[10] == '-' ? STAMP_DASHED : STAMP_ISO;
    if (p[2] == '/' && p[5] == '/')
        return STAMP_SHORT;
    if (p[2] == '/' || p[2] == '-' || p[2] == ' ')
        return is_letter(p[3]) ? STAMP_NAMED : STAMP_NONE;
    if (p[2] == '.')
        return p[5] == ' ' ? STAMP_DOTTED : STAMP_NONE;
    size_t n = digits_of(text);
    if (n == 6 && p[6] == ' ' && digits_of((struct bytes){p + 7, text.len - 7}) == 6)
        return STAMP_DIGITS;
    return n >= 10 ? STAMP_EPOCH : STAMP_NONE;
}

enum stamp_form stamp_form(struct bytes text)
{
    const char *p = text.at;
    if (text.len >= 10 && text.len < SHORTEST && digits_of(text) >= 10)
        return STAMP_EPOCH;
    if (text.len < SHORTEST)
        return STAMP_NONE;
    if (is_digit(p[0]))
        return form_of_digit(text);
    if (!is_letter(p[0]))
        return STAMP_NONE;
    if (p[3] == ' ')
        return is_weekday(p) ? STAMP_CTIME : month_named(p) ? STAMP_BSD : STAMP_NONE;
    bool klog = p[5] == ' ' && (p[0] == 'I' || p[0] == 'W' || p[0] == 'E' || p[0] == 'F') &&
                two(p + 1) < 100;
    return klog && text.len >= 15 ? STAMP_KLOG : STAMP_NONE;
}

/* ---- years ---------------------------------------------------------------- */

static int64_t local_of(const struct date *date, int64_t year)
{
    return clock_days(year, date->month, date->day) * DAY_S + date->minute * INT64_C(60);
}

/* The first stamp that has no year: not more than a day behind the file's time. */
static int first_year(const struct stamps *stamps, const struct date *date)
{
    if (stamps->year)
        return stamps->year;
    int64_t limit = stamps->file_s + DAY_S;
    int64_t year = clock_civil(limit * NS_PER_S).year;
    for (int back = 0; back <= 8; back++) // 29 February comes every four years, once in eight
        if (is_date(year - back, date->month, date->day) &&
            local_of(date, year - back) <= limit)
            return (int)(year - back);
    return 0;
}

static int infer_year(const struct stamps *stamps, const struct date *date)
{
    if (stamps->anchor.local_s == INT64_MIN || (!stamps->anchor.yearless && stamps->year))
        return first_year(stamps, date);
    int64_t year = clock_civil(stamps->anchor.local_s * NS_PER_S).year;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t ahead = is_date(y, date->month, date->day)
                            ? local_of(date, y) - stamps->anchor.local_s
                            : INT64_MAX;
        if (ahead >= -BACK_S && ahead < AHEAD_S)
            return (int)y;
    }
    return 0;
}

/* ---- from the minute on ---------------------------------------------------- */

struct cursor {
    const char *p, *end;
};

/* `.123456789` or `,123`; more digits than nine are read over. */
static int64_t read_fraction(struct cursor *c)
{
    int64_t ns = 0, unit = NS_PER_S / 10;
    if (c->end - c->p < 2 || (*c->p != '.' && *c->p != ',') || !is_digit(c->p[1]))
        return 0;
    for (c->p++; c->p < c->end && is_digit(*c->p); c->p++, unit /= 10)
        ns += (*c->p - '0') * unit;
    return ns;
}

/* ctime's year, behind the seconds and perhaps a zone. */
static bool read_late_year(struct stamp_memo *memo, struct cursor *c)
{
    if (c->end - c->p < 5 || *c->p != ' ')
        return false;
    int year = (int)four(c->p + 1);
    c->p += 5;
    if (year && year == memo->year)
        return true;
    if (!is_date(year, memo->month, memo->day))
        return false;
    memo->year = year;
    memo->local_s =
        clock_days(year, memo->month, memo->day) * DAY_S + memo->minute * INT64_C(60);
    return true;
}

static int32_t offset_at(struct stamps *stamps, int64_t local_s)
{
    if (local_s < stamps->span.from || local_s >= stamps->span.until)
        stamps->span = zone_span(stamps->zone, local_s);
    return stamps->span.offset;
}

static size_t read_rest(struct stamps *stamps, enum stamp_form form, struct bytes text,
                        int64_t *ret_ns)
{
    struct stamp_memo *memo = &stamps->memo[form];
    struct cursor c = {text.at + memo->len, text.at + text.len};
    char between = form == STAMP_DASHED ? '.' : ':';
    bool apart = form != STAMP_DIGITS;
    if (c.end - c.p < 2 + apart || (apart && *c.p != between))
        return 0;
    unsigned second = two(c.p + apart);
    if (second > 60) // 60: a leap second
        return 0;
    c.p += 2 + apart;
    if (c.p < c.end && (is_digit(*c.p) || *c.p == ':'))
        return 0;
    int64_t ns = read_fraction(&c);
    int32_t offset = 0;
    size_t zoned = stamp_zone((struct bytes){c.p, (size_t)(c.end - c.p)}, &offset);
    c.p += zoned;
    if (form == STAMP_CTIME && !read_late_year(memo, &c))
        return 0;
    int64_t local = memo->local_s + second;
    if (!zoned)
        offset = offset_at(stamps, local);
    *ret_ns = (local - offset) * NS_PER_S + ns;
    see(stamps, form, memo->local_s);
    return (size_t)(c.p - text.at);
}

/* ---- the epoch ------------------------------------------------------------- */

static size_t read_epoch(struct bytes text, int64_t *ret_ns)
{
    size_t n = digits_of(text);
    int64_t value = 0, unit = n == 10   ? NS_PER_S
                              : n == 13 ? NS_PER_MS
                              : n == 16 ? 1000
                              : n == 19 ? 1
                                        : 0;
    if (!unit || text.at[0] == '0')
        return 0;
    for (size_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text.at[i] - '0', &value))
            return 0;
    struct cursor c = {text.at + n, text.at + text.len};
    int64_t fraction = read_fraction(&c);
    if (value >= INT64_C(4102444800) * (NS_PER_S / unit)) // 2100: a long number, not a time
        return 0;
    if (c.p < c.end && (is_letter(*c.p) || *c.p == '-' || *c.p == '_'))
        return 0;
    *ret_ns = value * unit + (unit == NS_PER_S ? fraction : 0);
    return (size_t)(c.p - text.at);
}

/* ---- reading --------------------------------------------------------------- */

/* Fill the memo of `form` from the bytes up to the minute. */
static bool learn_minute(struct stamps *stamps, enum stamp_form form, struct bytes text)
{
    struct stamp_memo *memo = &stamps->memo[form];
    struct date date;
    uint32_t len = readers[form](text.at, text.len, &date);
    memo->len = 0;
    if (!len)
        return false;
    bool late = form == STAMP_CTIME, bare = !date.year && !late;
    int year = bare ? infer_year(stamps, &date) : date.year;
    if (!is_date(late ? 2000 : year, date.month,
                 date.day)) // any leap year: the real one is checked when it comes
        return false;
    *memo = (struct stamp_memo){
        .len = len, .year = year, .month = date.month, .day = date.day, .minute = date.minute};
    memcpy(memo->text, text.at, len);
    if (late)
        return true;
    memo->local_s = local_of(&date, year);
    return true;
}

/* Does `text` begin with the bytes of the memo? There are 8 to 20, so words will do, which may overlap. */
static inline bool is_known(const struct stamp_memo *memo, struct bytes text)
{
    uint64_t a[3], b[3];
    if (!memo->len || text.len < memo->len)
        return false;
    size_t last = memo->len - sizeof(a[0]), middle = last < sizeof(a[0]) ? last : sizeof(a[0]);
    const size_t at[] = {0, middle, last};
    for (int i = 0; i < 3; i++) {
        memcpy(&a[i], memo->text + at[i], sizeof(a[0]));
        memcpy(&b[i], text.at + at[i], sizeof(b[0]));
    }
    return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]));
}

size_t stamp_read(struct stamps *stamps, struct bytes text, int64_t *ret_ns)
{
    // What tells the form lies within the bytes of its memo, but for the length of a text that is too short for it.
    if (text.len >= LONG_ENOUGH && is_known(&stamps->memo[stamps->form], text))
        return read_rest(stamps, stamps->form, text, ret_ns);
    enum stamp_form form = stamp_form(text);
    if (form == STAMP_NONE)
        return 0;
    stamps->form = form;
    if (form == STAMP_EPOCH)
        return read_epoch(text, ret_ns);
    if (!is_known(&stamps->memo[form], text) && !learn_minute(stamps, form, text))
        return 0;
    return read_rest(stamps, form, text, ret_ns);
}

size_t stamp_clock(struct bytes text)
{
    struct date date;
    if (text.len < 8 || !read_minute(text.at, &date) || text.at[5] != ':' ||
        two(text.at + 6) > 60)
        return 0;
    struct cursor c = {text.at + 8, text.at + text.len};
    read_fraction(&c);
    return (size_t)(c.p - text.at);
}

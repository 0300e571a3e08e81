/* SPDX-License-Identifier: MIT */
/*
 * base.h - a good plugin with one thing wrong: each file beside it defines that one thing and includes this.
 */
#include <oddline/detector.h>

static oddline_status base_open(const oddline_host *host, const oddline_value *values,
                                void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    (void)host, (void)values, (void)error;
    *ret_instance = NULL;
    return ODDLINE_OK;
}

static oddline_status base_score(void *instance, const oddline_window *window)
{
    (void)instance, (void)window;
    return ODDLINE_OK;
}

static void base_close(void *instance)
{
    (void)instance;
}

static oddline_status base_save(void *instance, oddline_bytes *ret_state)
{
    (void)instance;
    *ret_state = (oddline_bytes){.data = NULL, .len = 0};
    return ODDLINE_OK;
}

#ifndef PARAM
#define PARAM                                                                                  \
    {                                                                                          \
        .name = "limit", .unit = "", .help = "A limit.", .type = ODDLINE_F64,                  \
        .fallback.f64 = 1, .max.f64 = 2                                                        \
    }
#endif
#ifndef ABI
#define ABI ODDLINE_ABI
#endif
#ifndef SIZE
#define SIZE sizeof(struct oddline_plugin)
#endif
#ifndef NEEDS
#define NEEDS 0
#endif
#ifndef ID
#define ID "bad"
#endif
#ifndef PARAM_COUNT
#define PARAM_COUNT sizeof(base_params) / sizeof(*base_params)
#endif
#ifndef OPEN
#define OPEN base_open
#endif
#ifndef SCORE
#define SCORE base_score
#endif
#ifndef CLOSE
#define CLOSE base_close
#endif
#ifndef SAVE
#define SAVE NULL
#endif
#ifndef SYMBOL
#define SYMBOL oddline_plugin
#endif

static const oddline_param base_params[] = {PARAM};

/* Never called with this: names the functions that a wrong label leaves out. */
const void *const base_used[] = {
    (const void *)(uintptr_t)base_open, (const void *)(uintptr_t)base_score,
    (const void *)(uintptr_t)base_close, (const void *)(uintptr_t)base_save};

ODDLINE_EXPORT const struct oddline_plugin SYMBOL = {
    .size = SIZE,
    .abi = ABI,
    .needs = NEEDS,
    .id = ID,
    .version = "1.0.0",
    .summary = "wrong in one way",
    .params = base_params,
    .param_count = PARAM_COUNT,
    .open = OPEN,
    .score = SCORE,
    .save = SAVE,
    .close = CLOSE,
};

/* SPDX-License-Identifier: MIT */
/* Templates become part of records: what each line says, behind the columns of its source, is looked up or learnt. */

#include "record/miner.h"
#include "record/parse.h"

static struct bytes message_of(const struct batch_writer *writer,
                               const struct oddline_record *r)
{
    if (r->message_len)
        return (struct bytes){writer->text + r->message, r->message_len};
    return (struct bytes){writer->text + r->text, r->text_len};
}

void recorder_look(struct recorder *recorder, struct miner *miner,
                   const struct batch_writer *writer)
{
    struct columns *columns = &recorder->columns;
    if (columns->known || !writer->record_count)
        return;
    for (uint32_t i = 0; i < writer->record_count && !columns->known; i++) {
        const struct oddline_record *r = &writer->records[i];
        columns_see(columns, message_of(writer, r), r->lines, r->text_len);
    }
    columns_learn(columns);
    miner->usual = *columns_lead(columns, &miner->usual);
}

struct bytes recorder_sentence(const struct recorder *recorder, const struct miner *miner,
                               const struct batch_writer *writer,
                               const struct oddline_record *record)
{
    return lead_skip(columns_lead(&recorder->columns, &miner->usual),
                     message_of(writer, record));
}

void recorder_assign(struct recorder *recorder, struct miner *miner,
                     struct batch_writer *writer)
{
    recorder_look(recorder, miner, writer);
    for (uint32_t i = 0; i < writer->record_count; i++) {
        struct oddline_record *record = &writer->records[i];
        bool settled = miner->health.settled;
        struct template_view view =
            template_assign(miner, recorder_sentence(recorder, miner, writer, record));
        record->template_id = view.id;
        record->flags |= (uint8_t)((settled ? 0 : ODDLINE_RECORD_LEARNING) |
                                   (view.fresh ? ODDLINE_RECORD_NEW : 0));
    }
}

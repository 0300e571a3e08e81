/* SPDX-License-Identifier: MIT */
/*
 * message.h - what a worker's messages say, believed only as far as it can be checked.
 */
#ifndef HOST_MESSAGE_H
#define HOST_MESSAGE_H

#include "host/minder.h"

/*
 * Any message but scores: opened, failed, a part of a state, all of it saved. 0, or -EBADMSG. What a worker can say between two
 * saved positions is bounded: the parts of each seat's state once, in the order of the seats, and a position is saved once, behind a frame.
 */
int message_take(struct minder *minder);

/*
 * Scores: 1 when they answer (position, nth), and are in their seats now; 0 when they answer an earlier window, which a worker
 * that took over goes through again; -EBADMSG when they cannot be: each window is answered once, in order, for all seats of
 * `stream`. Nothing of a message that is refused stays in the seats.
 */
int message_scores(struct minder *minder, uint64_t position, uint64_t nth, uint32_t stream);

/*
 * Are they scores of a frame that the judge is past? A worker that took over goes through those again, and nobody asks for them.
 *   Returns  1 they were, and are done with; 0 they are for later; -EBADMSG as above
 */
int message_old_scores(struct minder *minder);

#endif /* HOST_MESSAGE_H */

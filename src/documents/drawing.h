/*
 * Where papers are drawn: on one thread of the process, which lets everybody else go first.
 *
 * A paper takes as long as dozens of other answers. Drawn at an ordinary priority it would keep a processor from nginx,
 * the database and the other workers for as long; the one who waits for it hardly notices what they take from it.
 * Always the same thread, because Pango keeps the fonts it has opened a thread.
 */
#ifndef DOCUMENTS_DRAWING_H
#define DOCUMENTS_DRAWING_H

/*
 * Calls draw(arg) on that thread and returns when it has returned; on the caller's when there can be no other, which is
 * logged. The thread begins with the first paper and is not inherited by a fork; it gets no signals. Not to be called
 * by two threads at once, nor by draw.
 */
void drawing_do(void (*draw)(void *arg), void *arg);

/* Ends the thread, if there is one. */
void drawing_end(void);

#endif

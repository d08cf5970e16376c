/*
 * Named points at which a test may end the process as a power cut would.
 *
 * FAULT("sender.claimed") does nothing in a normal build. Built with --enable-fault-points, the environment variable
 * BAILLEUR_FAULT="sender.claimed" (or "sender.claimed:3", at the third passage) makes the process SIGKILL itself there;
 * BAILLEUR_FAULT_ONCE=FILE does so only if FILE can be created exclusively, so that the next process passes.
 * BAILLEUR_FAULT_VICTIM=PID kills that process (the database, say) instead, and this one goes on without it.
 * BAILLEUR_FAULT_HOLD=FILE kills nobody: it makes the file, and this thread goes on once that is gone, or after 20
 * seconds.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifdef FAULT_POINTS
void fault_point(const char *name);
#define FAULT(name) fault_point(name)
#else
#define FAULT(name) ((void)0)
#endif

#endif

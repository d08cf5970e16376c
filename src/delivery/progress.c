/*
 * Progress of a run of the sender.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "delivery/progress.h"

enum { SHOW_EVERY = 500 * 1000, LOOK_EVERY = 5 * 1000 * 1000 };

void progress_begin(struct progress *progress, bool shown)
{
	*progress = (struct progress){.shown = shown, .began = clock_mono_us()};
	progress->shown_at = progress->began;
}

void progress_count(struct progress *progress, enum delivery_channel channel, enum delivery_state state)
{
	progress->counts[channel][state]++;
	progress->done++;
	if (progress->left > 0)
		progress->left--;
}

bool progress_wants_count(const struct progress *progress, int64_t now)
{
	return progress->shown && (progress->looked_at == 0 || now - progress->looked_at >= LOOK_EVERY);
}

void progress_counted(struct progress *progress, uint64_t due)
{
	progress->left = due;
	progress->looked_at = clock_mono_us();
}

static void log_end(const struct progress *progress, enum delivery_channel channel, const char *name)
{
	const uint64_t *counts = progress->counts[channel];
	uint64_t all = 0;

	for (unsigned i = 0; i < DELIVERY_STATES; i++)
		all += counts[i];
	if (all > 0)
		log_event(LOG_LEVEL_INFO, "sent", "channel", name, "sent", log_num((int64_t)counts[DELIVERY_SENT]),
		          "retried", log_num((int64_t)counts[DELIVERY_QUEUED]),
		          "failed", log_num((int64_t)counts[DELIVERY_FAILED]),
		          "expired", log_num((int64_t)counts[DELIVERY_EXPIRED]),
		          "suppressed", log_num((int64_t)counts[DELIVERY_SUPPRESSED]),
		          "unknown", log_num((int64_t)counts[DELIVERY_UNKNOWN]), NULL);
}

void progress_show(struct progress *progress, bool end)
{
	int64_t now = clock_mono_us(), since = end ? progress->began : progress->shown_at;
	uint64_t done = end ? progress->done : progress->done - progress->done_then;

	if (end) {
		log_end(progress, DELIVERY_MAIL, "mail");
		log_end(progress, DELIVERY_SMS, "sms");
	}
	if (!progress->shown || (!end && now - progress->shown_at < SHOW_EVERY))
		return;
	fprintf(stderr, "\r%llu done, %.0f/s, %llu left \033[K%s", (unsigned long long)progress->done,
	        now > since ? (double)done * 1e6 / (double)(now - since) : 0.0,
	        end ? 0ull : (unsigned long long)progress->left, end ? "\n" : "");
	progress->shown_at = now;
	progress->done_then = progress->done;
}

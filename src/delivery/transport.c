/*
 * What the transports share: lists of jobs and how a job ends.
 */
#include <string.h>

#include "delivery/transport.h"

void job_list_init(struct job_list *list)
{
	*list = (struct job_list){.last = &list->first};
}

void job_list_add(struct job_list *list, struct job *job)
{
	job->next = NULL;
	*list->last = job;
	list->last = &job->next;
	list->n++;
}

struct job *job_list_take(struct job_list *list)
{
	struct job *job = list->first;

	if (job == NULL)
		return NULL;
	list->first = job->next;
	if (list->first == NULL)
		list->last = &list->first;
	list->n--;
	job->next = NULL;
	return job;
}

void job_list_move(struct job_list *to, struct job_list *from)
{
	if (from->first == NULL)
		return;
	*to->last = from->first;
	to->last = from->last;
	to->n += from->n;
	job_list_init(from);
}

void transport_init(struct transport *transport)
{
	job_list_init(&transport->ready);
	job_list_init(&transport->done);
	job_list_init(&transport->again);
}

/* What the other side said may be anything; what is stored and shown is printable and short. */
static const char *printable(struct pool *pool, const char *s)
{
	size_t len = strlen(s);
	char *copy = pool_strndup(pool, s, len < JOB_ERROR_MAX ? len : JOB_ERROR_MAX);

	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	return copy;
}

void transport_done(struct transport *transport, struct job *job, enum delivery_state state, const char *error)
{
	job->outcome.id = job->delivery->id;
	job->outcome.state = state;
	job->outcome.error = error != NULL ? printable(job->pool, error) : NULL;
	job_list_add(&transport->done, job);
}

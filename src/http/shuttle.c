/*
 * Two loads that take turns: one gathers while the other is at the desk.
 */
#include "http/shuttle.h"

int shuttle_open(struct shuttle *shuttle, const struct together *together, struct app *app)
{
	*shuttle = (struct shuttle){.together = together, .here = &shuttle->loads[0]};
	if (together == NULL)
		return 0;
	shuttle->desk = desk_open();
	if (shuttle->desk == NULL)
		return -1;
	for (int i = 0; i < 2; i++)
		shuttle->loads[i].group = together->open(app);
	return 0;
}

void shuttle_close(struct shuttle *shuttle)
{
	if (shuttle->together == NULL)
		return;
	desk_close(shuttle->desk);
	for (int i = 0; i < 2; i++)
		shuttle->together->close(shuttle->loads[i].group);
}

bool shuttle_board(struct shuttle *shuttle, const struct ticket *ticket)
{
	struct load *load = shuttle->here;

	if (shuttle->together == NULL || load->n == AT_ONCE_MOST ||
	    !shuttle->together->add(load->group, ticket->request))
		return false;
	load->tickets[load->n++] = *ticket;
	return true;
}

void shuttle_depart(struct shuttle *shuttle)
{
	struct load *load = shuttle->here;

	if (shuttle->away != NULL || load->n == 0)
		return;
	shuttle->away = load;
	shuttle->here = &shuttle->loads[load == &shuttle->loads[0]];
	desk_give(shuttle->desk, shuttle->together->work, load->group);
}

struct load *shuttle_arrive(struct shuttle *shuttle, bool wait)
{
	struct load *load = shuttle->away;

	if (load == NULL)
		return NULL;
	if (wait)
		desk_wait(shuttle->desk);
	else if (!desk_take(shuttle->desk))
		return NULL;
	shuttle->away = NULL;
	return load;
}

void shuttle_answer(const struct shuttle *shuttle, struct load *load)
{
	shuttle->together->answer(load->group);
}

void shuttle_unload(struct load *load)
{
	load->n = 0;
}

int64_t shuttle_since(const struct shuttle *shuttle)
{
	const struct load *oldest = shuttle->away != NULL ? shuttle->away : shuttle->here;

	return oldest->n > 0 ? oldest->tickets[0].since : 0;
}

int shuttle_fd(const struct shuttle *shuttle)
{
	return shuttle->desk != NULL ? desk_fd(shuttle->desk) : -1;
}

/*
 * Appointments: what is taken can be stored and told, and told to us it is taken again and is the same. Read as a
 * change of one that was taken, it leaves one that may be.
 */
#include <string.h>

#include "fuzz.h"
#include "http/parse.h"
#include "rendezvous/appointment_form.h"
#include "rendezvous/appointment_in.h"

/* What the database holds appointments to, and jour_paris_iso() what it can write. */
static void check(const struct appointment *a)
{
	MUST(a->start_at > 0 && a->end_at > a->start_at && a->end_at < INT64_C(253402297200000));
	MUST(a->start_at % 1000 == 0 && (a->end_at - a->start_at) % 60000 == 0);
	MUST(a->end_at - a->start_at <= INT64_C(31) * 86400000);
	MUST(a->location == NULL || (*a->location != '\0' && strpbrk(a->location, "\r\n") == NULL));
	MUST(a->first_name == NULL || (*a->first_name != '\0' && strpbrk(a->first_name, "\r\n") == NULL));
	MUST(a->last_name == NULL || (*a->last_name != '\0' && strpbrk(a->last_name, "\r\n") == NULL));
	MUST(a->email != NULL || a->phone != NULL);
	MUST(a->email == NULL || strpbrk(a->email, "\r\n ") == NULL);
	MUST(strcmp(a->reminder_channel, "disabled") == 0 || a->reminder_delay > 0);
	MUST(*a->variables == '[');
}

/* Reads the bytes over `a`. Returns whether they were taken. */
static bool read_over(struct pool *pool, const char *bytes, size_t len, bool change, struct appointment *a)
{
	struct request request = {.pool = pool, .method = HTTP_POST};
	const char *error;

	parse_json(&request, bytes, len);
	if (request.fault != HTTP_FAULT_NONE || request.is_batch)
		return false;
	error = appointment_in_read(pool, &request.params, change, a);
	MUST(error == NULL || strncmp(error, "invalid ", 8) == 0);
	return error == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_create();
	struct appointment first, again;
	const char *told;

	appointment_in_defaults(&first);
	appointment_in_defaults(&again);
	if (read_over(pool, (const char *)data, size, false, &first)) {
		check(&first);
		told = appointment_body(pool, &first);
		MUST(read_over(pool, told, strlen(told), false, &again));
		MUST(strcmp(appointment_body(pool, &again), told) == 0);
	} else {
		first = (struct appointment){.status = "preset", .channel = "email", .reminder_channel = "disabled",
		                             .variables = "[]", .start_at = INT64_C(4085546400000),
		                             .end_at = INT64_C(4085549100000), .email = "a@mail.com"};
	}
	if (read_over(pool, (const char *)data, size, true, &first))
		check(&first);
	pool_free(pool);
	return 0;
}

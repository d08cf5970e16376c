/*
 * The list of everything that a landlord has.
 *
 * It is read far more often than anything else, and operations are written far more often than the rest. So all but the
 * counts of unpaid operations is kept by the version of the rest, with a mark where each count goes: after a write of
 * an operation only those are counted anew.
 */
#include <string.h>

#include "access/answer_cache.h"
#include "gestion/reading.h"
#include "store/operation.h"

/* In JSON there is no NUL: one, and the immeuble's id, stand for its count. */
enum { MARK = 1 + OID_SIZE };

static void mark_count(struct json_out *json, const struct oid *immeuble)
{
	char mark[MARK] = {'\0'};

	memcpy(mark + 1, immeuble->bytes, OID_SIZE);
	json_raw(json, mark, sizeof mark);
}

/* The rows of one landlord that the list of immeubles is made of. Those of an immeuble stand together. */
struct holdings {
	struct immeuble *immeubles;
	struct emprunt *emprunts;
	struct bien *biens;
	struct locataire_present *locataires;
	size_t n_immeubles, n_emprunts, n_biens, n_locataires;
};

static enum db_status load_holdings(struct reading *r, struct holdings *p)
{
	enum db_status status;

	if ((status = immeubles_of_user(r->db, r->pool, r->user, &p->immeubles, &p->n_immeubles)) != DB_OK ||
	    (status = emprunts_of_user(r->db, r->pool, r->user, &p->emprunts, &p->n_emprunts)) != DB_OK ||
	    (status = biens_of_user(r->db, r->pool, r->user, &p->biens, &p->n_biens)) != DB_OK)
		return status;
	return locataires_present(r->db, r->pool, r->user, r->today, &p->locataires, &p->n_locataires);
}

static void write_present(const struct reading *r, const struct holdings *p, const struct bien *bien)
{
	bool any = false;

	for (size_t i = 0; i < p->n_locataires; i++) {
		const struct locataire_present *l = &p->locataires[i];

		if (!oid_same(&l->bien_id, &bien->id))
			continue;
		if (!any) {
			json_key(r->form.json, "locataires");
			json_array(r->form.json);
			any = true;
		}
		form_locataire_short(&r->form, &l->id, l->nom, l->prenom);
	}
	if (any)
		json_array_end(r->form.json);
}

static void write_biens(const struct reading *r, const struct holdings *p, const struct immeuble *immeuble)
{
	json_key(r->form.json, "biens");
	json_array(r->form.json);
	for (size_t i = 0; i < p->n_biens; i++) {
		if (!oid_same(&p->biens[i].immeuble_id, &immeuble->id))
			continue;
		form_bien_begin(&r->form, &p->biens[i]);
		write_present(r, p, &p->biens[i]);
		form_bien_end(&r->form, &p->biens[i]);
	}
	json_array_end(r->form.json);
}

static void write_immeuble(const struct reading *r, const struct holdings *p, const struct immeuble *immeuble)
{
	size_t first = 0, n = 0;

	while (first < p->n_emprunts && !oid_same(&p->emprunts[first].immeuble_id, &immeuble->id))
		first++;
	while (first + n < p->n_emprunts && oid_same(&p->emprunts[first + n].immeuble_id, &immeuble->id))
		n++;
	form_immeuble_begin(&r->form, immeuble, true);
	form_immeuble_loans(&r->form, immeuble, p->emprunts + first, n);
	write_biens(r, p, immeuble);
	json_key(r->form.json, "countOperationsUnpaid");
	mark_count(r->form.json, &immeuble->id);
	json_object_end(r->form.json);
}

static enum db_status build_frame(struct reading *r, struct text *frame)
{
	struct holdings holdings = {0};
	struct json_out json, *answer = r->form.json;
	enum db_status status = load_holdings(r, &holdings);

	if (status != DB_OK)
		return status;
	json_out_init(&json, frame);
	r->form.json = &json;
	json_object(&json);
	json_ku64(&json, "count", holdings.n_immeubles);
	json_key(&json, "immeubles");
	json_array(&json);
	for (size_t i = 0; i < holdings.n_immeubles; i++)
		write_immeuble(r, &holdings, &holdings.immeubles[i]);
	json_array_end(&json);
	json_object_end(&json);
	r->form.json = answer;
	return DB_OK;
}

/* A newer one than the reading is of does not do: the server that the counts are read from may be behind it. */
static bool find_frame(struct reading *r)
{
	uint64_t version = r->version.patrimoine;

	text_clear(&r->frame);          /* of an attempt before */
	if (answer_cache_get(r->answers, r->user, &version, r->today, FRAME, &r->frame) && version == r->version.patrimoine)
		return true;
	text_clear(&r->frame);
	return false;
}

static uint64_t count_of(const struct unpaid *counts, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(counts[i].immeuble_id.bytes, id, OID_SIZE) == 0)
			return counts[i].n;
	return 0;
}

static void fill_counts(struct text *to, const struct text *frame, const struct unpaid *counts, size_t n)
{
	const char *at = frame->data, *end = frame->data + frame->len, *mark;

	text_reserve(to, frame->len);
	while ((mark = memchr(at, '\0', (size_t)(end - at))) != NULL) {
		text_add(to, at, (size_t)(mark - at));
		text_u64(to, count_of(counts, n, mark + 1));
		at = mark + MARK;
	}
	text_add(to, at, (size_t)(end - at));
}

/*
 * The counts come with the version they are of: when the rest is of that version too, the answer is of this moment. If
 * it is not, it is for the caller to begin again.
 */
static enum db_status fill_frame(struct reading *r)
{
	struct text filled = {0};
	struct version version;
	struct unpaid *counts;
	size_t n;
	enum db_status status = operations_unpaid(r->db, r->pool, r->user, &version, &counts, &n);

	if (status != DB_OK)
		return status == DB_NONE ? DB_BUG : status;     /* the account went while the request was on its way */
	r->counted = 0;
	for (size_t i = 0; i < n; i++)
		r->counted += counts[i].n;
	fill_counts(&filled, &r->frame, counts, n);
	json_members(r->form.json, filled.data);
	text_free(&filled);
	r->is_whole = version.patrimoine == r->version.patrimoine;
	if (r->is_whole)
		r->version = version;
	return DB_OK;
}

static enum db_status build_immeubles(struct reading *r)
{
	enum db_status status;

	r->frame_is_new = !find_frame(r);
	status = r->frame_is_new ? build_frame(r, &r->frame) : DB_OK;
	return status == DB_OK ? fill_frame(r) : status;
}

static enum db_status renew_immeubles(struct reading *r)
{
	return find_frame(r) ? fill_frame(r) : DB_NONE;
}

void read_immeubles(struct app *app, struct request *request)
{
	struct reading reading = {0};

	read_any(app, request, &reading, build_immeubles, NULL);
}

enum db_status read_immeubles_renewed(struct app *app, struct request *request, uint64_t user, struct version version,
                                      uint64_t *counted_r)
{
	struct reading reading = {.user = user, .version = version};
	enum db_status status = read_renewed(app, request, &reading, renew_immeubles);

	*counted_r = reading.counted;
	return status;
}

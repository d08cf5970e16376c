/*
 * bailleurctl portfolio: one landlord's whole portfolio from JSON, and back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "gestion/portfolio.h"

/* More than any landlord has; what is longer is a mistake. */
enum { DOCUMENT_MAX = 256 * 1024 * 1024 };

static int read_all(FILE *from, const char *name, struct text *document)
{
	char block[64 * 1024];
	size_t n;

	while ((n = fread(block, 1, sizeof block, from)) > 0) {
		if (document->len + n > DOCUMENT_MAX)
			return ctl_fail("%s: longer than %d bytes", name, DOCUMENT_MAX);
		text_add(document, block, n);
	}
	if (ferror(from))
		return ctl_fail("%s: %s", name, strerror(errno));
	return CTL_OK;
}

static int read_document(const char *name, struct text *document)
{
	FILE *from;
	int exit_status;

	if (strcmp(name, "-") == 0)
		return read_all(stdin, "standard input", document);
	from = fopen(name, "re");
	if (from == NULL)
		return ctl_fail("%s: %s", name, strerror(errno));
	exit_status = read_all(from, name, document);
	fclose(from);
	return exit_status;
}

static void show_imported(struct ctl *ctl, const struct portfolio *p)
{
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_ku64(&ctl->json, "userid", p->user.id);
		json_kstr(&ctl->json, "username", p->user.username);
		json_ku64(&ctl->json, "immeubles", p->n_immeubles);
		json_ku64(&ctl->json, "biens", p->n_biens);
		json_ku64(&ctl->json, "locataires", p->n_locataires);
		json_ku64(&ctl->json, "operations", p->n_operations);
		json_object_end(&ctl->json);
		return;
	}
	ctl_put_safe(&ctl->out, p->user.username);
	text_printf(&ctl->out, " (%" PRIu64 ") is imported: %zu immeubles, %zu biens, %zu locataires, %zu operations\n",
	            p->user.id, p->n_immeubles, p->n_biens, p->n_locataires, p->n_operations);
}

static int store_portfolio(struct ctl *ctl, struct portfolio *portfolio)
{
	const char *where = "";
	enum db_status status = portfolio_store(ctl->db, ctl->pool, portfolio, &where);

	switch (status) {
	case DB_OK:
		show_imported(ctl, portfolio);
		return CTL_OK;
	case DB_DUPLICATE:
		return ctl_fail("%s: its identifier, name or address is there already; nothing was imported", where);
	case DB_NONE:
	case DB_REFUSED:
		return ctl_fail("%s: refers to what is not there, or breaks a rule (%s); nothing was imported", where,
		                db_error(ctl->db));
	default:
		return ctl_db_failed(ctl, status, "import the portfolio");
	}
}

int ctl_portfolio_import(struct ctl *ctl)
{
	struct text document = {0};
	struct portfolio portfolio;
	int exit_status = read_document(ctl->args[0], &document);

	if (exit_status == CTL_OK &&
	    portfolio_read(ctl->pool, document.data != NULL ? document.data : "", document.len, &portfolio,
	                   stderr) != 0)
		exit_status = ctl_fail("%s: nothing was imported", ctl->args[0]);
	if (exit_status == CTL_OK)
		exit_status = store_portfolio(ctl, &portfolio);
	text_free(&document);
	return exit_status;
}

int ctl_portfolio_export(struct ctl *ctl)
{
	struct user user = {0};
	struct portfolio portfolio;
	enum db_status status;

	if (ctl_find_user(ctl, ctl->args[0], &user) != CTL_OK)
		return CTL_FAILED;
	status = portfolio_load(ctl->db, ctl->pool, user.id, &portfolio);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "export the portfolio");
	portfolio_write(&ctl->json, ctl->pool, &portfolio);
	if (!ctl->want_json)
		text_putc(&ctl->out, '\n');
	return CTL_OK;
}

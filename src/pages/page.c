/*
 * The template of the pages, and the headers that go with it: no script, no frame, no cache, no referrer (the address
 * of the page is itself a secret), style only where it carries this answer's nonce.
 */
#include "pages/page.h"

#include <assert.h>
#include <string.h>

#include "base/secret.h"

enum { MAX_VALUES = 12 };

static struct template *page_template;

int page_load(const char *directory)
{
	struct template *fresh = template_load(directory, "page.html");
	if (fresh == NULL)
		return -1;
	template_free(page_template);
	page_template = fresh;
	return 0;
}

static void write_headers(struct request *request, const char *nonce)
{
	response_header(request, "Content-Security-Policy",
	                pool_printf(request->pool, "default-src 'none'; style-src 'nonce-%s'; form-action 'self'; "
	                            "frame-ancestors 'none'; base-uri 'none'", nonce));
	response_header(request, "Referrer-Policy", "no-referrer");
	response_header(request, "Cache-Control", "no-store");
	response_header(request, "X-Content-Type-Options", "nosniff");
	response_header(request, "X-Frame-Options", "DENY");
	response_header(request, "X-Robots-Tag", "noindex");
}

void page_answer(struct request *request, unsigned status, const struct template_value *values, size_t n)
{
	struct template_value all[MAX_VALUES];
	char nonce[SECRET_TEXT];
	assert(page_template != NULL && n + 2 <= MAX_VALUES);
	secret_random(nonce);
	memcpy(all, values, n * sizeof *values);
	all[n] = (struct template_value){"nonce", nonce};
	all[n + 1] = (struct template_value){"path", request->path};
	template_render(page_template, all, n + 2, response_text(request, status, "text/html; charset=utf-8"));
	write_headers(request, nonce);
}

struct page_words {
	unsigned status;                /* 0: any other */
	const char *title;
	const char *text;
};

static const struct page_words WORDS[] = {
	{404, "Page introuvable", "Ce lien n’est pas valable. Il a peut-être été coupé lors d’une copie : "
	 "ouvrez-le directement depuis le message que vous avez reçu."},
	{400, "Demande incorrecte", "Cette demande n’a pas pu être comprise. Ouvrez de nouveau le lien depuis le "
	 "message que vous avez reçu."},
	{413, "Demande incorrecte", "Cette demande est trop volumineuse."},
	{429, "Trop de demandes", "Trop de demandes ont été faites en peu de temps. Réessayez dans quelques minutes."},
	{0, "Service momentanément indisponible", "Nous n’avons pas pu traiter votre demande. "
	 "Réessayez dans quelques minutes."},
};

void page_error(struct request *request, unsigned status, const char *message)
{
	(void)message;
	const struct page_words *words = WORDS;
	while (words->status != status && words->status != 0)
		words++;
	const struct template_value values[] = {{"title", words->title}, {"error", words->text}};
	page_answer(request, status, values, 2);
}

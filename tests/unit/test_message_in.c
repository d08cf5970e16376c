/*
 * Reading a message: what each form needs, which error comes first, and what is stored.
 */
#include <string.h>

#include "communication/message_in.h"
#include "http/parse.h"
#include "unit.h"

#define MAIL "recipient=a@exemple.fr&subject=s&message=m"
#define SMS "recipient=0602030405&message=m"
#define BOTH "email=a@exemple.fr&phone=0602030405&email_subject=s&email_content=m&sms_content=t"

static const struct { enum message_form form; const char *body, *error; } ERRORS[] = {
	{MESSAGE_EMAIL, MAIL, NULL},
	{MESSAGE_EMAIL, "", "invalid recipient"},
	{MESSAGE_EMAIL, "recipient=&subject=&message=", "invalid recipient"},
	{MESSAGE_EMAIL, "recipient=0602030405&subject=s&message=m", "invalid recipient"},
	{MESSAGE_EMAIL, "recipient=a@exemple.fr&recipient=b@exemple.fr&subject=s&message=m", "invalid recipient"},
	{MESSAGE_EMAIL, "recipient=a@exemple.fr%0D%0A&subject=s&message=m", "invalid recipient"},
	{MESSAGE_EMAIL, "recipient=a@exemple.fr", "subject can't be blank"},
	{MESSAGE_EMAIL, "recipient=a@exemple.fr&subject=+%09&message=", "subject can't be blank"},
	{MESSAGE_EMAIL, "recipient=a@exemple.fr&subject=s", "message can't be blank"},
	{MESSAGE_EMAIL, "recipient=a@exemple.fr&subject=s&message=%C2%A0%0A", "message can't be blank"},
	{MESSAGE_EMAIL, "recipient=a@exemple.fr&subject=s%0AX:+y&message=m", "invalid subject"},
	{MESSAGE_EMAIL, MAIL "&subject=t", "invalid subject"},
	{MESSAGE_EMAIL, MAIL "&subject=s", NULL},
	{MESSAGE_EMAIL, MAIL "&message=n", "invalid message"},
	{MESSAGE_EMAIL, MAIL "&identifier1=a%0Ab", "invalid identifier1"},
	{MESSAGE_EMAIL, MAIL "&identifier2=a%0Db", "invalid identifier2"},
	{MESSAGE_EMAIL, MAIL "&email_originator=a%0D%0Ab", "invalid email_originator"},
	{MESSAGE_EMAIL, MAIL "&logo_url=javascript:alert(1)", "invalid logo_url"},
	{MESSAGE_EMAIL, MAIL "&force_sending=yes", "invalid force_sending"},
	{MESSAGE_EMAIL, MAIL "&unsubscribe_link=2", "invalid unsubscribe_link"},
	{MESSAGE_EMAIL, MAIL "&test_mode=TRUE", "invalid test_mode"},
	{MESSAGE_EMAIL, MAIL "&test_mode=", "invalid test_mode"},
	{MESSAGE_EMAIL, MAIL "&sms_originator=%0A&channel=nonsense&unknown=1", NULL},
	{MESSAGE_SMS, SMS, NULL},
	{MESSAGE_SMS, "recipient=a@exemple.fr&message=m", "invalid recipient"},
	{MESSAGE_SMS, "recipient=0602030405", "message can't be blank"},
	{MESSAGE_SMS, SMS "&sms_originator=Douze+lettres", "invalid sms_originator"},
	{MESSAGE_SMS, SMS "&sms_originator=Bailleur", NULL},
	{MESSAGE_SMS, SMS "&sms_originator=", NULL},
	{MESSAGE_ANY, BOTH, "invalid channel"},
	{MESSAGE_ANY, BOTH "&channel=", "invalid channel"},
	{MESSAGE_ANY, BOTH "&channel=Both", "invalid channel"},
	{MESSAGE_ANY, BOTH "&channel=both&channel=sms", "invalid channel"},
	{MESSAGE_ANY, "channel=fax&email=x", "invalid channel"},
	{MESSAGE_ANY, BOTH "&channel=both", NULL},
	{MESSAGE_ANY, "channel=both&email=a@exemple.fr&email_subject=s&email_content=m&sms_content=t",
	 "invalid recipient"},
	{MESSAGE_ANY, "channel=both&phone=0602030405&email_subject=s&email_content=m&sms_content=t",
	 "invalid recipient"},
	{MESSAGE_ANY, "channel=both&email=a@exemple.fr&phone=0602030405&email_subject=s&email_content=m",
	 "message can't be blank"},
	{MESSAGE_ANY, "channel=both&email=a@exemple.fr&phone=0602030405&email_content=m&sms_content=t",
	 "subject can't be blank"},
	{MESSAGE_ANY, "channel=sms&phone=0602030405&sms_content=t", NULL},
	{MESSAGE_ANY, "channel=sms&phone=0602030405&sms_content=t&email=nonsense", NULL},
	{MESSAGE_ANY, "channel=sms&email=a@exemple.fr&sms_content=t", "invalid recipient"},
	{MESSAGE_ANY, "channel=email&phone=0602030405&email_subject=s&email_content=m", "invalid recipient"},
	{MESSAGE_ANY, "channel=sms_first", "invalid recipient"},
	{MESSAGE_ANY, "channel=sms_first&phone=+&email=", "invalid recipient"},
	{MESSAGE_ANY, "channel=sms_first&phone=12&email=a@exemple.fr&email_subject=s&email_content=m&sms_content=t",
	 "invalid recipient"},
	{MESSAGE_ANY, "channel=sms_first&phone=&email=a@exemple.fr&email_subject=s&email_content=m", NULL},
	{MESSAGE_ANY, "channel=sms_first&phone=0602030405&email=a@exemple.fr&email_subject=s&email_content=m",
	 "message can't be blank"},
	{MESSAGE_ANY, "channel=email_first&phone=0602030405&sms_content=t", NULL},
	{MESSAGE_ANY,
	 "channel=email_first&email=nonsense&phone=0602030405&sms_content=t&email_subject=s&email_content=m",
	 "invalid recipient"},
};

static struct request read_form(const char *form)
{
	static struct text body;
	struct request request = {.pool = pool_create(), .body = &body};

	parse_form(&request, form, strlen(form));
	ck_assert_int_eq(request.fault, HTTP_FAULT_NONE);
	return request;
}

START_TEST(errors)
{
	struct request request = read_form(ERRORS[_i].body);
	struct outbox_message message;
	const char *error = message_in_read(request.pool, ERRORS[_i].form, &request.params, &message);

	ck_assert_msg((error == NULL) == (ERRORS[_i].error == NULL)
	              && (error == NULL || strcmp(error, ERRORS[_i].error) == 0),
	              "%s: %s", ERRORS[_i].body, error != NULL ? error : "(accepted)");
	pool_free(request.pool);
}
END_TEST

/* Lengths: the longest that is accepted, and one more character (of two bytes). */
static const struct { enum message_form form; const char *before, *name; size_t max; const char *error; } LENGTHS[] = {
	{MESSAGE_EMAIL, "recipient=a@exemple.fr&message=m", "subject", MESSAGE_MAX_SUBJECT, "invalid subject"},
	{MESSAGE_EMAIL, "recipient=a@exemple.fr&subject=s", "message", MESSAGE_MAX_EMAIL_CONTENT, "invalid message"},
	{MESSAGE_SMS, "recipient=0602030405", "message", MESSAGE_MAX_SMS_CONTENT, "invalid message"},
	{MESSAGE_SMS, SMS, "identifier1", MESSAGE_MAX_IDENTIFIER, "invalid identifier1"},
	{MESSAGE_SMS, SMS, "identifier2", MESSAGE_MAX_IDENTIFIER, "invalid identifier2"},
	{MESSAGE_EMAIL, MAIL, "email_originator", MESSAGE_MAX_ORIGINATOR, "invalid email_originator"},
	{MESSAGE_ANY, "channel=sms&phone=0602030405&sms_content=t", "email_content", MESSAGE_MAX_EMAIL_CONTENT,
	 "invalid email_content"},
};

static const char *read_long(size_t i, size_t length)
{
	struct text form = {0};
	struct outbox_message message;

	text_printf(&form, "%s&%s=", LENGTHS[i].before, LENGTHS[i].name);
	while (length-- > 0)
		text_puts(&form, "%C3%A9");
	struct request request = read_form(form.data);
	const char *error = message_in_read(request.pool, LENGTHS[i].form, &request.params, &message);

	if (error != NULL)
		ck_assert_str_eq(error, LENGTHS[i].error);
	pool_free(request.pool);
	text_free(&form);
	return error == NULL ? "accepted" : "refused";
}

START_TEST(lengths)
{
	ck_assert_str_eq(read_long((size_t)_i, LENGTHS[_i].max), "accepted");
	ck_assert_str_eq(read_long((size_t)_i, LENGTHS[_i].max + 1), "refused");
}
END_TEST

START_TEST(fields_of_a_mail)
{
	struct request request = read_form("recipient=Jean.Dupont@EXEMPLE.fr&subject=Sujet+%C3%A9&message=a%250Ab"
	                                   "&identifier1=001&identifier2=&email_originator=Mairie"
	                                   "&logo_url=https://exemple.fr/l.png"
	                                   "&force_sending=1&unsubscribe_link=false&test_mode=true");
	struct outbox_message message;

	ck_assert_ptr_null(message_in_read(request.pool, MESSAGE_EMAIL, &request.params, &message));
	ck_assert_int_eq(message.channel, CHANNEL_EMAIL);
	ck_assert_str_eq(message.email, "Jean.Dupont@EXEMPLE.fr");
	ck_assert_str_eq(message.email_to, "Jean.Dupont@exemple.fr");
	ck_assert_ptr_null(message.phone);
	ck_assert_ptr_null(message.phone_to);
	ck_assert_str_eq(message.email_subject, "Sujet é");
	ck_assert_str_eq(message.email_content, "a%0Ab");
	ck_assert_ptr_null(message.sms_content);
	ck_assert_str_eq(message.identifier1, "001");
	ck_assert_ptr_null(message.identifier2);
	ck_assert_str_eq(message.email_originator, "Mairie");
	ck_assert_str_eq(message.logo_url, "https://exemple.fr/l.png");
	ck_assert(message.force_sending && !message.unsubscribe_link && message.test_mode);
	pool_free(request.pool);
}
END_TEST

START_TEST(fields_of_sms_first)
{
	struct request request = read_form(BOTH "&channel=sms_first");
	struct outbox_message message;

	ck_assert_ptr_null(message_in_read(request.pool, MESSAGE_ANY, &request.params, &message));
	ck_assert_int_eq(message.channel, CHANNEL_SMS_FIRST);
	ck_assert_str_eq(message.phone, "0602030405");
	ck_assert_str_eq(message.phone_to, "+33602030405");
	ck_assert_str_eq(message.email, "a@exemple.fr");
	ck_assert_ptr_null(message.email_to);
	ck_assert_str_eq(message.email_content, "m");
	ck_assert(!message.force_sending && message.unsubscribe_link && !message.test_mode);
	pool_free(request.pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("message_in");
	TCase *tcase = tcase_create("message_in");

	tcase_add_loop_test(tcase, errors, 0, COUNT(ERRORS));
	tcase_add_loop_test(tcase, lengths, 0, COUNT(LENGTHS));
	tcase_add_test(tcase, fields_of_a_mail);
	tcase_add_test(tcase, fields_of_sms_first);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}

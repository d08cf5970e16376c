/*
 * Reads one message from the parameters of a request or of one item of a batch.
 *
 * A reader carries the first error; once there is one, every further reading does nothing.
 */
#include "communication/message_in.h"

#include "base/text.h"
#include "domain/address.h"
#include "domain/line.h"

struct reader {
	struct pool *pool;
	const struct params *params;
	const char *error;
};

/* What each form calls its fields; NULL: it has none of that kind. */
static const struct field_names {
	const char *email, *phone, *subject, *email_content, *sms_content;
	enum channel channel;           /* CHANNEL_NONE: the client says */
} FORMS[] = {
	[MESSAGE_EMAIL] = {.email = "recipient", .subject = "subject", .email_content = "message",
	                   .channel = CHANNEL_EMAIL},
	[MESSAGE_SMS] = {.phone = "recipient", .sms_content = "message", .channel = CHANNEL_SMS},
	[MESSAGE_ANY] = {"email", "phone", "email_subject", "email_content", "sms_content", CHANNEL_NONE},
};

static void refuse(struct reader *reader, const char *error)
{
	if (reader->error == NULL)
		reader->error = error;
}

static void refuse_parameter(struct reader *reader, const char *name)
{
	if (reader->error == NULL)
		reader->error = pool_printf(reader->pool, "invalid %s", name);
}

/* A text as it was given; NULL when absent. `name` NULL: the form has no such field. */
static const char *read_text(struct reader *reader, const char *name, size_t max)
{
	const char *value = NULL;
	if (name == NULL || reader->error != NULL)
		return NULL;
	if (params_text(reader->params, name, max, &value) == PARAM_INVALID)
		refuse_parameter(reader, name);
	return value;
}

/* An optional text of a single line; empty is absent. */
static const char *read_line(struct reader *reader, const char *name, size_t max)
{
	const char *value = read_text(reader, name, max);
	if (value == NULL || value[0] == '\0')
		return NULL;
	if (!line_is_clean(value))
		refuse_parameter(reader, name);
	return value;
}

/* An address as given, not judged yet; NULL when absent or blank. */
static const char *read_recipient(struct reader *reader, const char *name, size_t max)
{
	const char *value = NULL;
	if (name == NULL || reader->error != NULL)
		return NULL;
	if (params_text(reader->params, name, max, &value) == PARAM_INVALID || (value != NULL && !line_is_clean(value)))
		refuse(reader, "invalid recipient");
	return value != NULL && text_is_blank(value) ? NULL : value;
}

/* What is sent on a channel that the message uses must not be blank. */
static const char *read_content(struct reader *reader, const char *name, size_t max, bool needed, const char *blank)
{
	const char *value = read_text(reader, name, max);
	if (needed && (value == NULL || text_is_blank(value)))
		refuse(reader, blank);
	return value;
}

static bool read_bool(struct reader *reader, const char *name, bool otherwise)
{
	bool value = otherwise;
	if (reader->error == NULL && params_bool(reader->params, name, &value) == PARAM_INVALID)
		refuse_parameter(reader, name);
	return value;
}

static enum channel read_channel(struct reader *reader, const struct field_names *names)
{
	const char *name = NULL;
	if (names->channel != CHANNEL_NONE)
		return names->channel;
	enum channel channel = CHANNEL_NONE;
	if (params_text(reader->params, "channel", 20, &name) == PARAM_OK)
		channel = channel_parse(name);
	if (channel == CHANNEL_NONE)
		refuse(reader, "invalid channel");
	return channel;
}

/* Decides where the message goes and turns those addresses into the form to send to. */
static struct channel_choice read_recipients(struct reader *reader, const struct field_names *names,
                                             struct outbox_message *message)
{
	message->email = read_recipient(reader, names->email, MESSAGE_MAX_EMAIL);
	message->phone = read_recipient(reader, names->phone, MESSAGE_MAX_PHONE);
	if (reader->error != NULL)
		return (struct channel_choice){false, false};
	struct channel_choice choice = channel_choose(message->channel, message->email != NULL, message->phone != NULL);
	if (choice.email && message->email != NULL)
		message->email_to = address_email(reader->pool, message->email);
	if (choice.sms && message->phone != NULL)
		message->phone_to = address_phone(reader->pool, message->phone);
	if ((choice.email && message->email_to == NULL) || (choice.sms && message->phone_to == NULL)
	    || (!choice.email && !choice.sms))
		refuse(reader, "invalid recipient");
	return choice;
}

static void read_contents(struct reader *reader, const struct field_names *names, struct channel_choice choice,
                          struct outbox_message *message)
{
	message->email_subject = read_content(reader, names->subject, MESSAGE_MAX_SUBJECT, choice.email,
	                                      "subject can't be blank");
	if (message->email_subject != NULL && !line_is_clean(message->email_subject))
		refuse_parameter(reader, names->subject);
	message->email_content = read_content(reader, names->email_content, MESSAGE_MAX_EMAIL_CONTENT, choice.email,
	                                      "message can't be blank");
	message->sms_content = read_content(reader, names->sms_content, MESSAGE_MAX_SMS_CONTENT, choice.sms,
	                                    "message can't be blank");
}

static void read_options(struct reader *reader, enum message_form form, struct outbox_message *message)
{
	message->identifier1 = read_line(reader, "identifier1", MESSAGE_MAX_IDENTIFIER);
	message->identifier2 = read_line(reader, "identifier2", MESSAGE_MAX_IDENTIFIER);
	if (form != MESSAGE_SMS) {
		message->email_originator = read_line(reader, "email_originator", MESSAGE_MAX_ORIGINATOR);
		message->logo_url = read_line(reader, "logo_url", MESSAGE_MAX_URL);
		if (message->logo_url != NULL && !line_is_web_url(message->logo_url))
			refuse_parameter(reader, "logo_url");
	}
	if (form != MESSAGE_EMAIL) {
		message->sms_originator = read_line(reader, "sms_originator", MESSAGE_MAX_ORIGINATOR);
		if (message->sms_originator != NULL && !address_is_originator(message->sms_originator))
			refuse_parameter(reader, "sms_originator");
	}
	message->force_sending = read_bool(reader, "force_sending", false);
	message->unsubscribe_link = read_bool(reader, "unsubscribe_link", true);
	message->test_mode = read_bool(reader, "test_mode", false);
}

const char *message_in_read(struct pool *pool, enum message_form form, const struct params *params,
                            struct outbox_message *message_r)
{
	struct reader reader = {.pool = pool, .params = params};
	const struct field_names *names = &FORMS[form];
	*message_r = (struct outbox_message){.channel = read_channel(&reader, names)};
	struct channel_choice choice = read_recipients(&reader, names, message_r);
	read_contents(&reader, names, choice, message_r);
	read_options(&reader, form, message_r);
	return reader.error;
}

int message_in_identifier(const struct params *params, const char *name, const char **value_r)
{
	const char *value = NULL;
	if (params_text(params, name, MESSAGE_MAX_IDENTIFIER, &value) == PARAM_INVALID)
		return -1;
	if (value != NULL && !line_is_clean(value))
		return -1;
	*value_r = value != NULL && value[0] != '\0' ? value : NULL;
	return 0;
}

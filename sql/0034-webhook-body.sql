-- The body of an event may be longer than TEXT: fifty variables of a thousand characters for the name and for the content.
ALTER TABLE webhook_event MODIFY COLUMN body MEDIUMTEXT NOT NULL;

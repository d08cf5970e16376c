/*
 * Numbered migrations: files NNNN-name.sql of a directory, each applied once, recorded in schema_migration, one at a
 * time.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "db/db.h"

/*
 * Applies what is missing, in order; creates the database named in [client] if it is not there. A row lock on one row
 * keeps two runs apart (named locks do not serialise on Galera): the second waits for the first, for a day at most. A
 * migration may take as long as it takes: the settings' read timeout does not count. Returns the number applied, or -1
 * after logging why.
 */
int migrate_run(struct db *db, const char *directory);

/* What an operator can do about the failure of migrate_run() on this connection; NULL: not known. */
const char *migrate_remedy(const struct db *db);

/* The highest version applied, 0 for none, -1 on error. */
int migrate_version(struct db *db);

#endif

# Sources of sql/.
dist_pkgdata_sql_DATA += sql/0001-communication.sql
dist_pkgdata_sql_DATA += sql/0010-gestion.sql
dist_pkgdata_sql_DATA += sql/0020-quittance.sql
dist_pkgdata_sql_DATA += sql/0021-password.sql
dist_pkgdata_sql_DATA += sql/0030-rendezvous.sql
dist_pkgdata_sql_DATA += sql/0031-balance.sql
dist_pkgdata_sql_DATA += sql/0033-reminder.sql
dist_pkgdata_sql_DATA += sql/0034-webhook-body.sql
dist_pkgdata_sql_DATA += sql/0040-webhook-claims.sql
dist_pkgdata_sql_DATA += sql/0050-account-version.sql
dist_pkgdata_sql_DATA += sql/0051-delivery-place.sql
dist_pkgdata_sql_DATA += sql/0060-reminder-message.sql
dist_pkgdata_sql_DATA += sql/0061-account-begins.sql
dist_pkgdata_sql_DATA += sql/0062-delivery-claim.sql

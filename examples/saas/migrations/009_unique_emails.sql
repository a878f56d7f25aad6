-- MIGRATION_DESCRIPTION: one account for an address, in whatever case it is written

-- UPGRADE
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

-- DOWNGRADE
DROP INDEX users_email_key;

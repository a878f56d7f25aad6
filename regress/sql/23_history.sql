-- tenancy.history
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE SCHEMA hist;
SELECT * FROM tenancy.history('hist');
SELECT tenancy.add_migration('9', 'CREATE TABLE a (id int)', 'DROP TABLE a', 'nine');
SELECT tenancy.add_migration('10', 'CREATE TABLE b (id int)', 'DROP TABLE b', 'ten');
SELECT tenancy.add_migration('1', 'SELECT 1', migration_set => 'other');
SELECT count(*) FROM tenancy.migrate_schema('hist', migration_set => 'other');
SELECT count(*) FROM tenancy.migrate_schema('hist');
SELECT migration_set, version, description, length(checksum) AS checksum, state, applied_at IS NOT NULL AS applied_at,
       applied_by = current_user AS applied_by, duration >= '0' AS duration
  FROM tenancy.history('hist');
-- Applied at the same moment: the natural order of versions.
UPDATE hist.schema_migrations SET applied_at = '2024-01-01';
SELECT migration_set, version FROM tenancy.history('hist');
SELECT version FROM tenancy.history('public');
SELECT version FROM tenancy.history('nowhere');
SELECT version FROM tenancy.history(NULL);

-- In a session that has not used the extension yet.
\c -
\set SHOW_CONTEXT never
SELECT migration_set, version FROM tenancy.history('hist');
\c -
SET tenancy.tracking_table = 'elsewhere';
SELECT migration_set, version FROM tenancy.history('hist');

-- Of another tool: as migrate_schema says it.
CREATE TABLE hist.elsewhere (version text PRIMARY KEY);
\set VERBOSITY sqlstate
SELECT * FROM tenancy.history('hist');
\set VERBOSITY default
RESET tenancy.tracking_table;

-- What stands in the caller's search_path does not matter.
CREATE FUNCTION hist.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS $$SELECT 'SELECT 1/0'$$;
SET search_path = hist, pg_catalog;
SELECT migration_set, version FROM tenancy.history('hist');
RESET search_path;

SET client_min_messages = warning;
DROP SCHEMA hist CASCADE;
DROP EXTENSION tenancy;

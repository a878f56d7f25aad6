-- Nothing that an owner puts on the tracking table runs in the session of whoever migrates it.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
CREATE ROLE regress_hostile;
CREATE SCHEMA hostile AUTHORIZATION regress_hostile;
CREATE SCHEMA honest;
RESET client_min_messages;
SET tenancy.concurrency = 0;
SELECT tenancy.add_migration('1', 'CREATE TABLE items (id int)', 'DROP TABLE items');
SELECT version FROM tenancy.migrate_schema('hostile');
SELECT version FROM tenancy.migrate_schema('honest');
SELECT count(*) FROM tenancy.discover('h%');
SET ROLE regress_hostile;
CREATE FUNCTION hostile.evil(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('search_path', 'hostile, pg_catalog', false), set_config('tenancy.run_as', 'caller', false);
    RETURN true;
END
$$;
ALTER TABLE hostile.schema_migrations ADD CONSTRAINT planted CHECK (hostile.evil(version)) NOT VALID;
RESET ROLE;
SELECT tenancy.add_migration('2', 'ALTER TABLE items ADD note text', 'ALTER TABLE items DROP note');
SELECT version FROM tenancy.migrate_schema('hostile');
SELECT tenancy.resolve('hostile', '2', 'applied');
SELECT version FROM tenancy.downgrade_schema('hostile');
SHOW search_path;
SHOW tenancy.run_as;
-- The others are not held up: without a snapshot of a portal neither.
CALL tenancy.rollout();
SELECT tenant, revision, state FROM tenancy.status();
SET ROLE regress_hostile;
ALTER TABLE hostile.schema_migrations DROP CONSTRAINT planted;
CREATE INDEX planted ON hostile.schema_migrations (hostile.evil(version));
RESET ROLE;
SELECT version FROM tenancy.migrate_schema('hostile');
SET ROLE regress_hostile;
DROP INDEX hostile.planted;
CREATE INDEX planted ON hostile.schema_migrations (version) WHERE hostile.evil(version);
RESET ROLE;
SELECT version FROM tenancy.migrate_schema('hostile');
SHOW search_path;
DROP INDEX hostile.planted;
-- Rows that a migration takes away or makes up.
SELECT tenancy.add_migration('3', 'TRUNCATE schema_migrations');
SELECT version FROM tenancy.migrate_schema('hostile');
SELECT tenancy.add_migration('3', 'DELETE FROM schema_migrations');
SELECT version FROM tenancy.migrate_schema('hostile');
SELECT tenancy.add_migration('3', 'INSERT INTO schema_migrations SELECT migration_set, ''9'', description, checksum, '
       'state, applied_at, applied_by, duration FROM schema_migrations');
SELECT version FROM tenancy.migrate_schema('hostile');
SELECT tenancy.drop_migration('3');
SELECT version FROM tenancy.migrate_schema('hostile');
-- A tenant does not become the shared schema by a query.
SELECT * FROM tenancy.register_from('SELECT ''honest'' AS id, ''public'' AS schema');
SELECT * FROM tenancy.register_from('SELECT ''honest'' AS id, ''hostile'' AS schema');
-- Temporary functions and types go, also without a portal's snapshot.
SELECT tenancy.add_migration('4', 'CREATE FUNCTION pg_temp.h() RETURNS int LANGUAGE sql AS ''SELECT 1''; '
       'SELECT pg_temp.h()');
CALL tenancy.rollout(run_as => 'caller');
SELECT count(*) FROM pg_proc WHERE pronamespace = pg_my_temp_schema();
-- Metadata that is loaded again counts.
SELECT action FROM tenancy.load_migration('011_x/up.sql', 'SELECT 1');
SELECT action FROM tenancy.load_migration('011_x/metadata.toml', 'run_in_transaction = false');
SELECT action FROM tenancy.load_migration('011_x/metadata.toml', 'run_in_transaction = true');
SELECT transactional FROM tenancy.migrations WHERE version = '011';
SET client_min_messages = warning;
DROP SCHEMA hostile, honest CASCADE;
DROP EXTENSION tenancy;
DROP ROLE regress_hostile;

-- Workers for a SECURITY DEFINER function: what its owner stored cannot get at the rights of whoever calls it.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set VERBOSITY terse
CREATE ROLE regress_definer;
GRANT USAGE ON SCHEMA tenancy TO regress_definer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tenancy TO regress_definer;
CREATE SCHEMA definer_t1 AUTHORIZATION regress_definer;
CREATE SCHEMA definer_t2 AUTHORIZATION regress_definer;
SELECT count(*) FROM tenancy.discover('definer\_t_');

CREATE FUNCTION definer_migrates(OUT tenant text, OUT success boolean, OUT error text) RETURNS SETOF record
  SECURITY DEFINER LANGUAGE sql AS
  'SELECT tenant, success, error FROM tenancy.migrate_all(concurrency => 2) ORDER BY tenant';
ALTER FUNCTION definer_migrates OWNER TO regress_definer;

SELECT tenancy.add_migration('001', $$CREATE TABLE who AS SELECT current_user$$, 'DROP TABLE who');
SELECT * FROM definer_migrates();
SELECT * FROM definer_t1.who;
SELECT tenancy.add_migration('002', $$DO 'BEGIN RESET ROLE; CREATE TABLE owned (); END'$$, 'DROP TABLE owned');
SELECT * FROM definer_migrates();
SELECT tenancy.drop_migration('002');
SELECT tenancy.add_migration('002', $$DO 'BEGIN RESET SESSION AUTHORIZATION; CREATE TABLE owned (); END'$$,
                             'DROP TABLE owned');
SELECT * FROM definer_migrates();
SELECT schemaname, tableowner FROM pg_tables WHERE tablename = 'owned';

SET client_min_messages = warning;
DROP FUNCTION definer_migrates;
DROP SCHEMA definer_t1, definer_t2 CASCADE;
DROP EXTENSION tenancy;
DROP OWNED BY regress_definer;
DROP ROLE regress_definer;

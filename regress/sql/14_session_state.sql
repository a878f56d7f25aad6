-- A migration leaves the session as it was, or is refused.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE ROLE regress_session;
CREATE SCHEMA ses;
CREATE FUNCTION pg_temp.run(sql text) RETURNS void LANGUAGE sql AS $$SELECT tenancy.run_in_schema('ses', sql)$$;

-- Settings: what it gets, and that all of it is put back.
SET search_path = pg_catalog, "$user";
SET lock_timeout = '7s';
SET statement_timeout = '8min';
SET tenancy.lock_timeout = '250ms';
SELECT pg_temp.run('CREATE TABLE public_settings AS SELECT current_setting(''search_path'') AS path,
                           current_setting(''lock_timeout'') AS lock, current_setting(''statement_timeout'')
                           AS statement');
SELECT * FROM ses.public_settings;
SELECT pg_temp.run('SET search_path = public; SET LOCAL work_mem = ''1MB''; SET TIME ZONE ''UTC'';
                    SET standard_conforming_strings = off; SELECT set_config(''my.setting'', ''x'', false);
                    SET lock_timeout = 1; SET statement_timeout = 100000; SET datestyle = german; RESET ALL');
SELECT pg_temp.run('SELECT set_config(''search_path'', ''public'', false), set_config(''work_mem'', ''2MB'', true)');
SELECT pg_temp.run('SET application_name = ''changed''; SET client_min_messages = error; SET bytea_output = escape');
SELECT current_setting('search_path') AS path, current_setting('lock_timeout') AS lock,
       current_setting('statement_timeout') AS statement, current_setting('my.setting', true) AS custom,
       current_setting('standard_conforming_strings') AS strings, current_setting('bytea_output') AS bytea,
       current_setting('application_name') LIKE 'pg_regress%' AS name,
       (SELECT setting = reset_val FROM pg_settings WHERE name = 'work_mem') AS work_mem;
RESET lock_timeout;
RESET statement_timeout;
RESET tenancy.lock_timeout;
RESET search_path;

-- Also when it fails, and within one transaction.
BEGIN;
SET LOCAL lock_timeout = '3s';
SAVEPOINT s;
SELECT pg_temp.run('SET search_path = public; SET work_mem = ''1MB''; SELECT 1/0');
ROLLBACK TO s;
SELECT current_setting('search_path') AS path, current_setting('lock_timeout') AS lock;
SELECT pg_temp.run('SET lock_timeout = 5');
SELECT current_setting('lock_timeout') AS lock;
COMMIT;

-- One migration's settings are not the next one's.
SELECT tenancy.add_migration('1', 'SET search_path = nowhere; SET work_mem = ''3MB''');
SELECT tenancy.add_migration('2', 'CREATE TABLE seen AS SELECT current_setting(''search_path'') AS path,
                                          current_setting(''work_mem'') AS work_mem');
SELECT version FROM tenancy.migrate_schema('ses');
SELECT path, work_mem = current_setting('work_mem') AS same FROM ses.seen;

-- Roles.
SELECT pg_temp.run('SET ROLE regress_session; SELECT 1');
SELECT pg_temp.run('SET SESSION AUTHORIZATION regress_session');
SELECT pg_temp.run('SELECT set_config(''role'', ''regress_session'', false)');
SELECT current_user = session_user AS same, current_setting('role') AS role;

-- Temporary objects go with the migration: the next tenant may make them again.
CREATE TEMP TABLE kept (id int);
SELECT pg_temp.run('CREATE TEMP TABLE scratch (id serial PRIMARY KEY, note text);
                    INSERT INTO scratch (note) VALUES (''x'');
                    CREATE TEMP VIEW scratch_view AS SELECT * FROM scratch; CREATE INDEX ON scratch (note);
                    CREATE TEMP SEQUENCE scratch_seq; CREATE TYPE pg_temp.scratch_type AS (a int);
                    CREATE FUNCTION pg_temp.scratch_function() RETURNS int LANGUAGE sql AS ''SELECT 1'';
                    CREATE TABLE pg_temp.scratch_two AS SELECT 1; CREATE TEMP TABLE gone (id int) ON COMMIT DROP');
SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() ORDER BY 1;
SELECT proname FROM pg_proc WHERE pronamespace = pg_my_temp_schema() ORDER BY 1;
SELECT pg_temp.run('CREATE TEMP TABLE scratch (other text); DROP TABLE scratch; CREATE TEMP TABLE scratch (id int)');
SELECT pg_temp.run('SELECT 1 AS one INTO TEMP scratch; DO $d$ BEGIN CREATE TEMP TABLE in_do (id int); END $d$');
SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() ORDER BY 1;
DROP TABLE kept;

-- Prepared statements too, also those of a migration that failed; those of the session stay.
PREPARE mine AS SELECT 1 AS one;
SELECT pg_temp.run('PREPARE theirs AS SELECT 2; EXECUTE theirs; PREPARE other AS SELECT 3; DEALLOCATE other');
SELECT pg_temp.run('PREPARE theirs AS SELECT 2; SELECT 1/0');
SELECT name FROM pg_prepared_statements ORDER BY 1;
SELECT pg_temp.run('PREPARE mine AS SELECT 2');
DO $$ BEGIN PERFORM pg_temp.run('DEALLOCATE mine'); EXCEPTION WHEN feature_not_supported THEN NULL; END $$;
EXECUTE mine;
DEALLOCATE ALL;

-- What cannot be put back is refused.
SELECT pg_temp.run('SELECT pg_advisory_lock(1)');
SELECT pg_temp.run('SELECT pg_try_advisory_lock(1, 2)');
SELECT pg_temp.run('SELECT pg_advisory_lock_shared(1)');
SELECT pg_temp.run('SELECT pg_advisory_unlock_all()');
SELECT pg_advisory_lock(42);
SELECT pg_temp.run('SELECT pg_advisory_unlock(42)');
SELECT count(*) AS kept FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = 42;
SELECT pg_advisory_unlock_all();
SELECT pg_temp.run('SELECT pg_advisory_xact_lock(1)');
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT pg_temp.run('LISTEN deploys');
SELECT pg_temp.run('UNLISTEN *');
SELECT pg_temp.run('NOTIFY deploys');
SELECT pg_temp.run('DISCARD PLANS');
SELECT pg_temp.run('DISCARD TEMP');
SELECT pg_temp.run('DEALLOCATE ALL');
SELECT pg_temp.run('DECLARE c CURSOR WITH HOLD FOR SELECT 1');
SELECT pg_temp.run('DECLARE c CURSOR FOR SELECT 1; FETCH c; CLOSE c');
SELECT pg_temp.run('LOAD ''plpgsql''');
SELECT pg_temp.run('DO $d$ BEGIN LISTEN deploys; END $d$');
SELECT pg_listening_channels();

-- What one tenant's migration leaves prepared, failing or not, does not meet the next tenant's.
SELECT tenancy.add_migration('1', 'PREPARE theirs AS SELECT 1; EXECUTE theirs;
    CREATE TEMP TABLE scratch (id int); CREATE TABLE made (id int)', migration_set => 'left');
CREATE SCHEMA left_1;
CREATE TABLE left_1.made (id int);
CREATE SCHEMA left_2;
CREATE SCHEMA left_3;
SELECT count(*) FROM tenancy.discover('left\_%', 'left');
SELECT tenant, success, sqlstate, error FROM tenancy.migrate_all(migration_set => 'left');
BEGIN;
DROP TABLE left_1.made;
SELECT tenant, success, sqlstate, error FROM tenancy.migrate_all(migration_set => 'left');
SELECT name FROM pg_prepared_statements;
COMMIT;
DEALLOCATE ALL;

-- Transaction modes.
SELECT pg_temp.run('SET transaction_read_only = on; CREATE TABLE r (id int)');
BEGIN;
SELECT pg_temp.run('SET TRANSACTION READ ONLY');
CREATE TABLE ses.still_writable (id int);
COMMIT;
SELECT pg_temp.run('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
-- It would come too late, so it is refused before a deploy.
SELECT pg_temp.run('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
SELECT tenancy.add_migration('iso', 'SELECT 1; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
SELECT tenancy.add_migration('iso', 'SET TRANSACTION SNAPSHOT ''00000003-0000001B-1''', transactional => false);
BEGIN READ ONLY;
SELECT pg_temp.run('CREATE TABLE r (id int)');
ROLLBACK;

-- Time limits: of a lock wait (see the isolation tests) and of a statement. A limit of the caller still holds.
SET tenancy.statement_timeout = '20ms';
SELECT pg_temp.run(E'SELECT 1;\nSELECT pg_sleep(60);');
RESET tenancy.statement_timeout;
SELECT tenancy.add_migration('1', 'SELECT pg_sleep(60)', statement_timeout => '20ms', migration_set => 'slow');
SELECT count(*) FROM tenancy.migrate_schema('ses', migration_set => 'slow');
SELECT tenancy.create_tenant('ses2', migration_set => 'slow', revision => 'head');
SELECT id FROM tenancy.register_tenant('ses', migration_set => 'slow');
SELECT tenant, success, sqlstate, error FROM tenancy.migrate_all(migration_set => 'slow');
SELECT tenancy.add_migration('1', 'SELECT pg_sleep(0.001)', statement_timeout => '0', migration_set => 'slow');
SELECT version FROM tenancy.migrate_schema('ses', migration_set => 'slow');
SELECT id FROM tenancy.deregister_tenant('ses');
SET statement_timeout = '50ms';
SELECT pg_temp.run('SELECT pg_sleep(60)');
RESET statement_timeout;

-- Deferred constraints are due when the migration ends, and the next one may alter the table.
SELECT tenancy.add_migration('3', 'CREATE TABLE p (id int PRIMARY KEY);
    CREATE TABLE c (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED); INSERT INTO c VALUES (1);
    INSERT INTO p VALUES (1);');
SELECT tenancy.add_migration('4', 'ALTER TABLE c ADD COLUMN more int; ALTER TABLE p ADD COLUMN more int');
SELECT version FROM tenancy.migrate_schema('ses');
SELECT tenancy.add_migration('5', 'INSERT INTO c VALUES (2)');
SELECT tenancy.add_migration('6', 'SELECT 1');
SELECT version FROM tenancy.migrate_schema('ses');
SELECT tenancy.drop_migration('5');

-- Strings are read as the standard says, whatever the session says.
SET escape_string_warning = off;
SET standard_conforming_strings = off;
SELECT tenancy.add_migration('7', $$CREATE TABLE strings AS SELECT 'a\'::text AS one, ';'::text AS two$$);
SELECT version FROM tenancy.migrate_schema('ses');
SELECT tenancy.run_in_schema('ses', $$UPDATE strings SET two = 'b\'$$);
RESET standard_conforming_strings;
RESET escape_string_warning;
SELECT * FROM ses.strings;

SET client_min_messages = warning;
DROP SCHEMA ses, left_1, left_2, left_3 CASCADE;
DROP EXTENSION tenancy;
DROP ROLE regress_session;

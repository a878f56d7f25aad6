-- CALL tenancy.rollout(): the fleet, committed target by target. Without workers the order of warnings is certain.
SET tenancy.concurrency = 0;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

SELECT tenancy.add_migration('1', 'CREATE TABLE ro_shared (id int)', 'DROP TABLE ro_shared', scope => 'public');
SELECT tenancy.add_migration('2', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT count(*) FROM generate_series(1, 4) AS i, LATERAL tenancy.create_tenant('ro_' || i, revision => '1');

-- It commits, so it stands alone.
BEGIN;
CALL tenancy.rollout();
ROLLBACK;
DO $$ BEGIN CALL tenancy.rollout(pattern => 'ro\_1'); END $$;
CREATE PROCEDURE public.ro_call() LANGUAGE plpgsql SET search_path = pg_catalog AS 'BEGIN CALL tenancy.rollout(); END';
CALL public.ro_call();
DROP PROCEDURE public.ro_call;
SELECT tenant, revision FROM tenancy.status('ro\_%');

-- A failure is a warning with all it has; the others are committed; the call fails at its end.
CREATE TABLE ro_2.a (mine text);
SELECT tenancy.add_migration('3', 'CREATE TABLE b (id int UNIQUE); INSERT INTO b SELECT 1;'
                                  'INSERT INTO b SELECT 1 FROM a;');
INSERT INTO ro_1.a VALUES (1);
CALL tenancy.rollout();
SELECT tenant, revision FROM tenancy.status('ro\_%');
SELECT to_regclass('ro_1.b'), to_regclass('ro_4.b');

-- Again, after mending: what is done stays done.
DROP TABLE ro_2.a;
DELETE FROM ro_1.a;
CALL tenancy.rollout();
CALL tenancy.rollout();

-- Filters and a revision.
SELECT tenancy.add_migration('4', 'SELECT 4', 'SELECT -4');
SELECT tenancy.add_migration('5', 'SELECT 5', 'SELECT -5');
UPDATE tenancy.tenants SET status = 'suspended', tier = 'gold', labels = '{"eu": 1}' WHERE id = 'ro_3';
CALL tenancy.rollout('4', 'ro\_1');
CALL tenancy.rollout(statuses => '{suspended}', tier => 'gold', labels => '{"eu": 1}', migration_set => 'default');
CALL tenancy.rollout('4');
SELECT tenant, revision FROM tenancy.status('ro\_%');

-- Refused before anything is done.
CALL tenancy.rollout('+1');
CALL tenancy.rollout('base');
CALL tenancy.rollout(NULL);
CALL tenancy.rollout(run_as => 'root');
SELECT tenancy.add_migration('6', 'CREATE INDEX CONCURRENTLY ON a (id)', transactional => false);
CALL tenancy.rollout();
SELECT tenant, revision FROM tenancy.status('ro\_%');
SELECT tenancy.drop_migration('6');

-- The shared schema fails: the run stops.
SELECT tenancy.add_migration('6', 'SELECT 1/0', scope => 'public');
CALL tenancy.rollout();
SELECT tenant, revision FROM tenancy.status('ro\_%');

-- The session is as it was.
SELECT current_setting('search_path'), current_user = session_user AS same_user;

SET client_min_messages = warning;
DROP SCHEMA ro_1, ro_2, ro_3, ro_4 CASCADE;
DROP TABLE public.ro_shared, public.schema_migrations;
DROP EXTENSION tenancy;

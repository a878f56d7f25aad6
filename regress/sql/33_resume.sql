-- CALL tenancy.resume() and retry_failed(): what is left of a run.
SET tenancy.concurrency = 0;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE FUNCTION pg_temp.last_run() RETURNS bigint LANGUAGE sql AS 'SELECT max(id) FROM tenancy.runs';
CREATE FUNCTION pg_temp.last_targets()
RETURNS TABLE (wave text, target text, state text, from_revision text, to_revision text, versions text[], attempts int,
               sqlstate text, error text)
LANGUAGE sql AS $$
SELECT wave, coalesce(tenant, schema), state, from_revision, to_revision, versions, attempts, sqlstate, error
  FROM tenancy.run_targets WHERE run = pg_temp.last_run() ORDER BY ordinal
$$;
CREATE FUNCTION pg_temp.last_state()
RETURNS TABLE (state text, reason text, finished bool)
LANGUAGE sql AS $$
SELECT state, reason, finished_at IS NOT NULL FROM tenancy.runs WHERE id = pg_temp.last_run()
$$;

SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT count(*) FROM generate_series(1, 5) AS i, LATERAL tenancy.create_tenant('re_' || i, revision => 'base');

-- Stopped by its budget: resume does what is left, retry_failed what failed.
CREATE TABLE re_2.a (mine text);
CALL tenancy.rollout(max_failures => '0');
SELECT * FROM pg_temp.last_targets();
SELECT * FROM pg_temp.last_state();
CALL tenancy.resume(1);
SELECT * FROM pg_temp.last_targets();
SELECT * FROM pg_temp.last_state();
CALL tenancy.resume(1);
CALL tenancy.retry_failed(1);
SELECT * FROM pg_temp.last_targets();
DROP TABLE re_2.a;
CALL tenancy.retry_failed(1);
SELECT * FROM pg_temp.last_targets();
SELECT * FROM pg_temp.last_state();
SELECT count(*) FROM tenancy.runs;

-- Nothing left, or no such run.
CALL tenancy.resume(1);
CALL tenancy.retry_failed(1);
CALL tenancy.resume(99);
CALL tenancy.retry_failed(99);
CALL tenancy.resume(-1);
CALL tenancy.resume(NULL);
CALL tenancy.resume(1, concurrency => -1);
BEGIN;
CALL tenancy.resume(1);
ROLLBACK;

-- Its revision is that of the run; head is what head is now.
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)', 'DROP TABLE b');
SELECT tenancy.add_migration('3', 'CREATE TABLE c (id int)', 'DROP TABLE c');
CALL tenancy.rollout('2', canary => 1, stop_after_canary => true);
CALL tenancy.resume(pg_temp.last_run());
SELECT target, versions, to_revision FROM pg_temp.last_targets();
CALL tenancy.rollout(canary => 1, stop_after_canary => true);
SELECT tenancy.add_migration('4', 'CREATE TABLE d (id int)', 'DROP TABLE d');
CALL tenancy.resume(pg_temp.last_run());
SELECT target, versions, to_revision FROM pg_temp.last_targets();

-- What was done meanwhile by other means is done.
CALL tenancy.rollout();
SELECT tenancy.add_migration('5', 'CREATE TABLE e (id int)', 'DROP TABLE e');
CALL tenancy.rollout(canary => 1, stop_after_canary => true);
SELECT count(*) FROM tenancy.migrate_tenant('re_2');
SELECT count(*) FROM tenancy.migrate_tenant('re_3');
CALL tenancy.resume(pg_temp.last_run());
SELECT * FROM pg_temp.last_targets();
SELECT * FROM pg_temp.last_state();

-- Who went away meanwhile fails, and the others are done: a schema that was dropped, a tenant that was forgotten, one
-- that moved, one that is pinned now.
SELECT tenancy.add_migration('6', 'CREATE TABLE f (id int)', 'DROP TABLE f');
SELECT id FROM tenancy.create_tenant('re_6', revision => '5');
CALL tenancy.rollout(canary => 1, stop_after_canary => true);
SET client_min_messages = warning;
DROP SCHEMA re_2 CASCADE;
RESET client_min_messages;
SELECT id FROM tenancy.deregister_tenant('re_3');
ALTER SCHEMA re_4 RENAME TO re_moved;
UPDATE tenancy.tenants SET schema = 're_moved' WHERE id = 're_4';
SELECT id FROM tenancy.pin_tenant('re_5', '5');
CALL tenancy.resume(pg_temp.last_run());
SELECT target, state, to_revision, versions, sqlstate, error FROM pg_temp.last_targets();
SELECT * FROM pg_temp.last_state();
SELECT tenant, revision FROM tenancy.status();
SELECT version FROM re_3.schema_migrations ORDER BY 1 DESC LIMIT 1;
-- To try again makes nothing worse.
CALL tenancy.retry_failed(pg_temp.last_run());
SELECT target, state, to_revision, versions, sqlstate, error FROM pg_temp.last_targets();
-- The fleet of now is a matter of a new run.
SELECT id FROM tenancy.deregister_tenant('re_2');
SELECT id FROM tenancy.pin_tenant('re_5', NULL);
CALL tenancy.rollout();

-- A tenant on another server fails there; the schema of that name here is not its own.
CREATE SCHEMA re_far;
SELECT name FROM tenancy.register_server('eu1', 'service=eu1');
SELECT id FROM tenancy.register_tenant('far', 're_far', 'database', 'elsewhere', 'eu1');
SELECT tenancy.add_migration('7', 'CREATE TABLE g (id int)', 'DROP TABLE g');
CALL tenancy.rollout(canary_tenants => '{re_1}');
CALL tenancy.retry_failed(pg_temp.last_run());
SELECT target, state, to_revision, versions, sqlstate, error FROM pg_temp.last_targets();
SELECT to_regclass('re_far.g') IS NULL AS untouched;
SELECT id FROM tenancy.deregister_tenant('far');

-- The shared schema failed: it comes first again, and before any tenant.
SELECT tenancy.add_migration('8', 'CREATE TABLE re_shared (id int PRIMARY KEY)', 'DROP TABLE re_shared',
                             scope => 'public');
SELECT tenancy.add_migration('9', 'CREATE TABLE h (id int REFERENCES re_shared)', 'DROP TABLE h');
UPDATE tenancy.tenants SET tier = 'shared' WHERE id = 're_1';
CREATE TABLE re_shared (mine text);
CALL tenancy.rollout(waves => '{shared}');
SELECT wave, target, state, error FROM pg_temp.last_targets();
SELECT * FROM pg_temp.last_state();
CALL tenancy.resume(pg_temp.last_run());
SELECT wave, target, state, error FROM pg_temp.last_targets();
DROP TABLE re_shared;
CALL tenancy.resume(pg_temp.last_run());
SELECT wave, target, state, versions, error FROM pg_temp.last_targets();
SELECT * FROM pg_temp.last_state();

-- A downgrade is resumed downwards, and the shared schema stays last.
CREATE TABLE re_5.h_stands_on (id int);
ALTER TABLE re_5.h ADD PRIMARY KEY (id);
ALTER TABLE re_5.h_stands_on ADD FOREIGN KEY (id) REFERENCES re_5.h;
SELECT tenant, success, left(error, 60) AS error FROM tenancy.downgrade_all('7');
SELECT target, state, versions, sqlstate FROM pg_temp.last_targets();
SELECT * FROM pg_temp.last_state();
DROP TABLE re_5.h_stands_on;
CALL tenancy.retry_failed(pg_temp.last_run());
SELECT target, state, versions, sqlstate FROM pg_temp.last_targets();
SELECT * FROM pg_temp.last_state();

-- A run whose rows somebody deleted.
CALL tenancy.rollout(canary => 1, stop_after_canary => true);
DELETE FROM tenancy.run_targets WHERE run = pg_temp.last_run();
CALL tenancy.resume(pg_temp.last_run());

SET client_min_messages = warning;
DROP SCHEMA re_1, re_3, re_moved, re_5, re_6, re_far CASCADE;
DROP TABLE public.re_shared, public.schema_migrations;
DROP EXTENSION tenancy;

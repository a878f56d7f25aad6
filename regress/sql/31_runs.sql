-- Fleet operations leave a record: tenancy.runs, run_targets, run_report, progress.
SET tenancy.concurrency = 0;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE FUNCTION pg_temp.last_run() RETURNS bigint LANGUAGE sql AS 'SELECT max(id) FROM tenancy.runs';
CREATE FUNCTION pg_temp.show_runs()
RETURNS TABLE (id bigint, operation text, revision text, state text, reason text, targets int, unchanged int,
               finished bool)
LANGUAGE sql AS $$
SELECT id, operation, revision, state, reason, targets, unchanged, finished_at >= started_at
  FROM tenancy.runs ORDER BY id
$$;

SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT count(*) FROM generate_series(1, 4) AS i, LATERAL tenancy.create_tenant('run_' || i, revision => 'base');
SELECT count(*) FROM pg_temp.show_runs();

-- A run with something to do, one without, and one of which a target fails.
SELECT tenant, success, steps FROM tenancy.migrate_all();
SELECT count(*) FROM tenancy.migrate_all();
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)', 'DROP TABLE b');
SELECT tenancy.add_migration('3', 'CREATE TABLE c (id int)', 'DROP TABLE c');
CREATE TABLE run_3.c (mine text);
SELECT tenant, success, from_revision, to_revision, attempts, sqlstate FROM tenancy.migrate_all();
SELECT * FROM pg_temp.show_runs();
SELECT run, ordinal, wave, tenant, database, schema, migration_set, kind, held_at, versions_wanted, state, attempts,
       waited, from_revision, to_revision, versions, duration >= '0' AS timed, finished_at IS NOT NULL AS finished,
       sqlstate, error, detail, hint
  FROM tenancy.run_targets ORDER BY run, ordinal;
SELECT wave, tenant, schema, state, from_revision, to_revision, versions, attempts, sqlstate, error
  FROM tenancy.run_report(3);
SELECT count(*) FROM tenancy.run_report(2);
SELECT * FROM tenancy.run_report(99);
SELECT * FROM tenancy.run_report(NULL);

-- What was asked is recorded, and under which settings.
SET tenancy.out_of_order = 'skip';
SELECT count(*) FROM tenancy.migrate_all('2', pattern => 'run\_1', tier => NULL, labels => '{}', statuses => '{active}',
                                         migration_set => 'default', run_as => 'caller');
RESET tenancy.out_of_order;
SELECT operation, revision, filter, settings ->> 'tenancy.out_of_order' AS out_of_order, started_by = current_user AS me
  FROM tenancy.runs ORDER BY id DESC LIMIT 1;
SELECT tenant, to_revision, versions FROM tenancy.run_report(pg_temp.last_run());
SELECT count(*) FROM tenancy.downgrade_all('1') WHERE success;
SELECT operation, revision, state FROM tenancy.runs ORDER BY id DESC LIMIT 1;
SELECT tenant, from_revision, to_revision, versions FROM tenancy.run_report(pg_temp.last_run());

-- Finished runs are not in progress.
SELECT * FROM tenancy.progress;

-- In a transaction block the record goes with the work.
SELECT count(*) AS before FROM tenancy.runs \gset
BEGIN;
SELECT count(*) FROM tenancy.migrate_all('2') WHERE success;
SELECT count(*) - :before AS more FROM tenancy.runs;
ROLLBACK;
SELECT count(*) - :before AS more FROM tenancy.runs;
SELECT count(*) FROM tenancy.run_targets t WHERE NOT EXISTS (SELECT FROM tenancy.runs r WHERE r.id = t.run);
BEGIN;
SELECT count(*) FROM tenancy.migrate_all('2') WHERE success;
SELECT state, targets, unchanged FROM tenancy.runs ORDER BY id DESC LIMIT 1;
SAVEPOINT half;
SELECT count(*) FROM tenancy.downgrade_all('1') WHERE success;
ROLLBACK TO half;
COMMIT;
SELECT count(*) - :before AS more FROM tenancy.runs;
SELECT tenant, state, versions FROM tenancy.run_report(pg_temp.last_run());

-- What never began has no record.
SELECT count(*) AS before FROM tenancy.runs \gset
SELECT count(*) FROM tenancy.migrate_all('99');
SELECT tenancy.add_migration('9', 'SELECT 1/0', scope => 'public');
SELECT count(*) FROM tenancy.migrate_all();
SELECT tenancy.drop_migration('9');
SELECT count(*) - :before AS more FROM tenancy.runs;

-- Only a run that a session carries out can be paused or stopped.
SELECT tenancy.pause(1);
SELECT tenancy.abort(1);
SELECT tenancy.pause(99);
SELECT tenancy.pause(NULL);
SELECT tenancy.run_is_alive(1), tenancy.run_is_alive(99), tenancy.run_is_alive(NULL);
-- As a crash leaves one.
INSERT INTO tenancy.runs (id, operation, revision, settings, targets, unchanged)
VALUES (4294967296 + 7, 'upgrade', 'head', '{}', 2, 1);
INSERT INTO tenancy.run_targets (run, ordinal, wave, tenant, schema, migration_set, kind, versions_wanted, state)
VALUES (4294967296 + 7, 1, 'all', 'run_4', 'run_4', 'default', 'tenant', '{}', 'pending');
SELECT run, state, leader, targets, unchanged, done, failed, retrying, remaining, wave, per_second, time_left, workers
  FROM tenancy.progress;
SELECT tenancy.pause(4294967303);
SELECT tenancy.abort(4294967303);
-- Its lock is not that of run 7.
SELECT pg_advisory_lock(x'746e6372'::int, 7);
SELECT tenancy.run_is_alive(4294967303), tenancy.run_is_alive(7);
SELECT pg_advisory_unlock(x'746e6372'::int, 7);
CALL tenancy.resume(4294967303);
SELECT state FROM tenancy.runs WHERE id = 4294967303;
DELETE FROM tenancy.runs WHERE id = 4294967303;
DELETE FROM tenancy.run_targets WHERE run = 4294967303;

-- A reason of more than a page, in characters of more than a byte.
SELECT tenancy.add_migration('4', format('DO $_$ BEGIN RAISE EXCEPTION %L; END $_$', repeat('ä€𝄞', 700)),
                             scope => 'public');
SET client_min_messages = error;
\set VERBOSITY sqlstate
CALL tenancy.rollout();
CALL tenancy.rollout(concurrency => 2);
\set VERBOSITY default
RESET client_min_messages;
SELECT state, length(reason) > 300 AS long, starts_with(reason, 'schema "public": migration 4:') AS named
  FROM tenancy.runs ORDER BY id DESC LIMIT 2;
SELECT tenancy.drop_migration('4');

-- Names that want quotes everywhere.
SELECT id FROM tenancy.create_tenant(E'O\'Neil "the, {one}\\"', 'run "x", {y}\', tier => E'a, "b" \\ {c}''d');
SELECT count(*) FROM tenancy.migrate_all() WHERE success;
SELECT tenancy.add_migration('5', 'CREATE TABLE e (id int)', 'DROP TABLE e');
CALL tenancy.rollout(waves => ARRAY[E'a, "b" \\ {c}''d'], wave_by => 'tier', canary_tenants => ARRAY['run_2']);
SELECT wave, tenant, schema, state, versions FROM tenancy.run_report(pg_temp.last_run());
SELECT policy, filter FROM tenancy.runs ORDER BY id DESC LIMIT 1;
DROP TABLE run_3.c;
CALL tenancy.retry_failed(pg_temp.last_run());
CALL tenancy.rollback_run(pg_temp.last_run());

-- Old runs are deleted with their targets when another ends; not those that are not finished.
UPDATE tenancy.runs SET started_at = started_at - interval '31 days';
UPDATE tenancy.runs SET finished_at = NULL WHERE id = 1;
SELECT count(*) FROM tenancy.migrate_all('1') WHERE success;
SELECT id = 1 AS first, state FROM tenancy.runs ORDER BY id;
SELECT count(*) FROM tenancy.run_targets WHERE run <> 1;
UPDATE tenancy.runs SET finished_at = started_at, started_at = started_at - interval '10 years';
SET tenancy.run_retention = 0;
SELECT count(*) FROM tenancy.migrate_all('1') WHERE success;
SELECT count(*) FROM tenancy.runs;
SET tenancy.run_retention = '1d';
BEGIN;
SELECT count(*) FROM tenancy.migrate_all('1') WHERE success;
SELECT count(*) FROM tenancy.runs;
ROLLBACK;
SELECT count(*) FROM tenancy.runs;
RESET tenancy.run_retention;

-- Who may not keep the record may not begin.
CREATE ROLE run_reader;
GRANT USAGE ON SCHEMA tenancy TO run_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA tenancy TO run_reader;
SET ROLE run_reader;
SELECT count(*) FROM tenancy.migrate_all();
CALL tenancy.resume(1);
SELECT tenancy.abort(1);
SELECT count(*) FROM tenancy.progress;
SELECT count(*) FROM tenancy.run_report(1) WHERE state = 'done';
RESET ROLE;
DROP OWNED BY run_reader;
DROP ROLE run_reader;

SET client_min_messages = warning;
DROP SCHEMA run_1, run_2, run_3, run_4, "run ""x"", {y}\" CASCADE;
DROP EXTENSION tenancy;

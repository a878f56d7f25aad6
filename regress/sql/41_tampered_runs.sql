-- Who may write to tenancy.runs and run_targets does not get at the rights of whoever resumes a run or takes it back.
SET tenancy.concurrency = 0;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set VERBOSITY terse
SELECT tenancy.add_migration('001', 'CREATE TABLE made ()', 'DROP TABLE made');
SELECT count(*) FROM generate_series(1, 3) AS i, LATERAL tenancy.create_tenant('tamper_' || i, revision => 'base');
CALL tenancy.rollout(canary => 1, stop_after_canary => true);
SELECT max(id) AS run FROM tenancy.runs \gset

-- A schema that is not the shared one in its place, which migrations of the caller run in.
CREATE ROLE regress_tamper;
CREATE SCHEMA tamper_planted AUTHORIZATION regress_tamper;
UPDATE tenancy.run_targets SET schema = 'tamper_planted', kind = 'combined', tenant = NULL WHERE ordinal = 2;
CALL tenancy.resume(:run);
UPDATE tenancy.run_targets SET versions = '{001}' WHERE ordinal = 2;
CALL tenancy.rollback_run(:run);

-- A schema that no tenant is registered with.
UPDATE tenancy.run_targets SET kind = 'tenant' WHERE ordinal = 2;
CALL tenancy.rollback_run(:run);
UPDATE tenancy.run_targets SET versions = '{}' WHERE ordinal = 2;
CALL tenancy.resume(:run);
SELECT schema, state, error FROM tenancy.run_targets ORDER BY ordinal;
SELECT schemaname FROM pg_tables WHERE tablename = 'made' ORDER BY 1;

-- The caller's rights for migrations in what others own.
UPDATE tenancy.runs SET policy = policy || '{"run_as": "caller"}';
CALL tenancy.retry_failed(:run);
CALL tenancy.rollback_run(:run);
CALL tenancy.retry_failed(:run, run_as => 'auto');
CALL tenancy.rollback_run(:run, run_as => 'caller');

SET client_min_messages = warning;
DROP SCHEMA tamper_1, tamper_2, tamper_3, tamper_planted CASCADE;
DROP EXTENSION tenancy;
DROP ROLE regress_tamper;

-- tenancy.status: where every tenant stands.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
CREATE FUNCTION pg_temp.standing()
RETURNS TABLE (tenant text, isolation text, schema text, status text, tier text, migration_set text, revision text,
               head text, pending int, state text, applied bool, detail text)
LANGUAGE sql AS $$
SELECT s.tenant, s.isolation, s.schema, s.status, s.tier, s.migration_set, s.revision, s.head, s.pending, s.state,
       s.last_applied_at IS NOT NULL, s.detail FROM tenancy.status() AS s
$$;

-- Nothing there.
SELECT * FROM pg_temp.standing();

SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)');
SELECT tenancy.add_migration('3', 'CREATE TABLE st_shared (id int)', scope => 'public');
SELECT tenancy.add_migration('view', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one', repeatable => true);
SELECT tenancy.add_migration('1', 'CREATE TABLE u (id int)', migration_set => 'users');
SET client_min_messages = error;
SELECT count(*)
  FROM unnest(ARRAY['behind', 'changed', 'current', 'doubt', 'foreign', 'fresh', 'newer', 'users']) AS name,
     LATERAL tenancy.create_tenant('st_' || name, revision => CASE name WHEN 'behind' THEN '1' ELSE 'head' END,
                                   migration_set => CASE name WHEN 'users' THEN 'users' ELSE 'default' END);
RESET client_min_messages;

-- Every state there is.
DROP TABLE st_foreign.schema_migrations;
CREATE TABLE st_foreign.schema_migrations (version bigint PRIMARY KEY, dirty boolean);
DROP TABLE st_fresh.schema_migrations;
UPDATE st_changed.schema_migrations SET checksum = 'x' WHERE version IN ('1', '2');
UPDATE st_doubt.schema_migrations SET state = 'running' WHERE version = '2';
INSERT INTO st_newer.schema_migrations SELECT 'default', '9', '', 'x', 'applied', now(), 'x', '0';
SELECT id FROM tenancy.register_tenant('st_far', 'main', isolation => 'database', database => 'elsewhere');
SELECT name FROM tenancy.register_server('eu1', 'service=eu1');
SELECT id FROM tenancy.register_tenant('st_farther', isolation => 'database', database => 'elsewhere', server => 'eu1');
INSERT INTO tenancy.tenants (id, schema, status, tier) VALUES ('st_gone', 'st_gone', 'archived', 'gold');
INSERT INTO tenancy.tenants (id, schema, isolation, migration_set)
VALUES ('st_none', 'st_current', 'rls', 'no_such_set'), ('st_row1', 'st_rls', 'rls', 'default'),
       ('st_row2', 'st_rls', 'rls', 'default');
CREATE SCHEMA st_rls;
SELECT * FROM pg_temp.standing();
SELECT tenant, server, database FROM tenancy.status() WHERE server IS NOT NULL OR database IS NOT NULL;

-- What status says is behind, an upgrade does: as many steps as are pending.
SELECT count(*) FROM tenancy.migrate_tenant('st_behind');
SELECT revision, pending, state FROM tenancy.status('st_behind') WHERE tenant IS NOT NULL;
SELECT count(*) FROM tenancy.migrate_public();
SELECT revision, head, pending, state FROM tenancy.status('nobody');

-- Filters; all of them must hold. The shared schema is always there.
UPDATE tenancy.tenants SET labels = '{"eu": true, "n": 1}', tier = 'gold' WHERE id IN ('st_current', 'st_users');
SELECT tenant FROM tenancy.status('st\_c%');
SELECT tenant FROM tenancy.status(tier => 'gold');
SELECT tenant FROM tenancy.status(labels => '{"eu": true}');
SELECT tenant FROM tenancy.status(labels => '{"eu": false}');
SELECT tenant FROM tenancy.status(statuses => '{archived,suspended}');
SELECT tenant FROM tenancy.status(statuses => '{}');
SELECT tenant FROM tenancy.status(migration_set => 'users');
SELECT tenant FROM tenancy.status('st\_%', 'gold', '{"n": 1}', '{active}', 'default');

-- Who may not read a tracking table is told so, and the others are still shown.
CREATE ROLE regress_status;
GRANT USAGE ON SCHEMA tenancy, st_current TO regress_status;
GRANT SELECT ON tenancy.migrations, tenancy.tenants, st_current.schema_migrations TO regress_status;
SET ROLE regress_status;
SELECT tenant, schema, revision, pending, state, detail FROM tenancy.status('st\_c%', migration_set => 'default');
RESET ROLE;

-- Sees what this transaction did, and keeps no lock.
BEGIN;
SELECT version FROM tenancy.migrate_schema('st_rls');
SELECT revision, state FROM tenancy.status('st\_row1') WHERE tenant IS NOT NULL;
ROLLBACK;
BEGIN;
SELECT count(*) FROM tenancy.status();
SELECT locktype, mode, relation::regclass FROM pg_locks
 WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR relation::regclass::text LIKE '%schema_migrations');
COMMIT;

-- The shared schema with two sets.
SELECT tenancy.add_migration('7', 'SELECT 1', scope => 'both', migration_set => 'users');
SELECT tenant, isolation, schema, migration_set, revision, head, pending, state
  FROM tenancy.status('st\_users');

-- A tracking table of another name.
SET tenancy.tracking_table = 'tenancy_migrations';
SELECT tenant, revision, state, detail FROM tenancy.status('st\_foreign') WHERE tenant IS NOT NULL;
RESET tenancy.tracking_table;

SET client_min_messages = warning;
DROP SCHEMA st_behind, st_changed, st_current, st_doubt, st_foreign, st_fresh, st_newer, st_users, st_rls CASCADE;
DROP TABLE public.st_shared, public.schema_migrations;
REVOKE ALL ON SCHEMA tenancy FROM regress_status;
DROP EXTENSION tenancy;
DROP ROLE regress_status;

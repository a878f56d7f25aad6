-- Pinned tenants: fleet operations do not take them beyond a revision.
SET tenancy.concurrency = 0;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE FUNCTION pg_temp.standing(pattern text DEFAULT NULL)
RETURNS TABLE (tenant text, revision text, head text, pending int, state text, detail text)
LANGUAGE sql AS 'SELECT s.tenant, s.revision, s.head, s.pending, s.state, s.detail FROM tenancy.status($1) AS s';

SELECT tenancy.add_migration('101', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT tenancy.add_migration('102', 'CREATE TABLE b (id int)', 'DROP TABLE b');
SELECT tenancy.add_migration('201', 'CREATE TABLE c (id int)', 'DROP TABLE c');
SELECT tenancy.add_migration('view', 'CREATE VIEW v AS SELECT 1 AS one', 'DROP VIEW v', repeatable => true);
SELECT tenancy.add_migration('500', 'SELECT 1', 'SELECT 1', migration_set => 'users');
SELECT count(*) FROM generate_series(1, 4) AS i, LATERAL tenancy.create_tenant('pin_' || i, revision => 'base');

-- What a pin may be: base, a version, or the beginning of one, which is completed.
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_1', '101');
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_2', '2');
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_3', 'base');
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_4', '10');
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_4', '500');
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_4', 'view');
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_4', 'head');
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_4', '+1');
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_4', '');
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_4', '1%');
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_4', E'10\n1');
SELECT id, pinned_revision FROM tenancy.pin_tenant('nobody', '101');
SELECT id, pinned_revision FROM tenancy.pin_tenant(NULL, '101');
SELECT id, pinned_revision FROM tenancy.pin_tenant('pin_4', NULL);
\set VERBOSITY sqlstate
UPDATE tenancy.tenants SET pinned_revision = 'head' WHERE id = 'pin_4';
\set VERBOSITY default

-- A tenant below its pin is behind; one that stands there is pinned.
SELECT * FROM pg_temp.standing();
SELECT tenant, success, from_revision, to_revision, steps, held_at FROM tenancy.migrate_all();
SELECT tenant, held_at, state, to_revision, versions FROM tenancy.run_report(1);
SELECT * FROM pg_temp.standing();
SELECT to_regclass('pin_2.v') IS NOT NULL AS newest_has_all, to_regclass('pin_4.v') IS NOT NULL AS free_has_all;

-- A rollout says how many it holds back: those that would have had more to do.
CALL tenancy.rollout();
SELECT tenancy.add_migration('202', 'CREATE TABLE d (id int)', 'DROP TABLE d');
CALL tenancy.rollout('201');
CALL tenancy.rollout('101');
CALL tenancy.rollout();
SELECT * FROM pg_temp.standing();

-- Past its pin a tenant stays, and is not taken down.
SELECT count(*) FROM tenancy.pin_tenant('pin_4', '101');
SELECT tenancy.add_migration('203', 'CREATE TABLE e (id int)', 'DROP TABLE e');
SELECT tenant, success, from_revision, to_revision, steps, held_at FROM tenancy.migrate_all();
SELECT * FROM pg_temp.standing();

-- Pins are for fleets, upwards: a tenant by itself may go on, and downgrades do not ask.
SELECT version FROM tenancy.migrate_tenant('pin_1', '102');
SELECT * FROM pg_temp.standing('pin\_1');
SELECT tenant, success, from_revision, to_revision, held_at FROM tenancy.downgrade_all('101');
CALL tenancy.migrate_targets('{pin_1,pin_2}');
SELECT tenant, revision, state FROM pg_temp.standing();

-- Other flaws come before a pin.
UPDATE pin_1.schema_migrations SET checksum = 'x' WHERE version = '101';
SELECT tenant, state, detail FROM pg_temp.standing('pin\_1');
SELECT tenant, success, sqlstate FROM tenancy.migrate_all(pattern => 'pin\_1');
UPDATE pin_1.schema_migrations s SET checksum = m.checksum FROM tenancy.migrations m WHERE m.version = '101' AND s.version = '101';
-- A late migration below the pin.
SELECT tenancy.add_migration('100', 'CREATE TABLE zero (id int)', 'DROP TABLE zero');
SELECT * FROM pg_temp.standing('pin\_1');
SELECT tenant, success, error FROM tenancy.migrate_all(pattern => 'pin\_1');
SET tenancy.out_of_order = 'skip';
SELECT * FROM pg_temp.standing('pin\_1');
SELECT tenant, success, steps, held_at FROM tenancy.migrate_all(pattern => 'pin\_1');
RESET tenancy.out_of_order;
SELECT tenancy.drop_migration('100');

-- A pin whose migration is gone fails its own target only.
SELECT tenancy.add_migration('300', 'SELECT 1', 'SELECT 1');
SELECT count(*) FROM tenancy.pin_tenant('pin_3', '300');
SELECT tenancy.drop_migration('300');
SELECT tenant, success, to_revision, error FROM tenancy.migrate_all(pattern => 'pin%') WHERE NOT success;
SELECT tenant, success, to_revision, error FROM tenancy.migrate_all() WHERE NOT success;
SELECT * FROM pg_temp.standing('pin\_3');
SELECT count(*) FROM tenancy.pin_tenant('pin_3', 'base');

-- Tenants that share a schema are held at the lowest of their pins, whichever of them an operation selects.
CREATE SCHEMA pin_rls;
SELECT count(*) FROM generate_series(1, 3) AS i,
       LATERAL tenancy.register_tenant('row_' || i, 'pin_rls', isolation => 'rls', tier => 'tier ' || i);
SELECT count(*) FROM tenancy.pin_tenant('row_1', '201') UNION ALL SELECT count(*) FROM tenancy.pin_tenant('row_2', '101');
SELECT schema, success, to_revision, held_at FROM tenancy.migrate_all(pattern => 'row%');
SELECT schema, success, to_revision, held_at FROM tenancy.migrate_all(tier => 'tier 3');
SELECT id, status FROM tenancy.set_tenant_status('row_2', 'suspended');
SELECT schema, success, to_revision, held_at FROM tenancy.migrate_all(pattern => 'row%');
SELECT * FROM pg_temp.standing('row%');
SELECT count(*) FROM tenancy.pin_tenant('row_2', 'base') UNION ALL SELECT count(*) FROM tenancy.pin_tenant('row_3', '102');
SELECT schema, success, to_revision, held_at FROM tenancy.migrate_all(pattern => 'row%');
SELECT * FROM pg_temp.standing('row%');
SELECT count(*) FROM tenancy.pin_tenant('row_2', NULL);
SELECT schema, success, to_revision, held_at FROM tenancy.migrate_all(pattern => 'row%');
-- One of several pins whose migration is gone.
SELECT tenancy.add_migration('300', 'SELECT 1', 'SELECT 1');
SELECT count(*) FROM tenancy.pin_tenant('row_1', '300');
SELECT tenancy.drop_migration('300');
SELECT tenant, schema, success, error FROM tenancy.migrate_all() WHERE NOT success OR schema = 'pin_4';
SELECT tenant, state, detail FROM pg_temp.standing('row%');
SELECT count(*) FROM unnest('{row_1,row_2,row_3}'::text[]) AS id, LATERAL tenancy.deregister_tenant(id);

-- The shared schema is held by the tenants that live in it.
SELECT id FROM tenancy.register_tenant('row_1', 'public', isolation => 'rls');
SELECT count(*) FROM tenancy.pin_tenant('row_1', '101');
SELECT tenant, schema, success, to_revision, held_at FROM tenancy.migrate_all(pattern => 'row%');
SELECT * FROM pg_temp.standing('row%');
SELECT version FROM tenancy.downgrade_public('base');
SELECT count(*) FROM tenancy.deregister_tenant('row_1');

-- A new tenant has no pin.
SELECT id, pinned_revision FROM tenancy.create_tenant('pin_5');
SELECT * FROM pg_temp.standing('pin\_5');

SET client_min_messages = warning;
DROP SCHEMA pin_1, pin_2, pin_3, pin_4, pin_5, pin_rls CASCADE;
DROP TABLE public.schema_migrations;
DROP EXTENSION tenancy;

-- Migrations that are older than what is applied: tenancy.out_of_order.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE SCHEMA ooo;
SELECT tenancy.add_migration('10', 'CREATE TABLE t10 (id int)', 'DROP TABLE t10');
SELECT tenancy.add_migration('30', 'CREATE TABLE t30 (id int)', 'DROP TABLE t30');
SELECT version FROM tenancy.migrate_schema('ooo');
SELECT tenancy.add_migration('20', 'CREATE TABLE t20 (id int)', 'DROP TABLE t20');
SELECT tenancy.add_migration('25', 'CREATE TABLE t25 (id int)', 'DROP TABLE t25');
SELECT tenancy.add_migration('40', 'CREATE TABLE t40 (id int)', 'DROP TABLE t40');
SELECT tenancy.add_migration('note', 'SELECT 1', repeatable => true);

-- refuse, the default: nothing is applied, not even what is newer.
SHOW tenancy.out_of_order;
SELECT version FROM tenancy.migrate_schema('ooo');
SELECT version FROM tenancy.plan_upgrade('ooo');
SELECT version FROM tenancy.migrate_schema('ooo', '20');
SELECT version FROM tenancy.migrate_schema('ooo', '+1');
SELECT version FROM tenancy.migrate_schema('ooo', '10');
SELECT id FROM tenancy.register_tenant('ooo');
SELECT revision, pending, state, detail FROM tenancy.status('ooo');
SELECT tenant, success, sqlstate, error FROM tenancy.migrate_all();
SELECT version FROM ooo.schema_migrations ORDER BY version;

-- skip: said, and left out; what is newer is applied.
SET tenancy.out_of_order = skip;
SELECT version FROM tenancy.plan_upgrade('ooo');
SELECT version FROM tenancy.migrate_schema('ooo');
SELECT version FROM tenancy.migrate_schema('ooo');
SELECT version FROM ooo.schema_migrations ORDER BY version;
SELECT revision, pending, state FROM tenancy.status('ooo');
SELECT tenant, success, from_revision, to_revision, steps FROM tenancy.migrate_all();

-- apply: in their own order, before what is newer.
SET tenancy.out_of_order = apply;
SELECT tenancy.add_migration('50', 'CREATE TABLE t50 (id int)', 'DROP TABLE t50');
SELECT version FROM tenancy.plan_upgrade('ooo');
SELECT version FROM tenancy.migrate_schema('ooo', '20');
SELECT version FROM tenancy.migrate_schema('ooo', '+1');
SELECT version FROM tenancy.migrate_schema('ooo');
SELECT version FROM ooo.schema_migrations ORDER BY version;
RESET tenancy.out_of_order;
SELECT revision, pending, state FROM tenancy.status('ooo');

-- Down goes by version, whenever it was applied.
SELECT version FROM tenancy.downgrade_schema('ooo', '10');

-- A refused value changes nothing.
SET tenancy.out_of_order = 'maybe';
SHOW tenancy.out_of_order;

SET client_min_messages = warning;
DROP SCHEMA ooo CASCADE;
DROP EXTENSION tenancy;

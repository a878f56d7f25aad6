-- tenancy.downgrade_all: tenants first, then the shared schema.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

SELECT tenancy.add_migration('1', 'CREATE TABLE dall_shared (id int PRIMARY KEY)', 'DROP TABLE dall_shared',
       scope => 'public');
SELECT tenancy.add_migration('2', 'CREATE TABLE a (id int REFERENCES dall_shared)', 'DROP TABLE a');
SELECT tenancy.add_migration('3', 'CREATE TABLE b (id int)', 'DROP TABLE b', scope => 'both');
SELECT count(*) FROM tenancy.migrate_public();
SELECT count(*) FROM generate_series(1, 3) AS i, LATERAL tenancy.create_tenant('dall_' || i);

-- One back; nobody goes up by it.
SELECT version FROM tenancy.downgrade_tenant('dall_1', 'base');
SELECT tenant, schema, success, from_revision, to_revision, steps, sqlstate, error FROM tenancy.downgrade_all('2');
SELECT tenant, schema, success, from_revision, to_revision, steps, sqlstate, error FROM tenancy.downgrade_all('2');

-- A tenant that fails keeps the shared schema as it is: it still needs it.
CREATE VIEW dall_3.keeps_a AS SELECT * FROM dall_3.a;
SELECT tenant, schema, success, from_revision, to_revision, steps, sqlstate, error FROM tenancy.downgrade_all('base');
SELECT version FROM public.schema_migrations;
SELECT version FROM dall_3.schema_migrations;
DROP VIEW dall_3.keeps_a;
SELECT tenant, schema, success, from_revision, to_revision, steps, sqlstate, error FROM tenancy.downgrade_all('base');
SELECT to_regclass('public.dall_shared'), to_regclass('dall_3.a');

-- A migration without a way back is a failure of the targets that have it.
SELECT count(*) FROM tenancy.migrate_all() WHERE success;
SELECT tenancy.add_migration('4', 'CREATE TABLE c (id int)');
SELECT version FROM tenancy.migrate_tenant('dall_2');
SELECT tenant, success, to_revision, steps, sqlstate, error FROM tenancy.downgrade_all('2');

-- Filters: the shared schema is everybody's, and stays when only some go down.
SET client_min_messages = error;
SELECT tenant, steps FROM tenancy.downgrade_all('base', pattern => 'dall\_1') WHERE tenant IS NOT NULL;
UPDATE tenancy.tenants SET status = 'suspended' WHERE id = 'dall_3';
SELECT tenant, steps FROM tenancy.downgrade_all('base', statuses => '{suspended}') WHERE tenant IS NOT NULL;
RESET client_min_messages;
SELECT to_regclass('public.dall_shared');

-- Refused.
SELECT * FROM tenancy.downgrade_all('-1');
SELECT * FROM tenancy.downgrade_all('head');
SELECT * FROM tenancy.downgrade_all(NULL);
SELECT * FROM tenancy.downgrade_all('9');
SELECT tenancy.downgrade_all();

SET client_min_messages = warning;
DROP SCHEMA dall_1, dall_2, dall_3 CASCADE;
DROP TABLE IF EXISTS public.dall_shared, public.b, public.schema_migrations CASCADE;
DROP EXTENSION tenancy;

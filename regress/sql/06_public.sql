-- The shared schema: migrate_public and downgrade_public, scopes, several shared schemas.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

SELECT tenancy.add_migration('1', 'CREATE TABLE pub_plans (id int PRIMARY KEY, name text)', 'DROP TABLE pub_plans',
                             scope => 'public');
SELECT tenancy.add_migration('2', 'CREATE TABLE pub_notes (plan int REFERENCES pub_plans)', 'DROP TABLE pub_notes');
SELECT tenancy.add_migration('3', 'CREATE TABLE pub_log (id int)', 'DROP TABLE pub_log', scope => 'both');

-- public and both go here, tenant and both there.
SELECT step, version, direction FROM tenancy.migrate_public();
SELECT step, version FROM tenancy.migrate_public();
CREATE SCHEMA pub_t;
SELECT step, version FROM tenancy.migrate_schema('pub_t');
SELECT relnamespace::regnamespace, relname FROM pg_class
 WHERE relname IN ('pub_plans', 'pub_notes', 'pub_log', 'schema_migrations') ORDER BY 1, 2;
SELECT version FROM public.schema_migrations ORDER BY 1;

-- A foreign key to a shared table keeps it; down, in order.
SELECT * FROM tenancy.downgrade_public('base');
SELECT version FROM tenancy.downgrade_schema('pub_t', 'base');
SELECT version FROM tenancy.downgrade_public();
SELECT version FROM tenancy.downgrade_public();
SELECT version FROM tenancy.downgrade_public();
SELECT version FROM tenancy.migrate_public('1');
SELECT * FROM tenancy.migrate_public('2');
SELECT * FROM tenancy.migrate_public('head', 'no_such_set');
SELECT version FROM tenancy.downgrade_public('base');
DROP TABLE public.schema_migrations;

-- Scopes that changed since.
SELECT tenancy.add_migration('1', 'CREATE TABLE scope_t (id int)', migration_set => 'scopes');
SELECT version FROM tenancy.migrate_schema('pub_t', migration_set => 'scopes');
UPDATE tenancy.migrations SET scope = 'public' WHERE migration_set = 'scopes';
SELECT * FROM tenancy.migrate_schema('pub_t', migration_set => 'scopes');

-- Two shared schemas: the first is migrated, both are in the search_path, behind the tenant's.
CREATE SCHEMA pub_core;
CREATE SCHEMA "Pub Ext";
CREATE TABLE "Pub Ext".lookup (id int);
SET tenancy.shared_schemas = 'pub_core, "Pub Ext"';
SELECT tenancy.shared_schemas();
SELECT tenancy.add_migration('1', $$
    CREATE TABLE rates AS SELECT id, current_setting('search_path') AS path FROM lookup;
    INSERT INTO rates VALUES (1, current_setting('search_path'))$$, scope => 'both', migration_set => 'two');
SELECT version FROM tenancy.migrate_public(migration_set => 'two');
SELECT version FROM tenancy.migrate_schema('pub_t', migration_set => 'two');
SELECT path FROM pub_core.rates;
SELECT path FROM pub_t.rates;
SELECT * FROM tenancy.migrate_schema('pub_core', migration_set => 'two');
SELECT version FROM tenancy.migrate_schema('Pub Ext', migration_set => 'two');
SELECT path FROM "Pub Ext".rates;

-- A shared schema that does not exist.
SET tenancy.shared_schemas = 'pub_nowhere';
SELECT * FROM tenancy.migrate_public(migration_set => 'two');
RESET tenancy.shared_schemas;
SELECT tenancy.shared_schemas();

-- A shared schema that also holds rls tenants gets migrations of every scope.
CREATE SCHEMA pub_all;
SET tenancy.shared_schemas = 'pub_all';
SELECT id FROM tenancy.register_tenant('row1', 'pub_all', isolation => 'rls');
SELECT version FROM tenancy.migrate_public();
SELECT version FROM tenancy.downgrade_tenant('row1', '1');
SELECT version FROM tenancy.migrate_tenant('row1');
SELECT tenant, isolation, schema, revision, state FROM tenancy.status(migration_set => 'default');
RESET tenancy.shared_schemas;

-- In a database of tenants that another one knows, the caller says which scopes it gets.
CREATE SCHEMA pub_own;
SET tenancy.shared_schemas = 'pub_own';
SELECT version FROM tenancy.migrate_public(kind => 'shared');
SELECT version FROM tenancy.downgrade_public('base', kind => 'combined');
SELECT version FROM tenancy.migrate_public(kind => 'combined');
SELECT * FROM tenancy.migrate_public(kind => 'tenant');
SELECT * FROM tenancy.migrate_public(kind => 'own');
SELECT * FROM tenancy.migrate_public('no_such', kind => 'combined');
RESET tenancy.shared_schemas;

SET client_min_messages = warning;
DROP SCHEMA pub_t, pub_core, "Pub Ext", pub_all, pub_own CASCADE;
DROP EXTENSION tenancy;

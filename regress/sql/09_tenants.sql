-- Tenants: create, register, discover, import, status, deregister.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int PRIMARY KEY)');
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)');
SELECT tenancy.add_migration('1', 'CREATE TABLE mini (id int)', migration_set => 'mini');

-- create_tenant: schema, tracking table, migrations, seed.
SELECT id, isolation, server, database, schema, migration_set, status, tier, labels
  FROM tenancy.create_tenant('tn_acme');
SELECT id, schema, migration_set, tier, labels
  FROM tenancy.create_tenant('Beta & Söhne', 'tn_beta', 'mini', 'gold', '{"eu": true}', revision => '1',
                             seed_sql => 'INSERT INTO mini VALUES (1); INSERT INTO mini SELECT 2;');
SELECT * FROM tn_beta.mini;
SELECT version FROM tn_acme.schema_migrations ORDER BY 1;
CREATE ROLE regress_tenant_owner;
SELECT schema FROM tenancy.create_tenant('tn_owned', owner_role => 'regress_tenant_owner', revision => '1',
                                         seed_sql => 'INSERT INTO a VALUES (7)');
SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'tn_owned';
SELECT relname, relowner::regrole FROM pg_class WHERE relnamespace = 'tn_owned'::regnamespace AND relkind = 'r'
 ORDER BY 1;
SELECT applied_by FROM tn_owned.schema_migrations;

-- No migrations yet: a schema and a tracking table all the same.
SELECT schema, migration_set FROM tenancy.create_tenant('tn_bare', migration_set => 'none_yet');
SELECT to_regclass('tn_bare.schema_migrations');

-- All or nothing.
SELECT tenancy.create_tenant('tn_acme');
SELECT tenancy.create_tenant('tn_acme', 'tn_acme2');
SELECT tenancy.create_tenant('tn_acme2', 'tn_acme');
SELECT tenancy.create_tenant('tn_new', seed_sql => E'INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (1);');
SELECT tenancy.create_tenant('tn_new', seed_sql => 'INSERT INTO a VALUES (1); COMMIT;');
SELECT tenancy.create_tenant('tn_new', seed_sql => 'CREATE TABLE public.tn_stray (id int)');
SELECT tenancy.create_tenant('tn_new', revision => '99');
SELECT tenancy.create_tenant('tn_new', owner_role => 'regress_no_such_role');
SELECT tenancy.create_tenant('tn_new', run_as => 'somebody');
\set VERBOSITY terse
SELECT tenancy.create_tenant('tn_new', labels => '[1]');
SELECT tenancy.create_tenant('tn_new', migration_set => 'Not A Set');
\set VERBOSITY default
SELECT tenancy.add_migration('3', E'CREATE TABLE c (id int);\nSELECT 1/0;');
SELECT tenancy.create_tenant('tn_new');
SELECT tenancy.drop_migration('3');
SELECT tenancy.create_tenant('');
SELECT tenancy.create_tenant(NULL);
SELECT tenancy.create_tenant('pg_tenant');
SELECT tenancy.create_tenant(repeat('x', 64));
SELECT tenancy.create_tenant('too long: schema', repeat('ö', 32));
SELECT nspname FROM pg_namespace WHERE nspname IN ('tn_new', 'tn_acme2', '') OR nspname LIKE 'xxx%';
SELECT id FROM tenancy.tenants WHERE id NOT IN ('tn_acme', 'Beta & Söhne', 'tn_owned', 'tn_bare');

-- register_tenant: what exists already.
CREATE SCHEMA tn_disc0;
CREATE SCHEMA tn_old1;
CREATE SCHEMA tn_old2;
SELECT id, isolation, schema, migration_set, status, tier, labels FROM tenancy.register_tenant('tn_old1');
SELECT id, isolation, schema, status, tier, labels
  FROM tenancy.register_tenant('row 1', 'tn_old2', 'rls', status => 'suspended', tier => 'gold', labels => '{"a": 1}');
SELECT id, isolation, schema FROM tenancy.register_tenant('row 2', 'tn_old2', isolation => 'rls');
SELECT id, isolation, server, database, schema FROM tenancy.register_tenant('db 1', NULL, 'database', 'app_1');
SELECT name FROM tenancy.register_server('eu1', 'service=eu1');
SELECT id, isolation, server, database, schema FROM tenancy.register_tenant('db 2', 'main', 'database', 'app_1', 'eu1');
SELECT id, isolation, database, schema FROM tenancy.register_tenant('there', 'x', database => 'app_1');
SELECT count(*) FROM pg_class WHERE relnamespace IN ('tn_old1'::regnamespace, 'tn_old2'::regnamespace);

SELECT tenancy.register_tenant('tn_old1');
SELECT tenancy.register_tenant('another', 'tn_old1');
SELECT tenancy.register_tenant('another', 'tn_old2');
SELECT tenancy.register_tenant('another', 'nowhere');
SELECT tenancy.register_tenant('another', 'public');
SELECT tenancy.register_tenant('another', 'pg_catalog');
SELECT tenancy.register_tenant('another', 'tenancy');
\set VERBOSITY terse
SELECT tenancy.register_tenant('another', 'tn_disc0', isolation => 'table');
SELECT tenancy.register_tenant('another', isolation => 'database');
SELECT tenancy.register_tenant('another', 'tn_old1', server => 'eu1');
SELECT tenancy.register_tenant('another', 'main', 'database', 'app_1', 'eu1');
SELECT tenancy.register_tenant('another', 'x', database => 'app_1');
SELECT tenancy.register_tenant('another', 'x', database => repeat('d', 64));
\set VERBOSITY default
\set VERBOSITY terse
SELECT tenancy.register_tenant('another', 'tn_disc0', status => 'deleted');
\set VERBOSITY default
SELECT tenancy.register_tenant(NULL);
SELECT tenancy.register_tenant('');
SELECT count(*) FROM tenancy.tenants WHERE id = 'another';

DROP SCHEMA tn_disc0;

-- discover
CREATE SCHEMA tn_disc1;
CREATE SCHEMA tn_disc2;
SELECT id, schema, migration_set, tier FROM tenancy.discover('tn\_%', 'mini', 'silver');
SELECT id FROM tenancy.discover('tn\_%');
SELECT id FROM tenancy.discover('pg\_%');
SELECT id FROM tenancy.discover('public');
SELECT id FROM tenancy.discover('tenancy');
SELECT id FROM tenancy.discover(NULL);

-- register_from: any query.
CREATE TEMP TABLE source (id text, schema text, tier text, labels jsonb, status text);
INSERT INTO source VALUES ('tn_disc1', 'tn_disc1', 'gold', '{"eu": true}', 'active'),
                          ('tn_disc2', 'tn_disc2', 'silver', '{}', 'active'),
                          ('row 3', 'tn_old2', NULL, '{"b": 2}', 'suspended');
SELECT * FROM tenancy.register_from($$SELECT *, CASE id WHEN 'row 3' THEN 'rls' ELSE 'schema' END AS isolation
                                      FROM source ORDER BY id;$$);
SELECT * FROM tenancy.register_from($$SELECT *, CASE id WHEN 'row 3' THEN 'rls' ELSE 'schema' END AS isolation
                                      FROM source ORDER BY id; $$);
SELECT id, schema, isolation, migration_set, tier, labels, status FROM tenancy.tenants
 WHERE id IN ('tn_disc1', 'tn_disc2', 'row 3') ORDER BY id COLLATE "C";
\set VERBOSITY terse
-- NULL says nothing: the default for a new tenant, no change for a known one.
SELECT * FROM tenancy.register_from($$SELECT 'tn_null' AS id, 'tn_old2' AS schema, 'rls' AS isolation,
                                             NULL::jsonb AS labels, NULL AS status, NULL AS migration_set$$);
SELECT * FROM tenancy.register_from($$SELECT 'tn_null' AS id, 'tn_old2' AS schema, 'rls' AS isolation,
                                             NULL::jsonb AS labels, NULL AS status, NULL AS migration_set$$);
\set VERBOSITY default
SELECT labels, status, migration_set FROM tenancy.tenants WHERE id = 'tn_null';
SELECT * FROM tenancy.register_from('SELECT 1 AS id, 2 AS size, ''tn_old2'' AS schema');
SELECT * FROM tenancy.register_from('SELECT ''x'' AS name');
SELECT * FROM tenancy.register_from('SELECT NULL::text AS id');
SELECT * FROM tenancy.register_from('SELECT ''brand new'' AS id');
\set VERBOSITY terse
SELECT * FROM tenancy.register_from('SELECT ''tn_disc1'' AS id, ''gone'' AS status');
\set VERBOSITY default
SELECT * FROM tenancy.register_from('DELETE FROM tenancy.tenants RETURNING id');
SELECT * FROM tenancy.register_from('');
SELECT * FROM tenancy.register_from(NULL);

-- set_tenant_status, deregister_tenant
SELECT id, status, updated_at >= created_at AS touched FROM tenancy.set_tenant_status('row 1', 'archived');
SELECT tenancy.set_tenant_status('row 1', 'deleted');
SELECT tenancy.set_tenant_status('row 1', NULL);
SELECT tenancy.set_tenant_status('nobody', 'active');
SELECT id, status FROM tenancy.deregister_tenant('row 1');
SELECT tenancy.deregister_tenant('row 1');
SELECT tenancy.deregister_tenant(NULL);
SELECT id FROM tenancy.deregister_tenant('tn_acme');
SELECT version FROM tn_acme.schema_migrations ORDER BY 1;
SELECT id FROM tenancy.register_tenant('tn_acme');
SELECT version FROM tenancy.migrate_tenant('tn_acme');

-- The table itself keeps two tenants from one schema, whoever writes to it.
\set VERBOSITY terse
INSERT INTO tenancy.tenants (id, schema) VALUES ('twin', 'tn_acme');
INSERT INTO tenancy.tenants (id, schema) VALUES ('', 'tn_x');
INSERT INTO tenancy.tenants (id, schema, server) VALUES ('far', 'tn_x', 'eu1');
\set VERBOSITY default

SET client_min_messages = warning;
DROP SCHEMA tn_acme, tn_beta, tn_owned, tn_bare, tn_old1, tn_old2, tn_disc1, tn_disc2 CASCADE;
DROP TABLE source;
DROP EXTENSION tenancy;
DROP ROLE regress_tenant_owner;

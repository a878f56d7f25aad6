-- Variables in migrations: {{ name }}, and Flyway's ${name}.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

SELECT * FROM tenancy.load_migration('001_limits.sql', $file$-- MIGRATION_VARIABLES: on
-- UPGRADE
CREATE TABLE {{ schema }}.limits (id int DEFAULT {{ seats | raw }}, region text DEFAULT {{ region }});
COMMENT ON TABLE limits IS 'of {{ tenant }}';
CREATE FUNCTION where_it_is() RETURNS text LANGUAGE sql AS $$ SELECT {{ region }} || ' {{ tenant }}' $$;
INSERT INTO limits DEFAULT VALUES;
-- DOWNGRADE
DROP FUNCTION where_it_is();
DROP TABLE {{ schema }}.limits;
COMMENT ON SCHEMA {{ schema }} IS 'was {{ tenant }}';
$file$);
SELECT variables, checksum = encode(sha256(convert_to(up_sql, 'UTF8')), 'hex') AS of_the_source FROM tenancy.migrations;

-- Without all values nothing of a target runs.
SELECT count(*) FROM unnest(ARRAY['var_a', 'var_o''b']) AS id, LATERAL tenancy.create_tenant(id, revision => 'base');
SELECT * FROM tenancy.migrate_schema('var_a');
SELECT version FROM tenancy.plan_upgrade('var_a');
SELECT tenant, success, sqlstate, error FROM tenancy.migrate_all();

-- For all, for a set, for a tenant; the more special one wins, and a call's own wins over all.
SELECT name, value, tenant, migration_set FROM tenancy.set_variable('seats', '5');
SELECT name, value, tenant, migration_set FROM tenancy.set_variable('seats', '10');
SELECT name, value, tenant, migration_set FROM tenancy.set_variable('region', 'eu');
SELECT name, value, tenant, migration_set FROM tenancy.set_variable('region', 'us', migration_set => 'default');
SELECT name, value, tenant, migration_set FROM tenancy.set_variable('region', 'it''s', tenant => 'var_o''b');
SELECT name, value, tenant, migration_set FROM tenancy.set_variable('seats', '0', migration_set => 'other');
SELECT tenant, success, from_revision, to_revision FROM tenancy.migrate_all();
SELECT *, var_a.where_it_is(), obj_description('var_a.limits'::regclass) FROM var_a.limits;
SELECT *, "var_o'b".where_it_is(), obj_description('"var_o''b".limits'::regclass) FROM "var_o'b".limits;
SELECT DISTINCT checksum = (SELECT checksum FROM tenancy.migrations) AS same
  FROM unnest(ARRAY['var_a', 'var_o''b']) AS s, LATERAL tenancy.history(s);
SELECT version, direction FROM tenancy.downgrade_schema('var_o''b');
SELECT obj_description('"var_o''b"'::regnamespace);
SET tenancy.variables = '{"region": "call", "seats": 7, "unused": true}';
BEGIN;
SELECT tenant, success FROM tenancy.migrate_all();
SELECT * FROM "var_o'b".limits;
ROLLBACK;
SELECT tenant, success FROM tenancy.migrate_all(concurrency => 2);
SELECT * FROM "var_o'b".limits;
RESET tenancy.variables;
SELECT name, value, tenant, migration_set FROM tenancy.unset_variable('region', migration_set => 'default');
SELECT name, value, tenant, migration_set FROM tenancy.unset_variable('region', migration_set => 'default');
SELECT id FROM tenancy.deregister_tenant('var_o''b');
SELECT name, value, tenant, migration_set FROM tenancy.variables ORDER BY name, tenant, migration_set;

-- Names and values.
SELECT tenancy.set_variable('1st', 'x');
SELECT tenancy.set_variable('schema', 'x');
SELECT tenancy.set_variable('flyway:user', 'x');
SELECT tenancy.set_variable('x', NULL);
SELECT tenancy.set_variable('x', 'y', tenant => 'nobody');
SET tenancy.variables = '{"a": ';
SET tenancy.variables = '[1]';
SET tenancy.variables = '{"a": {"b": 1}}';
SET tenancy.variables = '{"a b": 1}';
SET tenancy.variables = '{"schema": "x"}';

-- A schema that is not one registered tenant's has none, unless the caller says it.
SELECT version FROM tenancy.downgrade_schema('var_o''b');
SET tenancy.variables = '{"tenant": "o", "region": "x"}';
SELECT version FROM tenancy.downgrade_schema('var_o''b');
SELECT obj_description('"var_o''b"'::regnamespace);
SELECT version FROM tenancy.migrate_schema('var_o''b');
RESET tenancy.variables;

-- What is wrong is said when it is stored, with its line; what depends on values, when it runs, with the line of the file.
SELECT tenancy.add_migration('002', E'SELECT 1;\nSELECT {{ a | quoted }}', variables => 'on');
SELECT tenancy.add_migration('002', E'SELECT 1;\nSELECT {{ a b }}', variables => 'on');
SELECT tenancy.add_migration('002', E'SELECT 1;\nSELEC {{ a }}', variables => 'on', filename => '002.sql');
SELECT tenancy.add_migration('002', E'SELECT {{ a }};\nCOMMIT', variables => 'on');
SELECT tenancy.add_migration('002', 'SELECT 1', variables => 'maybe');
SELECT tenancy.add_migration('002', 'SELECT {{ a }}');
SELECT tenancy.add_migration('002', E'SELECT {{\n a }}, ''{{ a }}'';\n{{ b | raw }};\nSELECT {{ a }} + nothing', filename => '002.sql',
       variables => 'on');
SET tenancy.variables = '{"a": "x\ny\nz", "b": "SELECT 1"}';
SELECT * FROM tenancy.migrate_schema('var_a');
SET tenancy.variables = '{"a": "x\ny\nz", "b": "SELECT 1; COMMIT"}';
SELECT * FROM tenancy.migrate_schema('var_a');
SET tenancy.variables = '{"a": "x", "b": "SELEC"}';
SELECT * FROM tenancy.migrate_schema('var_a');
SET tenancy.variables = '{"a": "x"}';
SELECT * FROM tenancy.migrate_schema('var_a');
RESET tenancy.variables;
SELECT tenancy.drop_migration('002');

-- Outside of transactions.
SELECT tenancy.add_migration('002', 'CREATE INDEX CONCURRENTLY {{ index | identifier }} ON {{ schema }}.limits (id)',
       'DROP INDEX CONCURRENTLY {{ schema }}.{{ index | identifier }}', transactional => false, variables => 'on');
SELECT tenancy.set_variable('index', 'By "id"', tenant => 'var_a') IS NULL;
CALL tenancy.rollout(concurrency => 1);
SELECT indexname FROM pg_indexes WHERE schemaname = 'var_a' AND tablename = 'limits';
CALL tenancy.downgrade_rollout('001', concurrency => 1);
SELECT indexname FROM pg_indexes WHERE schemaname = 'var_a' AND tablename = 'limits';
SELECT name FROM tenancy.unset_variable('index', 'var_a');
CALL tenancy.rollout(concurrency => 1);
SELECT tenancy.drop_migration('002');

-- A baseline's reference is made with the values of the target.
CREATE SCHEMA var_b;
SELECT id FROM tenancy.register_tenant('var_b');
SET tenancy.variables = '{"region": "b"}';
SELECT version FROM tenancy.migrate_schema('var_b');
DROP TABLE var_b.schema_migrations;
SELECT revision, versions, differences FROM tenancy.baseline('var_b', 'head');
RESET tenancy.variables;
DROP TABLE var_b.schema_migrations;
SELECT revision, versions, differences FROM tenancy.baseline('var_b', 'head', force => true);

-- A new tenant brings its own.
SELECT id FROM tenancy.create_tenant('var_c', variables => '{"region": "c", "seats": 3}');
SELECT * FROM var_c.limits;
SELECT name, value FROM tenancy.variables WHERE tenant = 'var_c' ORDER BY name;
SELECT id FROM tenancy.create_tenant('var_d', variables => '{"schema": "x"}');

-- What is shared has no tenant.
SELECT tenancy.add_migration('002', 'CREATE TABLE var_shared AS SELECT {{ tenant }} AS tenant', scope => 'public', variables => 'on');
SELECT * FROM tenancy.migrate_public();
SELECT tenancy.drop_migration('002');
SELECT tenancy.add_migration('002', 'CREATE TABLE var_shared AS SELECT {{ schema | literal }} AS schema, {{ shared_schema }} AS shared,
       {{ database }} = current_database() AS database', 'DROP TABLE var_shared', scope => 'public', variables => 'on');
SELECT version FROM tenancy.migrate_public();
SELECT * FROM public.var_shared;
SELECT version FROM tenancy.downgrade_public();

-- Files of Flyway.
SELECT * FROM tenancy.load_migration('V1__t.sql', E'CREATE TABLE ${flyway:defaultSchema}.${prefix}t AS SELECT ''${flyway:table}'' AS a,\n'
       ' ''${flyway:filename}'' AS b, ''${flyway:user}'' = current_user AS c, ''${flyway:database}'' = current_database() AS d,'
       ' ''${flyway:timestamp}''::timestamp <= clock_timestamp() AS e; -- ${nobody}', 'flyway');
SELECT * FROM tenancy.load_migration('V2__t.sql', E'CREATE TABLE u AS SELECT ''${prefix}''::text AS a', 'flyway');
SELECT version, variables FROM tenancy.migrations WHERE migration_set = 'flyway';
SELECT migration_set, version, action FROM tenancy.load_migration('V2__t.sql.conf', 'placeholderReplacement=false', 'flyway');
SELECT version, variables FROM tenancy.migrations WHERE migration_set = 'flyway';
SELECT migration_set, version, action FROM tenancy.load_migration('V2__t.sql', E'CREATE TABLE u AS SELECT ''${prefix}''::text AS a', 'flyway');
SELECT * FROM tenancy.migrate_schema('var_a', migration_set => 'flyway');
SET tenancy.variables = '{"prefix": "my_"}';
SELECT version FROM tenancy.migrate_schema('var_a', migration_set => 'flyway');
SELECT * FROM var_a.my_t, var_a.u;
RESET tenancy.variables;

SET client_min_messages = warning;
DROP SCHEMA var_a, "var_o'b", var_b, var_c CASCADE;

-- tenancy.drop_migration
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE SCHEMA drop_t1;
CREATE SCHEMA drop_t2;
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)', 'DROP TABLE b');
SELECT tenancy.add_migration('2', 'CREATE TABLE u (id int)', 'DROP TABLE u', migration_set => 'users');
SELECT version FROM tenancy.migrate_schema('drop_t1');
SELECT version FROM tenancy.migrate_schema('drop_t2', '1');

-- Applied: in several schemas, registered or not, or in one.
SELECT tenancy.drop_migration('1');
SELECT tenancy.drop_migration('2');
-- The same version of another set is another migration.
SELECT tenancy.drop_migration('2', 'users');
SELECT version FROM tenancy.downgrade_schema('drop_t1');
SELECT tenancy.drop_migration('2');
SELECT migration_set, version FROM tenancy.migrations ORDER BY 1, 2;

-- Many schemas are counted, not listed.
SELECT count(*) FROM generate_series(1, 7) AS i, LATERAL tenancy.create_tenant('drop_many' || i);
SELECT tenancy.drop_migration('1');

-- Unknown ones.
SELECT tenancy.drop_migration('2');
SELECT tenancy.drop_migration('1', 'users');
SELECT tenancy.drop_migration('01');
SELECT tenancy.drop_migration(NULL);
SELECT tenancy.drop_migration('1', NULL);

-- A tracking table that may not be read counts as one where it is applied.
CREATE ROLE regress_drop;
GRANT USAGE ON SCHEMA tenancy TO regress_drop;
GRANT SELECT, DELETE ON tenancy.migrations TO regress_drop;
SELECT tenancy.add_migration('3', 'SELECT 1');
SET ROLE regress_drop;
SELECT tenancy.drop_migration('3');
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA drop_t1, drop_t2, drop_many1, drop_many2, drop_many3, drop_many4, drop_many5, drop_many6, drop_many7
    CASCADE;
RESET client_min_messages;
SET ROLE regress_drop;
SELECT tenancy.drop_migration('3');
RESET ROLE;
SELECT version FROM tenancy.migrations ORDER BY 1;

DROP EXTENSION tenancy;
REVOKE USAGE ON SCHEMA tenancy FROM regress_drop;
DROP ROLE regress_drop;

-- Files of other tools: load_migration and load_directory read their names, markers and plans.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

-- One file: found out by its name or its markers, or said.
SELECT * FROM tenancy.load_migration('001_a.sql', E'-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;');
SELECT * FROM tenancy.load_migration('002_b.sql', E'-- +goose NO TRANSACTION\n-- +goose Up\nVACUUM;\n', scope => 'public');
SELECT * FROM tenancy.load_migration('V3_1__c.sql', 'SELECT 1;');
SELECT * FROM tenancy.load_migration('U3.1__other.sql', 'SELECT 2;');
SELECT * FROM tenancy.load_migration('004_d.sql', E'BEGIN;\nSELECT 1;\nCOMMIT;');
SELECT * FROM tenancy.load_migration('005_e.up.sql', 'SELECT 1;', format => 'golang-migrate');
SELECT * FROM tenancy.load_migration('006_f/migration.sql', 'SELECT 1;');
SELECT version, up_sql, up_line, down_sql, down_line, transactional FROM tenancy.migrations ORDER BY version;

SELECT * FROM tenancy.load_migration('007_g.sql', E'-- +goose Up\nSELECT 1;\n-- +goose Dwon\nDROP TABLE x;');
SELECT * FROM tenancy.load_migration('007_g.sql', E'-- +goose Up\nSELECT 1;\n-- migrate:down\nDROP TABLE x;');
SELECT * FROM tenancy.load_migration('007_g.sql', E'SELECT 1;\n-- rollback\nDROP TABLE x;');
SELECT * FROM tenancy.load_migration('007_g.sql', 'SELECT 1;', format => 'flyway');
SELECT * FROM tenancy.load_migration('007_g.sql', 'SELECT 1;', format => 'maven');
SELECT * FROM tenancy.load_migration('deploy/x.sql', 'SELECT 1;', format => 'sqitch');
SELECT * FROM tenancy.load_migration('007_g.sql', E'BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;');
SELECT * FROM tenancy.load_migration('009_i.postgres.up.sql', '', 'pop_set', format => 'pop');
SELECT tenancy.drop_migration('007');

-- Folders.
CREATE FUNCTION pg_temp.shell(script text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY (SELECT) TO PROGRAM %L',
                   'cat > /dev/null; mkdir -p regress_formats && cd regress_formats && ' || script);
END
$$;
DELETE FROM tenancy.migrations;
SELECT pg_temp.shell($$rm -rf ./* && mkdir -p flyway sqitch/deploy/deep sqitch/revert sqitch/verify two/shared two/tenant/003_c mixed
    printf 'SELECT 1;\n' > flyway/V1__a.sql
    printf 'CREATE INDEX CONCURRENTLY users_idx ON users (id);\n' > flyway/V1_2__b.sql
    printf 'executeInTransaction=false\n' > flyway/V1_2__b.sql.conf
    printf 'SELECT 2;\n' > flyway/U1_2__b.sql
    printf 'SELECT 3;\n' > flyway/R__views.sql
    printf 'SELECT 4;\n' > flyway/afterMigrate.sql
    printf 'SELECT 5;\n' > flyway/B1_1__base.sql
    printf '%%project=p\nusers 2013-12-30T23:19:24Z A <a@b.c> # The users\n@v1 2014-01-01T00:00:00Z A <a@b.c>\ndeep/lists [users] 2014-01-01T00:00:00Z A <a@b.c>\nusers [users@v1] 2014-01-02T00:00:00Z A <a@b.c>\n' > sqitch/sqitch.plan
    printf 'BEGIN;\nCREATE TABLE users (id int);\nCOMMIT;\n' > sqitch/deploy/users@v1.sql
    printf 'BEGIN;\nDROP TABLE users;\nCOMMIT;\n' > sqitch/revert/users@v1.sql
    printf 'CREATE TABLE lists (id int);\n' > sqitch/deploy/deep/lists.sql
    printf 'ALTER TABLE users ADD COLUMN name text;\n' > sqitch/deploy/users.sql
    printf 'SELECT 1 / 0;\n' > sqitch/verify/users.sql
    printf -- '-- +migrate Up\nSELECT 1;\n' > two/shared/001_a.sql
    printf 'SELECT 2;\n' > two/tenant/002_b.up.sql
    printf 'SELECT 3;\n' > two/tenant/003_c/up.sql
    printf -- '-- migrate:up\nSELECT 1;\n' > mixed/001_a.sql
    printf 'SELECT 2;\n' > mixed/002_b.up.sql
    printf 'package migrations\n' > mixed/003_c.go$$);
SELECT * FROM tenancy.load_directory('regress_formats/flyway', 'flyway');
SELECT * FROM tenancy.load_directory('regress_formats/sqitch', 'sqitch');
SELECT * FROM tenancy.load_directory('regress_formats/two', 'two');
SELECT * FROM tenancy.load_directory('regress_formats/mixed', 'mixed');
SELECT * FROM tenancy.load_directory('regress_formats/mixed', 'mixed', format => 'dbmate');
SELECT pg_temp.shell('rm mixed/003_c.go');
SELECT * FROM tenancy.load_directory('regress_formats/mixed', 'mixed', format => 'dbmate');
SELECT pg_temp.shell('mv two/tenant/002_b.up.sql two/tenant/001_b.up.sql; rm -r flyway sqitch mixed');
SELECT * FROM tenancy.load_directory('regress_formats/two', 'three');
SELECT pg_temp.shell('mkdir own && mv two/shared own && mv two/tenant own/tenants && mv own/shared . && rmdir two');
SELECT * FROM tenancy.load_directory('regress_formats', sets_from_folders => true);
SELECT migration_set, version, scope, transactional, repeatable, down_sql, filename FROM tenancy.migrations ORDER BY 1, 2;

-- What was loaded runs.
CREATE SCHEMA formats_t;
SELECT step, version, description FROM tenancy.migrate_schema('formats_t', migration_set => 'sqitch');
SELECT step, version FROM tenancy.downgrade_schema('formats_t', '0001', 'sqitch');

SELECT pg_temp.shell('cd .. && rm -r regress_formats');
SET client_min_messages = warning;
DROP SCHEMA formats_t CASCADE;
DROP EXTENSION tenancy;

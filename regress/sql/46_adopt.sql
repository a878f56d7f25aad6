-- tenancy.adopt: takes over what other tools have recorded, target by target.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

SELECT tenancy.add_migration('001', 'CREATE TABLE users (id bigint)', 'DROP TABLE users', 'users');
SELECT tenancy.add_migration('002', 'ALTER TABLE users ADD email text', 'ALTER TABLE users DROP email', 'email');
SELECT tenancy.add_migration('003', 'CREATE TABLE notes (id bigint)', 'DROP TABLE notes', 'notes');

-- golang-migrate holds the newest version and a flag, in a table that has our table's name.
CREATE FUNCTION pg_temp.go(schema text, version bigint, dirty boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', schema);
    EXECUTE format('CREATE TABLE %I.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)', schema);
    IF version IS NOT NULL THEN
        EXECUTE format('INSERT INTO %I.schema_migrations VALUES (%s, %L)', schema, version, dirty);
    END IF;
    IF version >= 1 THEN EXECUTE format('CREATE TABLE %I.users (id bigint)', schema); END IF;
    IF version >= 2 THEN EXECUTE format('ALTER TABLE %I.users ADD email text', schema); END IF;
    IF version >= 3 THEN EXECUTE format('CREATE TABLE %I.notes (id bigint)', schema); END IF;
    PERFORM tenancy.register_tenant(schema);
END
$$;
SELECT pg_temp.go('ad_1', 1, false), pg_temp.go('ad_2', 2, false), pg_temp.go('ad_3', 3, false),
       pg_temp.go('ad_dirty', 2, true), pg_temp.go('ad_ahead', 4, false), pg_temp.go('ad_empty', NULL, NULL),
       pg_temp.go('ad "Odd" né', 2, false);
CREATE SCHEMA ad_none;
SELECT id FROM tenancy.register_tenant('ad_none');
CREATE SCHEMA ad_gone;
SELECT id FROM tenancy.register_tenant('ad_gone');
DROP SCHEMA ad_gone;
SELECT id FROM tenancy.register_tenant('ad_far', isolation => 'database', database => 'far');

-- Both tables cannot be in one schema.
SELECT * FROM tenancy.adopt('golang-migrate');
SELECT * FROM tenancy.migrate_schema('ad_1');
SET tenancy.tracking_table = 'tenancy_migrations';
SELECT * FROM tenancy.adopt('golang-migrate') ORDER BY tenant COLLATE "C";
-- That was a dry run: nothing is there.
SELECT relname FROM pg_class WHERE relname = 'tenancy_migrations';
-- Half of the fleet, then all of it.
SELECT tenant, state, revision, versions FROM tenancy.adopt('golang-migrate', false, 'ad\__') ORDER BY 1;
SELECT tenant, state, revision, versions, detail FROM tenancy.adopt('golang-migrate', dry_run => false)
 ORDER BY tenant COLLATE "C";
SELECT migration_set, version, description, length(checksum) AS checksum, state FROM tenancy.history('ad "Odd" né');
SELECT version, dirty FROM "ad ""Odd"" né".schema_migrations;
SELECT schema, version FROM tenancy.tenants, tenancy.history(schema)
 WHERE schema IN ('ad_1', 'ad_2', 'ad_3', 'ad_empty') ORDER BY 1, 2;
-- None is migrated twice, and none forgotten.
SELECT * FROM tenancy.migrate_schema('ad_dirty');
SELECT * FROM tenancy.plan_upgrade('ad_ahead');
SELECT tenant, success, from_revision, to_revision, steps, error
  FROM tenancy.migrate_all(pattern => 'ad\_a%', concurrency => 0);
SELECT tenant, success, from_revision, to_revision, steps FROM tenancy.migrate_all(pattern => 'ad\__', concurrency => 0);
SELECT tenant, success, from_revision, to_revision, steps FROM tenancy.migrate_all(pattern => 'ad "%', concurrency => 0);
SELECT tenant, state, revision, versions, detail FROM tenancy.adopt('golang-migrate', pattern => 'ad\__') ORDER BY 1;
-- The other tool went on: that is for people to look at.
UPDATE ad_2.schema_migrations SET version = 4;
SELECT tenancy.add_migration('004', 'CREATE TABLE more (id bigint)', 'DROP TABLE more', 'more');
SELECT tenant, state, revision, versions, detail FROM tenancy.adopt('golang-migrate', false, 'ad\_2');
SELECT tenant, state, revision, versions, detail FROM tenancy.adopt('golang-migrate', false, 'ad\_ahead');

-- Who asks for what is not there.
SELECT * FROM tenancy.adopt('alembik');
SELECT * FROM tenancy.adopt(NULL);
SELECT * FROM tenancy.adopt('alembic', migration_set => 'nosuch');
SELECT * FROM tenancy.adopt('alembic', app => 'x');
SELECT count(*) FROM tenancy.adopt('alembic', pattern => 'nobody');
-- Another tool's table under the name, or what is no table.
SELECT tenant, state, detail FROM tenancy.adopt('golang-migrate', pattern => 'ad\_none');
CREATE TABLE ad_none.schema_migrations (version varchar PRIMARY KEY);
SELECT tenant, state, detail FROM tenancy.adopt('golang-migrate', pattern => 'ad\_none');
DROP TABLE ad_none.schema_migrations;
CREATE VIEW ad_none.schema_migrations AS SELECT 1::bigint AS version, 1 / 0 > 0 AS dirty;
SELECT tenant, state, detail FROM tenancy.adopt('golang-migrate', pattern => 'ad\_none');
DROP VIEW ad_none.schema_migrations;

-- Rails and dbmate: a row for each version. Any table with a column of versions is read likewise.
CREATE TABLE ad_none.schema_migrations (version varchar PRIMARY KEY);
INSERT INTO ad_none.schema_migrations VALUES ('2'), ('001'), ('4');
SELECT state, revision, versions, detail FROM tenancy.adopt('rails', pattern => 'ad\_none');
SELECT state, revision, versions, detail FROM tenancy.adopt('dbmate', pattern => 'ad\_none');
CREATE TABLE ad_none."My history" (revision text);
INSERT INTO ad_none."My history" VALUES ('001_users'), ('002_email.sql'), ('9');
SELECT state, revision, versions, detail
  FROM tenancy.adopt('My history', pattern => 'ad\_none', version_column => 'revision');
SELECT state, detail FROM tenancy.adopt('My history', pattern => 'ad\_none', version_column => 'nope');

-- Alembic; one table for the whole fleet.
CREATE SCHEMA ad_al;
SELECT id FROM tenancy.register_tenant('ad_al');
CREATE TABLE ad_al.alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO ad_al.alembic_version VALUES ('002');
SELECT state, revision, versions FROM tenancy.adopt('alembic', pattern => 'ad\_al');
SELECT state, revision, versions, detail FROM tenancy.adopt('alembic', pattern => 'ad\_none');
SELECT state, revision, versions FROM tenancy.adopt('alembic', pattern => 'ad\_none', table_schema => 'ad_al');
SELECT state, detail FROM tenancy.adopt('alembic', pattern => 'ad\_none', table_schema => 'ad_nope');
ALTER TABLE ad_al.alembic_version RENAME TO versions;
SELECT state, revision FROM tenancy.adopt('alembic', pattern => 'ad\_al', table_name => 'versions');

-- Flyway, with a baseline, a repeatable migration and a failure.
CREATE SCHEMA ad_fly;
SELECT id FROM tenancy.register_tenant('ad_fly');
CREATE TABLE ad_fly.flyway_schema_history (
    installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL,
    script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,
    installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL);
INSERT INTO ad_fly.flyway_schema_history VALUES
    (0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '"ad_fly"', NULL, 'app', '2024-01-01', 0, true),
    (1, '1', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline >>', NULL, 'app', '2024-01-02', 0, true),
    (2, '2', 'email', 'SQL', 'V2__email.sql', 1, 'app', '2024-01-03 04:05:06', 5, true),
    (3, NULL, 'views', 'SQL', 'R__views.sql', 2, 'app', '2024-01-04', 5, true),
    (4, '3', 'notes', 'SQL', 'V3__notes.sql', 3, 'app', '2024-01-05', 5, false);
SELECT state, revision, versions, detail FROM tenancy.adopt('flyway', pattern => 'ad\_fly');
DELETE FROM ad_fly.flyway_schema_history WHERE NOT success;
SELECT state, revision, versions, detail FROM tenancy.adopt('flyway', false, 'ad\_fly');
SELECT version, applied_at AT TIME ZONE current_setting('timezone') AS applied_at FROM tenancy.history('ad_fly') ORDER BY 1;

-- goose, Diesel, Prisma, Django, node-pg-migrate, knex, sql-migrate, sqitch.
CREATE SCHEMA ad_js;
SELECT id FROM tenancy.register_tenant('ad_js');
CREATE TABLE ad_js.goose_db_version (
    id serial PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp DEFAULT now());
INSERT INTO ad_js.goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (2, true), (2, false);
SELECT state, revision, versions FROM tenancy.adopt('goose', pattern => 'ad\_js');
CREATE TABLE ad_js.__diesel_schema_migrations (
    version varchar(50) PRIMARY KEY, run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT INTO ad_js.__diesel_schema_migrations VALUES ('001'), ('002');
SELECT state, revision, versions FROM tenancy.adopt('diesel', pattern => 'ad\_js');
CREATE TABLE ad_js._prisma_migrations (
    id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
    migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0);
INSERT INTO ad_js._prisma_migrations (id, checksum, finished_at, migration_name, rolled_back_at, started_at) VALUES
    ('a', '', '2024-01-01', '001_users', NULL, '2024-01-01'), ('b', '', NULL, '002_email', '2024-01-02', '2024-01-02'),
    ('c', '', '2024-01-03', '002_email', NULL, '2024-01-03');
SELECT state, revision, versions FROM tenancy.adopt('prisma', pattern => 'ad\_js');
UPDATE ad_js._prisma_migrations SET rolled_back_at = NULL;
SELECT state, revision, versions FROM tenancy.adopt('prisma', pattern => 'ad\_js');
UPDATE ad_js._prisma_migrations SET finished_at = NULL;
SELECT state, detail FROM tenancy.adopt('prisma', pattern => 'ad\_js');
CREATE TABLE ad_js.django_migrations (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, app varchar(255) NOT NULL, name varchar(255) NOT NULL,
    applied timestamptz NOT NULL);
INSERT INTO ad_js.django_migrations (app, name, applied) VALUES
    ('auth', '0001_initial', now()), ('shop', '0001_users', now()), ('shop', '0002_email', now());
SELECT state, detail FROM tenancy.adopt('django', pattern => 'ad\_js');
SELECT state, revision, versions FROM tenancy.adopt('django', pattern => 'ad\_js', app => 'shop');
SELECT state, detail FROM tenancy.adopt('django', pattern => 'ad\_js', app => 'auth');
CREATE TABLE ad_js.pgmigrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL);
INSERT INTO ad_js.pgmigrations (name, run_on) VALUES ('001_users', now()), ('002-email', now());
SELECT state, revision, versions FROM tenancy.adopt('node-pg-migrate', pattern => 'ad\_js');
CREATE TABLE ad_js.knex_migrations (
    id serial PRIMARY KEY, name varchar(255), batch int, migration_time timestamptz);
INSERT INTO ad_js.knex_migrations (name, batch) VALUES ('001_users.js', 1), ('002_email.ts', 2);
SELECT state, revision, versions FROM tenancy.adopt('knex', pattern => 'ad\_js');
CREATE TABLE ad_js.gorp_migrations (id text PRIMARY KEY, applied_at timestamptz);
INSERT INTO ad_js.gorp_migrations VALUES ('001_users.sql', now());
SELECT state, revision, versions FROM tenancy.adopt('sql-migrate', pattern => 'ad\_js');
CREATE TABLE ad_js.changes (change text, project text, committed_at timestamptz);
INSERT INTO ad_js.changes VALUES ('users', 'app', now()), ('email', 'app', now());
SELECT state, revision, versions FROM tenancy.adopt('sqitch', pattern => 'ad\_js', table_schema => 'ad_js');

-- A set that is named stands in place of the tenants' own.
SELECT tenancy.add_migration('0001', 'SELECT 1', description => 'users', migration_set => 'shop');
SELECT tenancy.add_migration('0002', 'SELECT 2', description => 'email', migration_set => 'shop');
SELECT tenancy.add_migration('0003', 'SELECT 3', description => 'later', migration_set => 'shop');
SELECT tenant, migration_set, state, revision, versions
  FROM tenancy.adopt('django', false, 'ad\_js', migration_set => 'shop', app => 'shop');
SELECT migration_set, version FROM tenancy.history('ad_js') ORDER BY 1, 2;
-- Where tenants have a set for each app of Django's, each finds its own rows. A set that is named is looked at once.
SELECT tenancy.add_migration('0001', 'SELECT 1', description => 'initial', migration_set => 'auth');
SELECT tenancy.add_migration('0001', 'SELECT 1', description => 'initial', migration_set => 'blog');
UPDATE tenancy.tenants SET migration_set = 'shop', further_sets = '{auth,blog}' WHERE id = 'ad_js';
SELECT migration_set, state, revision, versions, detail FROM tenancy.adopt('django', pattern => 'ad\_js');
SELECT migration_set, state, revision FROM tenancy.adopt('django', pattern => 'ad\_js', migration_set => 'auth');
SELECT migration_set, state, revision FROM tenancy.adopt('django', false, 'ad\_js');
UPDATE tenancy.tenants SET migration_set = 'default', further_sets = '{}' WHERE id = 'ad_js';
-- The shared schema has a history of its own.
SELECT tenancy.add_migration('1', 'SELECT 1', scope => 'public', migration_set => 'pub');
SELECT tenancy.add_migration('2', 'SELECT 2', migration_set => 'pub');
CREATE SCHEMA ad_pub;
SELECT id FROM tenancy.register_tenant('ad_pub', migration_set => 'pub');
CREATE TABLE public.alembic_version (version_num text);
INSERT INTO public.alembic_version VALUES ('2');
CREATE TABLE ad_pub.alembic_version (version_num text);
INSERT INTO ad_pub.alembic_version VALUES ('2');
SELECT schema, state, revision, versions FROM tenancy.adopt('alembic', false, 'ad\_pub');
SELECT schema, revision, pending, state FROM tenancy.status('ad\_pub');
DROP TABLE public.alembic_version, public.tenancy_migrations;

-- A tenant's own type, whose output function would be its code.
CREATE SCHEMA ad_evil;
SELECT id FROM tenancy.register_tenant('ad_evil');
CREATE TYPE ad_evil.word AS ENUM ('001');
CREATE TABLE ad_evil.alembic_version (version_num ad_evil.word);
SELECT state, detail FROM tenancy.adopt('alembic', pattern => 'ad\_evil');
-- A table that is to fill the memory of whoever reads it.
DROP TABLE ad_evil.alembic_version;
CREATE TABLE ad_evil.alembic_version AS SELECT g::text AS version_num FROM generate_series(1, 100001) AS g;
SELECT state, detail FROM tenancy.adopt('alembic', pattern => 'ad\_evil') WHERE schema = 'ad_evil';
-- Who may not read it.
CREATE ROLE regress_adopter;
GRANT USAGE ON SCHEMA tenancy TO regress_adopter;
GRANT SELECT ON ALL TABLES IN SCHEMA tenancy TO regress_adopter;
SET ROLE regress_adopter;
SELECT state, detail FROM tenancy.adopt('diesel', pattern => 'ad\_js');
RESET ROLE;

RESET tenancy.tracking_table;
SET client_min_messages = warning;
DROP SCHEMA ad_1, ad_2, ad_3, ad_dirty, ad_ahead, ad_empty, "ad ""Odd"" né", ad_none, ad_al, ad_fly, ad_js, ad_pub, ad_evil CASCADE;
DROP OWNED BY regress_adopter;
DROP EXTENSION tenancy;
DROP ROLE regress_adopter;

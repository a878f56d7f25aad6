-- tenancy.baseline: a schema that is like a migrated one is taken as migrated.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

SELECT tenancy.add_migration('001', $$
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, mood mood DEFAULT 'good');
    CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author bigint REFERENCES users,
                        body text CHECK (body <> ''));
    CREATE INDEX notes_author_idx ON notes (author) WHERE author > 0;
    CREATE VIEW authors AS SELECT u.email, count(*) FROM users u JOIN notes n ON n.author = u.id GROUP BY 1;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes USING (author = 1);
    CREATE DOMAIN short AS text CHECK (length(VALUE) < 9)
$$, description => 'first');
SELECT tenancy.add_migration('002', 'ALTER TABLE users ADD COLUMN age int DEFAULT 7 NOT NULL', description => 'age');
SELECT tenancy.add_migration('003', 'CREATE TABLE more (id int)', description => 'more');
SELECT tenancy.add_migration('views', 'CREATE OR REPLACE VIEW old AS SELECT id FROM users', repeatable => true);

-- Made elsewhere, by hand, with no history.
CREATE FUNCTION pg_temp.make(schema text, revision text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', schema);
    PERFORM tenancy.migrate_schema(schema, revision);
    EXECUTE format('DROP TABLE %I.schema_migrations', schema);
END
$$;
SELECT pg_temp.make('bl_2', '002'), pg_temp.make('bl "Odd"', 'head'), pg_temp.make('bl_other', '002');
CREATE TABLE bl_2.alembic_version (version_num text PRIMARY KEY);  -- another tool's table is no difference
SELECT * FROM tenancy.baseline('bl_2', '002');
SELECT migration_set, version, description, state FROM tenancy.history('bl_2') ORDER BY version;
SELECT * FROM tenancy.baseline('bl_2', '002');
SELECT version FROM tenancy.migrate_schema('bl_2');
SELECT * FROM tenancy.baseline('bl "Odd"', 'head');
SELECT version FROM tenancy.history('bl "Odd"') ORDER BY version;
SELECT nspname FROM pg_namespace WHERE nspname = 'tenancy_reference';

-- It is at another revision, or not like any: all of it is said.
SELECT * FROM tenancy.baseline('bl_other', '003');
SELECT * FROM tenancy.baseline('bl_other', '001');
ALTER TABLE bl_other.users ALTER COLUMN email DROP NOT NULL, ALTER COLUMN age SET DEFAULT 8;
ALTER TABLE bl_other.users DROP CONSTRAINT users_email_key;
ALTER TABLE bl_other.users DISABLE TRIGGER touched;
DROP INDEX bl_other.notes_author_idx;
CREATE INDEX notes_author_idx ON bl_other.notes (author) WHERE author > 1;
CREATE OR REPLACE FUNCTION bl_other.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
ALTER TYPE bl_other.mood ADD VALUE 'so so';
ALTER POLICY own ON bl_other.notes USING (author = 2);
CREATE TABLE bl_other.stray (id int PRIMARY KEY);
DROP VIEW bl_other.authors;
ALTER DOMAIN bl_other.short DROP CONSTRAINT short_check;
SELECT * FROM tenancy.baseline('bl_other', '002');
SELECT to_regclass('bl_other.schema_migrations');
SELECT revision, versions, cardinality(differences) AS differences
  FROM tenancy.baseline('bl_other', '002', force => true);
SELECT version FROM tenancy.history('bl_other') ORDER BY version;

-- A reference that really has been migrated: another schema.
SELECT pg_temp.make('bl_3', '003');
SELECT * FROM tenancy.baseline('bl_3', '003', 'bl_other');
SELECT * FROM tenancy.baseline('bl_3', 'head', 'bl_2');
SELECT * FROM tenancy.baseline('bl_3', '003', 'bl_nope');
SELECT version FROM tenancy.migrate_schema('bl_other', '003');
SELECT * FROM tenancy.baseline('bl_3', '003', 'bl_other');
CREATE SCHEMA bl_ref;
SELECT version FROM tenancy.migrate_schema('bl_ref', '003');
SELECT * FROM tenancy.baseline('bl_3', '003', 'bl_ref');
SELECT version FROM tenancy.migrate_schema('bl_3');

-- What makes no sense.
SELECT * FROM tenancy.baseline('bl_3', 'base');
SELECT * FROM tenancy.baseline('bl_3', '9');
SELECT * FROM tenancy.baseline('bl_gone', '001');
SELECT * FROM tenancy.baseline('bl_3', NULL);
-- Migrations that cannot run say so.
CREATE SCHEMA bl_broken;
SELECT tenancy.add_migration('1', 'INSERT INTO nowhere VALUES (1)', migration_set => 'broken');
SELECT * FROM tenancy.baseline('bl_broken', '1', migration_set => 'broken');
SELECT nspname FROM pg_namespace WHERE nspname = 'tenancy_reference';
-- With a superuser as the caller, the migrations of the reference run as the owner of the schema.
CREATE ROLE regress_bl_owner;
CREATE SCHEMA bl_owned AUTHORIZATION regress_bl_owner;
SELECT tenancy.add_migration('1', $$DO 'BEGIN IF current_user <> ''regress_bl_owner'' THEN RAISE ''as %'', current_user; END IF; END'$$,
                             migration_set => 'who');
SELECT * FROM tenancy.baseline('bl_owned', '1', migration_set => 'who');
SELECT applied_by FROM bl_owned.schema_migrations;

SET client_min_messages = warning;
DROP SCHEMA bl_2, "bl ""Odd""", bl_other, bl_3, bl_ref, bl_broken, bl_owned CASCADE;
DROP EXTENSION tenancy;
DROP ROLE regress_bl_owner;

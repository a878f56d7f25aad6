-- tenancy.sync with tools whose rows hold checksums of files: Flyway and Prisma.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never
SET tenancy.tracking_table = 'tenancy_migrations';

-- Checksums are of the bytes: Flyway leaves line ends and a byte order mark out, Prisma does not.
SELECT action FROM tenancy.load_migration('V1__users.sql', E'\uFEFFCREATE TABLE users (id int);\r\n');
SELECT action FROM tenancy.load_migration('db/V1_2__add_notes.sql', 'BEGIN; CREATE TABLE notes (id int); COMMIT;');
SELECT action FROM tenancy.load_migration('db/U1_2__take_notes_away.sql', 'DROP TABLE notes;');
SELECT action FROM tenancy.load_migration('R__all_users.sql', 'CREATE OR REPLACE VIEW all_users AS SELECT * FROM users;');
SELECT action FROM tenancy.load_migration('20240131120000_users/migration.sql', E'CREATE TABLE users (id int);\r\n', 'p');
SELECT action FROM tenancy.load_migration('20240201120000_notes/migration.sql', 'CREATE TABLE notes (id int)', 'p');
SELECT version, tool_checksum FROM tenancy.migrations ORDER BY migration_set, version;
SELECT encode(sha256('CREATE TABLE notes (id int)'), 'hex') AS notes;
SELECT action FROM tenancy.load_migration('V1__users.sql', E'CREATE TABLE users (id int);');

-- Flyway.
CREATE SCHEMA sf_new;
SELECT tenancy.sync('flyway');
SELECT step, version FROM tenancy.migrate_schema('sf_new');
SELECT installed_rank, version, description, type, script, checksum, installed_by = current_user AS mine, success
  FROM sf_new.flyway_schema_history ORDER BY 1;
SELECT action FROM tenancy.load_migration('R__all_users.sql', 'CREATE OR REPLACE VIEW all_users AS TABLE users;');
SELECT step, version FROM tenancy.migrate_schema('sf_new');
SELECT step, version FROM tenancy.downgrade_schema('sf_new');
SELECT installed_rank, version, script, checksum FROM sf_new.flyway_schema_history ORDER BY 1;

-- What Flyway has undone it may do again; what it has applied meanwhile is not run again.
INSERT INTO sf_new.flyway_schema_history VALUES
  (6, '1.2', 'add notes', 'SQL', 'V1_2__add_notes.sql', 1, 'f', now(), 5, true),
  (7, '1.2', 'add notes', 'UNDO_SQL', 'U1_2__add_notes.sql', 1, 'f', now(), 5, true);
SELECT step, version FROM tenancy.migrate_schema('sf_new');
SELECT installed_rank, version, type FROM sf_new.flyway_schema_history WHERE version = '1.2' ORDER BY 1;
SELECT step, version FROM tenancy.downgrade_schema('sf_new');
SELECT installed_rank, version, type FROM sf_new.flyway_schema_history WHERE version = '1.2' ORDER BY 1;
INSERT INTO sf_new.flyway_schema_history VALUES
  (8, '1.2', 'add notes', 'SQL', 'V1_2__add_notes.sql', 1, 'f', now(), 5, true);
CREATE TABLE sf_new.notes (id int);
SELECT step, version FROM tenancy.migrate_schema('sf_new');
SELECT count(*) FROM tenancy.register_tenant('sf_new');
SELECT tenant, state, revision, detail FROM tenancy.adopt('flyway', dry_run => false) WHERE tenant IS NOT NULL;
SELECT step, version FROM tenancy.migrate_schema('sf_new');

-- What was not loaded from a file of the tool's cannot be written, and nothing is done.
SELECT tenancy.add_migration('1.3', 'CREATE TABLE more (id int)');
SELECT tenancy.migrate_schema('sf_new');
SELECT to_regclass('sf_new.more');
SELECT tenancy.drop_migration('1.3');

-- A version that is gone from its table stands in the way. What comes before a baseline has no row.
SELECT action FROM tenancy.load_migration('V2__tags.sql', 'CREATE TABLE tags (id int)');
DELETE FROM sf_new.flyway_schema_history WHERE version = '1';
SELECT step, version FROM tenancy.migrate_schema('sf_new');
UPDATE sf_new.flyway_schema_history SET type = 'BASELINE' WHERE installed_rank = 8;
SELECT step, version FROM tenancy.migrate_schema('sf_new');

-- Prisma.
CREATE SCHEMA sf_prisma;
SELECT tenancy.sync('prisma', 'p');
SELECT step, version FROM tenancy.migrate_schema('sf_prisma', migration_set => 'p');
SELECT migration_name, length(id) AS id, checksum, finished_at >= started_at AS finished, applied_steps_count
  FROM sf_prisma._prisma_migrations ORDER BY started_at;
SELECT tenancy.resolve('sf_prisma', '20240201', 'pending', 'p');
SELECT migration_name FROM sf_prisma._prisma_migrations;
INSERT INTO sf_prisma._prisma_migrations VALUES ('1', 'x', NULL, '20240201120000_notes', 'failed', now());
SELECT tenancy.resolve('sf_prisma', '20240201', 'applied', 'p');
SELECT migration_name, rolled_back_at IS NULL AS counts FROM sf_prisma._prisma_migrations ORDER BY started_at;

SET client_min_messages = warning;
DROP SCHEMA sf_new, sf_prisma CASCADE;
DROP EXTENSION tenancy;

-- tenancy.load_migration: files by their names and contents.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

-- Names of our own format: header options, sections, lines.
SELECT * FROM tenancy.load_migration('001_create_users.sql', 'CREATE TABLE users (id int);');
SELECT * FROM tenancy.load_migration('002_add_invoices.sql',
'-- MIGRATION_SCOPE: both
-- MIGRATION_DESCRIPTION: invoices, at last
-- MIGRATION_SET: billing
-- MIGRATION_TRANSACTION: off
-- MIGRATION_ALLOW_OUTSIDE: yes
-- MIGRATION_LOCK_TIMEOUT: 3s
-- MIGRATION_STATEMENT_TIMEOUT: 10min

-- UPGRADE
CREATE TABLE invoices (id int);

-- DOWNGRADE
DROP TABLE invoices;
');
SELECT * FROM tenancy.load_migration('refresh_views.sql', E'-- MIGRATION_REPEATABLE: on\nSELECT 1;');
SELECT * FROM tenancy.load_migration('whatever.sql', E'-- MIGRATION_VERSION: 2024.1\nSELECT 1;');
SELECT migration_set, version, description, scope, up_sql, up_line, down_sql, down_line, transactional, repeatable,
       allow_outside, lock_timeout_ms, statement_timeout_ms, filename
  FROM tenancy.migrations ORDER BY migration_set, version \gx

-- The caller's set and scope are for files that say nothing.
SELECT * FROM tenancy.load_migration('001_a.sql', 'SELECT 1;', 'users', 'public');
SELECT * FROM tenancy.load_migration('002_b.sql', E'-- MIGRATION_SET: billing2\n-- MIGRATION_SCOPE: both\nSELECT 1;',
                                     migration_set => 'users', scope => 'public');
SELECT migration_set, version, scope FROM tenancy.migrations WHERE migration_set IN ('users', 'billing2') ORDER BY 1;

-- Loaded again, and changed.
SELECT action FROM tenancy.load_migration('001_create_users.sql', 'CREATE TABLE users (id int);');
SELECT action FROM tenancy.load_migration('001_create_users.sql', E'CREATE TABLE users (id int);\n\n\n');
SELECT action FROM tenancy.load_migration('001_create_users.sql', 'CREATE TABLE users (id bigint);');

-- A byte order mark and CRLF line ends make no difference.
SELECT action FROM tenancy.load_migration('010_same.sql', E'-- UPGRADE\nSELECT ''a\nb'';\n-- DOWNGRADE\nSELECT 2;\n');
SELECT action FROM tenancy.load_migration('010_same.sql',
                                          U&'\FEFF' || E'-- UPGRADE\nSELECT ''a\nb'';\n-- DOWNGRADE\nSELECT 2;\n');
SELECT action FROM tenancy.load_migration('010_same.sql',
                                          E'-- UPGRADE\r\nSELECT ''a\r\nb'';\r\n-- DOWNGRADE\r\nSELECT 2;\r\n');
SELECT strpos(up_sql, E'\r') AS up, strpos(down_sql, E'\r') AS down FROM tenancy.migrations WHERE version = '010';
SELECT action FROM tenancy.load_migration('011_marked.sql', U&'\FEFF-- MIGRATION_SCOPE: public\000ASELECT 1;');
SELECT scope FROM tenancy.migrations WHERE version = '011';

-- Pairs. A part that comes again replaces what it was; the up file keeps the down part.
SELECT * FROM tenancy.load_migration('020_pair.down.sql', 'DROP TABLE p;');
SELECT * FROM tenancy.load_migration('020_pair.up.sql', E'-- MIGRATION_SCOPE: both\nCREATE TABLE p (id int);');
SELECT * FROM tenancy.load_migration('020_pair.down.sql', 'DROP TABLE p;');
SELECT * FROM tenancy.load_migration('020_pair.down.sql', 'DROP TABLE p CASCADE;');
SELECT * FROM tenancy.load_migration('020_pair.up.sql', E'-- MIGRATION_SCOPE: both\nCREATE TABLE p (id bigint);');
SELECT scope, up_sql, down_sql, filename FROM tenancy.migrations WHERE version = '020';
SELECT * FROM tenancy.load_migration('020_other.down.sql', 'DROP TABLE p;');
SELECT * FROM tenancy.load_migration('020_pair.down.sql', E'-- MIGRATION_SCOPE: both\nDROP TABLE p;');
SELECT * FROM tenancy.load_migration('020_pair.down.sql', E'DROP TABLE p;\nDROP TABEL q;');
SELECT * FROM tenancy.load_migration('020_pair.down.sql', '');
SELECT down_sql IS NOT NULL AS reversible, down_sql FROM tenancy.migrations WHERE version = '020';

-- Folders, as Diesel has them, with metadata.toml.
SELECT * FROM tenancy.load_migration('2024-01-31-120000_make_it/up.sql', 'CREATE TABLE d (id int);');
SELECT * FROM tenancy.load_migration('2024-01-31-120000_make_it/down.sql', 'DROP TABLE d;');
SELECT * FROM tenancy.load_migration('2024-01-31-120000_make_it/metadata.toml',
       E'# slow\nrun_in_transaction = false\n');
SELECT version, description, down_sql, transactional, filename FROM tenancy.migrations WHERE version LIKE '2024-01%';
SELECT * FROM tenancy.load_migration('2024-01-31-120000_make_it/up.sql', 'CREATE TABLE d (id int);');
SELECT * FROM tenancy.load_migration('2024-01-31-120000_make_it/metadata.toml', 'run_in_transaction = maybe');
SELECT * FROM tenancy.load_migration('2024-01-31-120000_make_it/metadata.toml', 'timeout = 5');
SELECT * FROM tenancy.load_migration('2024-02-01-120000_alone/metadata.toml', 'run_in_transaction = false');

-- Markers inside quotes and comments are none.
SELECT action FROM tenancy.load_migration('030_quoted.sql',
       E'SELECT ''\n-- DOWNGRADE\n'';\nSELECT $$\n-- DOWNGRADE\n$$;\n/*\n-- DOWNGRADE\n*/\n');
SELECT down_sql IS NULL AS irreversible, length(up_sql) FROM tenancy.migrations WHERE version = '030';
-- A DOWNGRADE section of comments is none; without UPGRADE, what stands before it goes up.
SELECT action FROM tenancy.load_migration('031_one_way.sql',
       E'CREATE TABLE o (id int);\n-- DOWNGRADE\n-- no way back\n');
SELECT up_sql, down_sql FROM tenancy.migrations WHERE version = '031';

-- Malformed files: the place, the reason, what to do.
SELECT * FROM tenancy.load_migration('040_x.sql', '');
SELECT * FROM tenancy.load_migration('040_x.sql', E' \n\t\r\n');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- UPGRADE\n\n-- DOWNGRADE\nSELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- DOWNGRADE\nSELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- MIGRATION_SCOPE: both\n-- MIGRATION_SPEED: high\nSELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- MIGRATION_SCOPE both\nSELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- MIGRATION_SCOPE:\nSELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- MIGRATION_SCOPE: both\n-- MIGRATION_SCOPE: tenant\nSELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- MIGRATION_SCOPE: everywhere\nSELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- MIGRATION_TRANSACTION: maybe\nSELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- MIGRATION_LOCK_TIMEOUT: 5 parsecs\nSELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- MIGRATION_VERSION: head\nSELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- MIGRATION_SET: Users\nSELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'SELECT 1;\n-- MIGRATION_SCOPE: public\nSELECT 2;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- UPGRADE\nSELECT 1;\n-- UPGRADE\nSELECT 2;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'SELECT 1;\n-- Downgrade\nSELECT 2;');
SELECT * FROM tenancy.load_migration('040_x.sql', E'SELECT 0;\n-- UPGRADE\nSELECT 1;');
SELECT * FROM tenancy.load_migration('create_users.sql', 'SELECT 1;');
SELECT * FROM tenancy.load_migration('README.md', 'SELECT 1;');
SELECT * FROM tenancy.load_migration('', 'SELECT 1;');
SELECT * FROM tenancy.load_migration(NULL, 'SELECT 1;');
SELECT * FROM tenancy.load_migration('040_x.sql', NULL);
SELECT * FROM tenancy.load_migration('040_x.sql', 'SELECT 1;', scope => 'shared');
SELECT * FROM tenancy.load_migration('040_x.sql', 'SELECT 1;', migration_set => 'My Set');

-- Lines are those of the file, sections or not.
SELECT * FROM tenancy.load_migration('040_x.sql',
       E'-- MIGRATION_SCOPE: both\n\n-- UPGRADE\nSELECT 1;\nSELEC 2;\n-- DOWNGRADE\n');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- UPGRADE\nSELECT 1;\n-- DOWNGRADE\nSELECT 1;\nCOMMIT;\n');
SELECT * FROM tenancy.load_migration('040_x.sql', E'-- MIGRATION_SCOPE: both\nSELECT 1;\nVACUUM;');
SELECT count(*) FROM tenancy.migrations WHERE version = '040';

-- One version in two files.
SELECT action FROM tenancy.load_migration('050_first.sql', 'SELECT 1;');
SELECT action FROM tenancy.load_migration('0050_third.sql', 'SELECT 2;');
SELECT version, description, up_sql, filename FROM tenancy.migrations WHERE version LIKE '%50';

DROP EXTENSION tenancy;

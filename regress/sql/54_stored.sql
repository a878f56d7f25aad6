-- tenancy.stored, and calls that depend on what is stored.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE SCHEMA stored_t;
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)');
SELECT tenancy.add_migration('1', 'CREATE TABLE u (id int)', migration_set => 'users');
CREATE TEMP TABLE before AS SELECT * FROM tenancy.stored('{default,users}');
SELECT migration_set, version, length(digest) FROM before ORDER BY 1, 2;
SELECT count(DISTINCT digest) FROM before;
SELECT * FROM tenancy.stored('{nothing}');
SELECT * FROM tenancy.stored('{}');
SELECT * FROM tenancy.stored(NULL);

-- What is the same again has the same digest; every change gives another one.
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)');
SELECT migration_set, version FROM tenancy.stored('{default,users}') EXCEPT SELECT migration_set, version FROM before;
CREATE FUNCTION changes(change text) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE was text; is_now text;
BEGIN
    SELECT digest INTO was FROM tenancy.stored('{default}') WHERE version = '2';
    EXECUTE 'UPDATE tenancy.migrations SET ' || change || ' WHERE migration_set = ''default'' AND version = ''2''';
    SELECT digest INTO is_now FROM tenancy.stored('{default}') WHERE version = '2';
    RETURN was <> is_now;
END $$;
BEGIN;
SELECT change, changes(change)
  FROM unnest(ARRAY['description = ''x''', 'scope = ''both''', 'checksum = ''x''', 'up_line = 7', 'down_sql = ''''',
                    'down_line = 3', 'transactional = false', 'repeatable = true', 'allow_outside = true',
                    'lock_timeout_ms = 1', 'statement_timeout_ms = 1', 'filename = ''f''', 'variables = ''on''',
                    'after = NULL, repeatable = false', 'after = ''{}''', 'after = ''{1}''', 'branches = ''{b}''',
                    'requires = ''{users@1}''', 'tool_checksum = ''x''', 'updated_at = ''2000-01-01''']) AS change;
ROLLBACK;

-- The tool that goes along is told too.
SELECT tenancy.sync('flyway', 'users');
SELECT migration_set, version FROM tenancy.stored('{users}') ORDER BY 2;

-- A call for another store does nothing; without a digest it does not ask.
SELECT * FROM tenancy.upgrade_target('stored_t', '1', 'default', store_sets => '{default}', store_digest => 'another');
SELECT * FROM tenancy.downgrade_target('stored_t', 'base', store_sets => '{default}', store_digest => 'another');
SELECT * FROM tenancy.upgrade_target('stored_t', '1', store_digest => 'another');
SELECT to_regclass('stored_t.a');
SELECT to_revision, version FROM tenancy.upgrade_target('stored_t', '1', 'default', store_sets => '{default}');

-- Whoever may not read what is stored is told so, and so is whoever hides rows of it.
CREATE ROLE stored_reader;
GRANT USAGE ON SCHEMA tenancy TO stored_reader;
SET ROLE stored_reader;
SELECT * FROM tenancy.stored('{default}');
RESET ROLE;
GRANT SELECT ON tenancy.migrations, tenancy.synced_tools TO stored_reader;
ALTER TABLE tenancy.migrations ENABLE ROW LEVEL SECURITY;
SET ROLE stored_reader;
SELECT * FROM tenancy.stored('{default}');
RESET ROLE;
ALTER TABLE tenancy.migrations DISABLE ROW LEVEL SECURITY;
SET ROLE stored_reader;
SELECT migration_set, version FROM tenancy.stored('{default}') ORDER BY 2;
RESET ROLE;
DROP OWNED BY stored_reader;

SET client_min_messages = warning;
DROP FUNCTION changes(text);
DROP SCHEMA stored_t CASCADE;
DROP EXTENSION tenancy CASCADE;
DROP ROLE stored_reader;

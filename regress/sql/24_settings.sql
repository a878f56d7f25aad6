-- Settings: defaults, values, and values that are none.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

SELECT name, setting, unit, vartype, context, boot_val, enumvals FROM pg_settings
 WHERE name LIKE 'tenancy.%' ORDER BY name;
SELECT name FROM pg_settings WHERE name LIKE 'tenancy.%' AND short_desc = '';

-- Bad values are refused, and the old ones stay.
SET tenancy.shared_schemas = '';
SET tenancy.shared_schemas = 'a,,b';
SET tenancy.shared_schemas = '"open';
SET tenancy.tracking_table = '';
SET tenancy.tracking_table = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx';
SET tenancy.out_of_order = 'sometimes';
SET tenancy.run_as = 'root';
SET tenancy.lock_timeout = '-1';
SET tenancy.lock_timeout = 'soon';
SET tenancy.statement_timeout = '30 days';
SET tenancy.no_such_setting = 1;
SELECT name, setting = reset_val AS unchanged FROM pg_settings WHERE name LIKE 'tenancy.%' ORDER BY name;

-- Units, words in any case, lists.
SET tenancy.lock_timeout = '1min';
SHOW tenancy.lock_timeout;
SET tenancy.statement_timeout = '90s';
SHOW tenancy.statement_timeout;
SET tenancy.out_of_order = 'SKIP';
SHOW tenancy.out_of_order;
SET tenancy.shared_schemas = Core, public;
SHOW tenancy.shared_schemas;
SET tenancy.shared_schemas = 'Core, "Mixed Case", public';
SHOW tenancy.shared_schemas;
SELECT tenancy.shared_schemas();
SET tenancy.shared_schemas TO DEFAULT;
SELECT tenancy.shared_schemas();

-- Set for a role, a database or a function: they hold where they are set.
CREATE SCHEMA sett;
SELECT tenancy.add_migration('1', 'CREATE TABLE paths AS SELECT current_setting(''search_path'') AS path,'
                                  ' current_setting(''lock_timeout'') AS lock_timeout');
CREATE FUNCTION pg_temp.migrate() RETURNS SETOF text LANGUAGE sql SET tenancy.shared_schemas = 'pg_catalog, public'
    SET tenancy.lock_timeout = '42s' SET tenancy.tracking_table = 'own_name'
    AS $$SELECT version FROM tenancy.migrate_schema('sett')$$;
SELECT pg_temp.migrate();
SELECT * FROM sett.paths;
SELECT version FROM sett.own_name;
SHOW tenancy.tracking_table;

-- Values set before the library is loaded are checked when it is.
\c -
SET tenancy.tracking_table = 'early';
SET tenancy.out_of_order = 'nonsense';
SELECT tenancy.shared_schemas();
SHOW tenancy.tracking_table;
SHOW tenancy.out_of_order;

-- Limits of a migration over those of the settings.
\c -
CREATE TABLE sett.limits (version text, lock_timeout text);
SELECT tenancy.add_migration('2', 'INSERT INTO limits SELECT 2, current_setting(''lock_timeout'')',
                             lock_timeout => '7s');
SELECT tenancy.add_migration('3', 'INSERT INTO limits SELECT 3, current_setting(''lock_timeout'')');
SELECT tenancy.add_migration('4', 'INSERT INTO limits SELECT 4, current_setting(''lock_timeout'')',
                             lock_timeout => '0');
SET tenancy.tracking_table = 'own_name';
SELECT version FROM tenancy.migrate_schema('sett');
SELECT * FROM sett.limits ORDER BY version;

SET client_min_messages = warning;
DROP SCHEMA sett CASCADE;
DROP EXTENSION tenancy;

-- Servers: other clusters on which tenants live.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

SELECT name, conninfo, max_connections, labels FROM tenancy.register_server('eu1', 'host=eu1.example.com sslmode=verify-full');
SELECT name, conninfo, max_connections, labels
  FROM tenancy.register_server('us 1', 'postgresql://deploy@us1.example.com:6432/?sslmode=require', 20, '{"region": "us"}');
SELECT name FROM tenancy.register_server('ap', 'service=ap');

-- No password, however it is spelled; and none in the message.
SELECT tenancy.register_server('x', 'host=h password=secret');
SELECT tenancy.register_server('x', 'password = ''secret''');
SELECT tenancy.register_server('x', 'sslkey=k sslpassword=secret');
SELECT tenancy.register_server('x', 'postgresql://u:secret@h/');
SELECT tenancy.register_server('x', 'postgres://u:secret@h,h2/db');
SELECT tenancy.register_server('x', 'postgres://h/db?password=secret');
SELECT tenancy.register_server('x', 'postgres://h/db?sslmode=require&pass%77ord=secret');
UPDATE tenancy.servers SET conninfo = 'host=h oauth_client_secret=secret' WHERE name = 'ap';
-- These only look like it.
SELECT name FROM tenancy.register_server('y1', 'host=password user=secret passfile=/run/pgpass');
SELECT name FROM tenancy.register_server('y2', 'postgresql://[::1]:5432/db?application_name=a%20b');
SELECT name FROM tenancy.register_server('y3', 'postgresql:///db?host=/tmp&user=a:b');

SELECT tenancy.register_server('eu1', 'host=other');
SELECT tenancy.register_server('', 'host=other');
SELECT tenancy.register_server('x', NULL);
\set VERBOSITY terse
SELECT tenancy.register_server('x', 'host=h', 0);
SELECT tenancy.register_server('x', 'host=h', labels => '[]');
\set VERBOSITY default

-- Tenants live on servers that are there.
SELECT id, server FROM tenancy.register_tenant('acme', isolation => 'database', database => 'acme', server => 'eu1');
SELECT tenancy.register_tenant('globex', isolation => 'database', database => 'globex', server => 'eu9');
SELECT * FROM tenancy.register_from($$SELECT 'globex' AS id, 'eu9' AS server, 'globex' AS database$$);
\set VERBOSITY terse
UPDATE tenancy.tenants SET server = 'eu9' WHERE id = 'acme';
DELETE FROM tenancy.servers WHERE name = 'eu1';
\set VERBOSITY default
UPDATE tenancy.servers SET name = 'eu-1' WHERE name = 'eu1';
SELECT id, server FROM tenancy.tenants;
SELECT tenancy.deregister_server('eu-1');
SELECT id FROM tenancy.register_tenant('globex', isolation => 'database', database => 'globex', server => 'eu-1');
SELECT tenancy.deregister_server('eu-1');
SELECT tenancy.deregister_server('eu9');
SELECT tenancy.deregister_server(NULL);
SELECT count(tenancy.deregister_tenant(id)) FROM tenancy.tenants;
SELECT name, conninfo FROM tenancy.deregister_server('eu-1');
SELECT name FROM tenancy.servers ORDER BY name;

SET client_min_messages = warning;
DROP EXTENSION tenancy;

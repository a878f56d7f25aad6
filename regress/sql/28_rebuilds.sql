-- What the server makes for itself, in the temporary schema, while it rebuilds tables and views is no escape.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
CREATE SCHEMA rebuilt;
CREATE TABLE public.rebuilt_shared (id int);
INSERT INTO public.rebuilt_shared VALUES (1);
SELECT tenancy.add_migration('1', $$
    CREATE TABLE items (id int PRIMARY KEY, n int);
    INSERT INTO items SELECT i, i FROM generate_series(1, 10) i;
    CREATE MATERIALIZED VIEW totals AS SELECT n, count(*) AS count FROM items GROUP BY n;
    CREATE UNIQUE INDEX ON totals (n);
$$);
SELECT tenancy.add_migration('2', $$
    INSERT INTO items VALUES (11, 11);
    REFRESH MATERIALIZED VIEW CONCURRENTLY totals;
    REFRESH MATERIALIZED VIEW totals;
    ALTER TABLE items ALTER COLUMN n TYPE bigint USING n + 1;
    CLUSTER items USING items_pkey;
    REINDEX TABLE items;
    TRUNCATE items;
$$);
SELECT version FROM tenancy.migrate_schema('rebuilt', '1');
-- A materialized view stands in the way of the new type.
SELECT version FROM tenancy.migrate_schema('rebuilt');
SELECT tenancy.add_migration('2', $$
    INSERT INTO items VALUES (11, 11);
    REFRESH MATERIALIZED VIEW CONCURRENTLY totals;
    REFRESH MATERIALIZED VIEW totals;
    CLUSTER items USING items_pkey;
    REINDEX TABLE items;
    TRUNCATE items;
$$);
SELECT version FROM tenancy.migrate_schema('rebuilt');
SELECT count(*) AS totals, (SELECT count(*) FROM rebuilt.items) AS items FROM rebuilt.totals;
-- TRUNCATE of what is shared is one.
SELECT tenancy.run_in_schema('rebuilt', 'TRUNCATE rebuilt_shared');
SELECT count(*) FROM public.rebuilt_shared;
SET client_min_messages = warning;
DROP SCHEMA rebuilt CASCADE;
DROP TABLE public.rebuilt_shared;
DROP EXTENSION tenancy;

-- What a rollout does first, and when it stops: canary, waves, order, budgets.
SET tenancy.concurrency = 0;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE FUNCTION pg_temp.last_run() RETURNS bigint LANGUAGE sql AS 'SELECT max(id) FROM tenancy.runs';
CREATE FUNCTION pg_temp.last_waves()
RETURNS TABLE (wave text, tenants text, states text)
LANGUAGE sql AS $$
SELECT wave, string_agg(coalesce(tenant, schema), ' ' ORDER BY ordinal), string_agg(state, ' ' ORDER BY ordinal)
  FROM tenancy.run_targets WHERE run = pg_temp.last_run() GROUP BY wave ORDER BY min(ordinal)
$$;
-- Takes the fleet back, without a word.
CREATE PROCEDURE pg_temp.back() LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL client_min_messages = error;
    PERFORM tenancy.downgrade_all('base');
END
$$;

SELECT tenancy.add_migration('1', 'CREATE TABLE po_shared (id int)', 'DROP TABLE po_shared', scope => 'public');
SELECT tenancy.add_migration('2', 'CREATE TABLE a (id int)', 'DROP TABLE a');
-- Older ones have the later names. po_7 has neither tier nor label.
DO $$
BEGIN
    FOR i IN 1..7 LOOP
        PERFORM tenancy.create_tenant(
            'po_' || i, revision => 'base', tier => (ARRAY['free', 'gold', 'free', 'gold', 'internal', 'free'])[i],
            labels => CASE WHEN i < 7 THEN jsonb_build_object('ring', (ARRAY['b', 'a', '0'])[(i + 1) / 2]) ELSE '{}' END);
        UPDATE tenancy.tenants SET created_at = timestamptz '2020-01-01' - make_interval(days => i) WHERE id = 'po_' || i;
    END LOOP;
END
$$;

-- A canary by number: of the tenants; the shared schema is in front of all.
CALL tenancy.rollout(canary => 2);
SELECT * FROM pg_temp.last_waves();
SELECT policy FROM tenancy.runs WHERE id = pg_temp.last_run();
CALL pg_temp.back();

-- By names, in their order, and some more; stop behind it.
CALL tenancy.rollout(canary => 1, canary_tenants => '{po_5,po_3}', stop_after_canary => true);
SELECT * FROM pg_temp.last_waves();
SELECT state, reason, finished_at IS NOT NULL AS finished FROM tenancy.runs WHERE id = pg_temp.last_run();
SELECT tenant, revision FROM tenancy.status() WHERE state = 'current';
CALL tenancy.resume(pg_temp.last_run());
SELECT * FROM pg_temp.last_waves();
SELECT state, reason FROM tenancy.runs WHERE id = pg_temp.last_run();
CALL pg_temp.back();

-- All of the fleet in the canary: nothing is left to stop in front of.
CALL tenancy.rollout(canary => 100, stop_after_canary => true);
SELECT state, reason FROM tenancy.runs WHERE id = pg_temp.last_run();
CALL pg_temp.back();

-- A canary that fails ends the rollout; a canary of which nothing is to do is done.
CREATE TABLE po_2.a (mine text);
CALL tenancy.rollout(canary_tenants => '{po_1,po_2,po_3}');
SELECT * FROM pg_temp.last_waves();
SELECT state, reason FROM tenancy.runs WHERE id = pg_temp.last_run();
DROP TABLE po_2.a;
CALL tenancy.rollout(canary_tenants => '{po_1,po_2}', stop_after_canary => true);
SELECT * FROM pg_temp.last_waves();
-- The same call again does not take the whole fleet.
CALL tenancy.rollout(canary_tenants => '{po_1,po_2}', stop_after_canary => true);
SELECT * FROM pg_temp.last_waves();
CALL tenancy.resume(pg_temp.last_run());
CALL pg_temp.back();

-- Waves by tier: those that are named first, then the others, then who has none.
CALL tenancy.rollout(waves => '{internal,free}');
SELECT * FROM pg_temp.last_waves();
CALL pg_temp.back();
CALL tenancy.rollout(wave_by => 'tier', canary => 1);
SELECT * FROM pg_temp.last_waves();
CALL pg_temp.back();

-- By a label, and the order within a wave.
CALL tenancy.rollout(wave_by => 'ring', waves => '{0,a}', target_order => 'oldest');
SELECT * FROM pg_temp.last_waves();
CALL pg_temp.back();
CALL tenancy.rollout(target_order => 'newest', canary => 1, tier => 'free');
SELECT * FROM pg_temp.last_waves();
CALL pg_temp.back();
CALL tenancy.rollout(target_order => 'Random');
SELECT state, count(*) FROM tenancy.run_targets WHERE run = pg_temp.last_run() GROUP BY state;
CALL pg_temp.back();
-- A label that nobody has: one wave.
CALL tenancy.rollout(wave_by => 'no such label');
SELECT wave, count(*) FROM tenancy.run_targets WHERE run = pg_temp.last_run() GROUP BY wave ORDER BY min(ordinal);
CALL pg_temp.back();

-- Budgets. One fails in each wave: po_1 and po_3 are free, po_2 is gold, po_5 is internal.
CREATE TABLE po_1.a ();
CREATE TABLE po_2.a ();
CREATE TABLE po_5.a ();
CALL tenancy.rollout(wave_by => 'tier');
SELECT * FROM pg_temp.last_waves();
SELECT state, reason FROM tenancy.runs WHERE id = pg_temp.last_run();
CALL pg_temp.back();
CALL tenancy.rollout(wave_by => 'tier', max_failures => '1');
SELECT * FROM pg_temp.last_waves();
SELECT state, reason FROM tenancy.runs WHERE id = pg_temp.last_run();
CALL pg_temp.back();
CALL tenancy.rollout(wave_by => 'tier', max_failures => '0');
SELECT * FROM pg_temp.last_waves();
CALL pg_temp.back();
-- A number is as good as a string.
CALL tenancy.rollout(wave_by => 'tier', max_failures => 1);
SELECT state, reason, policy FROM tenancy.runs WHERE id = pg_temp.last_run();
CALL pg_temp.back();
CALL tenancy.rollout(wave_by => 'tier', max_wave_failures => 0::bigint, max_failures => '90' || '%');
SELECT state, reason, policy FROM tenancy.runs WHERE id = pg_temp.last_run();
CALL pg_temp.back();
-- Two of eight targets are 25%.
CALL tenancy.rollout(wave_by => 'tier', max_failures => '25%');
SELECT state, reason FROM tenancy.runs WHERE id = pg_temp.last_run();
CALL pg_temp.back();
CALL tenancy.rollout(wave_by => 'tier', max_failures => '37.5 %');
SELECT state, reason FROM tenancy.runs WHERE id = pg_temp.last_run();
CALL pg_temp.back();
-- One of three free ones is allowed, one of two gold ones is not.
CALL tenancy.rollout(wave_by => 'tier', max_wave_failures => '34%');
SELECT * FROM pg_temp.last_waves();
SELECT state, reason FROM tenancy.runs WHERE id = pg_temp.last_run();
CALL pg_temp.back();
CALL tenancy.rollout(waves => '{gold}', max_wave_failures => '0', max_failures => '50%');
SELECT state, reason FROM tenancy.runs WHERE id = pg_temp.last_run();
DROP TABLE po_1.a, po_2.a, po_5.a;
CALL tenancy.retry_failed(pg_temp.last_run());
CALL pg_temp.back();

-- What is found impossible before anything was tried counts too.
SET client_min_messages = warning;
DROP SCHEMA po_6 CASCADE;
RESET client_min_messages;
CALL tenancy.rollout(max_failures => '0');
SELECT * FROM pg_temp.last_waves();
SELECT id FROM tenancy.deregister_tenant('po_6');
CALL pg_temp.back();

-- Waves that are called like those of ours.
UPDATE tenancy.tenants SET tier = (ARRAY['canary', 'shared', 'all', 'others'])[right(id, 1)::int];
CALL tenancy.rollout(canary => 1, waves => '{shared,canary}', tier => NULL);
SELECT ordinal, wave, coalesce(tenant, schema) AS target FROM tenancy.run_targets
 WHERE run = pg_temp.last_run() ORDER BY ordinal;
CALL pg_temp.back();

-- Slips of the pen. Nothing is done.
CALL tenancy.rollout(waves => '{bronze}');
CALL tenancy.rollout(waves => '{shared,shared}');
CALL tenancy.rollout(waves => '{shared,NULL}');
CALL tenancy.rollout(wave_by => 'ring', waves => '{gold}');
CALL tenancy.rollout(canary_tenants => '{po_1,nobody,"no, body"}');
CALL tenancy.rollout(canary_tenants => '{NULL}');
CALL tenancy.rollout(canary_tenants => '{po_2}', pattern => 'po\_1');
CALL tenancy.rollout(canary => -1);
CALL tenancy.rollout(stop_after_canary => true);
CALL tenancy.rollout(canary => 0, stop_after_canary => true);
CALL tenancy.rollout(target_order => 'alphabetical');
CALL tenancy.rollout(max_failures => '120%');
CALL tenancy.rollout(max_failures => '-1');
CALL tenancy.rollout(max_failures => '');
CALL tenancy.rollout(max_wave_failures => '1.2345%');
CALL tenancy.rollout(max_wave_failures => '5 percent');
CALL tenancy.rollout(max_failures => -1);
CALL tenancy.downgrade_rollout('base', max_failures => 2.5);
CALL tenancy.downgrade_rollout('base', max_wave_failures => 'many'::varchar);
CALL tenancy.downgrade_rollout('base', max_failures => 3::smallint, max_wave_failures => NULL, tier => 'nobody');
SELECT policy FROM tenancy.runs WHERE id = pg_temp.last_run();
CALL tenancy.rollout(concurrency => -1);
CALL tenancy.rollout(concurrency => 65);
SELECT DISTINCT revision FROM tenancy.status();

-- An unknown wave that nobody's filter reaches, but whose tenants have nothing to do, is none.
SELECT count(*) FROM tenancy.migrate_tenant('po_2');
CALL tenancy.rollout(waves => '{shared,canary}');

-- Tenants that share a schema are one target, in the wave of the first of them; a canary by the name of any.
CREATE SCHEMA po_rls;
CREATE SCHEMA po_rls_2;
SELECT id FROM tenancy.register_tenant('row_1', 'po_rls', isolation => 'rls', tier => 'canary')
UNION ALL SELECT id FROM tenancy.register_tenant('row_2', 'po_rls', isolation => 'rls', tier => 'shared')
UNION ALL SELECT id FROM tenancy.register_tenant('row_3', 'public', isolation => 'rls')
UNION ALL SELECT id FROM tenancy.register_tenant('row_4', 'po_rls_2', isolation => 'rls')
UNION ALL SELECT id FROM tenancy.register_tenant('row_5', 'po_rls_2', isolation => 'rls');
CALL tenancy.rollout(canary_tenants => '{row_2,row_1,row_3}', wave_by => 'tier', stop_after_canary => true);
SELECT * FROM pg_temp.last_waves();
CALL tenancy.rollout(canary_tenants => '{row_2,row_4}', stop_after_canary => true);
SELECT * FROM pg_temp.last_waves();

SET client_min_messages = warning;
DROP SCHEMA po_1, po_2, po_3, po_4, po_5, po_7, po_rls, po_rls_2 CASCADE;
DROP TABLE public.po_shared, public.a, public.schema_migrations;
DROP EXTENSION tenancy;

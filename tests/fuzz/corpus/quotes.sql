DO $x$
-- DOWNGRADE
$x$;
SELECT E'\'', 'it''s', "a""b"; /* /* */ */
-- DOWNGRADE:
SELECT 1;

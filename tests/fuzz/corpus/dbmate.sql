-- migrate:up transaction:false
START TRANSACTION; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN 1 THEN 2 END; END; END;
-- migrate:down
-- rollback

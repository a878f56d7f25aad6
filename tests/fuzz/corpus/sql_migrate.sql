-- +migrate Up notransaction
SELECT E'\'' 'a';
-- +migrate Down
SELECT 1;
-- Up Migration
-- Down Migration

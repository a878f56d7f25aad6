-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
BEGIN;
SELECT $$ -- +goose Down $$;
COMMIT;
-- +goose StatementEnd
-- +goose Down
DROP TABLE x;

-- MIGRATION_DESCRIPTION: free labels on tasks

-- UPGRADE
ALTER TABLE tasks
    ADD COLUMN labels text[] NOT NULL DEFAULT '{}' CHECK (array_position(labels, NULL) IS NULL);

CREATE INDEX tasks_labels_idx ON tasks USING gin (labels);

-- DOWNGRADE
ALTER TABLE tasks DROP COLUMN labels;

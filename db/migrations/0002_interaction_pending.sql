-- Who works on an answer owed, and what is owed at all.
ALTER TABLE interaction_pending
    ADD COLUMN claimed_by bigint,                    -- one life of a worker process; null: free
    ADD COLUMN tries smallint NOT NULL DEFAULT 1;    -- claims in a row that ended with the worker's death
CREATE INDEX interaction_pending_open ON interaction_pending (received_at) WHERE done_at IS NULL;

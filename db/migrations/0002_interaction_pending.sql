-- Who works on an answer owed, and what is owed at all.
ALTER TABLE interaction_pending
    ADD COLUMN claimed_by bigint,                    -- one life of a worker process; null: free
    ADD COLUMN tries smallint NOT NULL DEFAULT 1,    -- claims in a row that ended with the worker's death
    ADD COLUMN message_id bigint;                    -- of a click that does nothing but edit it
CREATE INDEX interaction_pending_open ON interaction_pending (received_at) WHERE done_at IS NULL;
CREATE INDEX interaction_pending_message ON interaction_pending (message_id, interaction_id) WHERE message_id IS NOT NULL;

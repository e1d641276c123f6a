-- The interaction that asked for a change: what was signed once changes a setting once, however long ago that was.
ALTER TABLE guild_settings_audit ADD COLUMN interaction_id bigint;
CREATE UNIQUE INDEX ON guild_settings_audit (interaction_id);

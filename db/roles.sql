-- Who may do what, once and for all tables. `tracker --migrate` runs this behind the migrations, each time: what a backup did not
-- bring along, or a role that was made later, gets its rights by another run.
--
-- Each program logs in by a role of its own, made by a person, that is in one of two groups:
--
--     CREATE ROLE ann LOGIN PASSWORD '...' IN ROLE vcledger_handler
--
-- The owner of the tables needs none of this, and one role for everything works as well. Rights are those that the program's
-- statements need, and no others (tests/db/test_roles.py). A migration that makes a table adds it here. Functions run with the rights
-- of whoever calls them, so that everybody may.
DO $$
DECLARE
    owner regrole;
    home regnamespace;
    missing text;
BEGIN
    SELECT relowner, relnamespace INTO owner, home FROM pg_class WHERE oid = 'schema_migration'::regclass;
    IF NOT pg_has_role(owner, 'USAGE') THEN
        RETURN; -- who does not own the tables has nothing to give
    END IF;

    -- Roles are the cluster's: another database may have them, or be about to make them.
    FOREACH missing IN ARRAY ARRAY['vcledger_handler', 'vcledger_tracker'] LOOP
        CONTINUE WHEN to_regrole(missing) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE ROLE %I', missing);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL;
            WHEN insufficient_privilege THEN
                RAISE WARNING 'there is no role %, and % may make none: only programs with roles of their own need it', missing, current_user;
                RETURN;
        END;
    END LOOP;

    IF NOT has_schema_privilege('vcledger_handler', home, 'USAGE') OR NOT has_schema_privilege('vcledger_tracker', home, 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO vcledger_handler, vcledger_tracker', home); -- in public everybody has it
    END IF;
    GRANT SELECT ON schema_migration TO vcledger_handler, vcledger_tracker;

    -- The handler reads, and writes what members choose and what it owes them. Of a shard it does not see the gateway's session.
    GRANT SELECT ON guild, member, voice_session, voice_daily_activity, guild_daily_activity, voice_total, voice_total_bucket,
                    guild_total, guild_last_day TO vcledger_handler;
    GRANT SELECT (shard_count, shard_id, interval_seconds, proven_at) ON tracker_shard TO vcledger_handler;
    GRANT SELECT, INSERT, UPDATE ON guild_settings TO vcledger_handler;
    GRANT SELECT, INSERT ON guild_settings_audit TO vcledger_handler;
    GRANT SELECT, INSERT, UPDATE, DELETE ON interaction_pending TO vcledger_handler;

    -- The tracker writes what happened. A session that is written down can only end. It sees no request, and with it no token.
    GRANT SELECT ON guild_settings, guild_settings_audit TO vcledger_tracker;
    GRANT SELECT, INSERT, UPDATE ON guild, member, tracker_shard, shard_coverage TO vcledger_tracker;
    GRANT SELECT, INSERT, UPDATE, DELETE ON channel, voice_presence TO vcledger_tracker;
    GRANT SELECT, INSERT, UPDATE (ended_at, end_reason) ON voice_session TO vcledger_tracker;
    GRANT SELECT, INSERT, UPDATE ON voice_daily_activity, guild_daily_activity, voice_total, voice_total_bucket, guild_total,
                                    guild_last_day TO vcledger_tracker;
    IF NOT has_database_privilege('vcledger_tracker', current_database(), 'TEMPORARY') THEN -- everybody has it where nobody took it
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO vcledger_tracker', current_database()); -- for an import
    END IF;
END $$;

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
    words text;
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

    -- Only what is missing: a GRANT that changes nothing writes the catalog all the same, and all prepared plans are made anew.
    FOR words IN
        SELECT format('GRANT %s ON TABLE %I TO %I', privilege, name, role)
          FROM (VALUES
                -- The handler reads, and writes what members choose and what it owes them.
                ('vcledger_handler', 'SELECT', 'schema_migration guild member voice_session voice_daily_activity guild_daily_activity'),
                ('vcledger_handler', 'SELECT', 'voice_total voice_total_bucket guild_total guild_last_day'),
                ('vcledger_handler', 'SELECT INSERT UPDATE', 'guild_settings'),
                ('vcledger_handler', 'SELECT INSERT', 'guild_settings_audit'),
                ('vcledger_handler', 'SELECT INSERT UPDATE DELETE', 'interaction_pending'),
                -- The tracker writes what happened. It sees no request, and with it no token.
                ('vcledger_tracker', 'SELECT', 'schema_migration guild_settings guild_settings_audit'),
                ('vcledger_tracker', 'SELECT INSERT UPDATE', 'guild member tracker_shard shard_coverage'),
                ('vcledger_tracker', 'SELECT INSERT UPDATE DELETE', 'channel voice_presence'),
                ('vcledger_tracker', 'SELECT INSERT', 'voice_session'),
                ('vcledger_tracker', 'SELECT INSERT UPDATE', 'voice_daily_activity guild_daily_activity voice_total'),
                ('vcledger_tracker', 'SELECT INSERT UPDATE', 'voice_total_bucket guild_total guild_last_day')
               ) AS needed(role, privileges, tables),
               string_to_table(privileges, ' ') AS privilege, string_to_table(tables, ' ') AS name
         WHERE NOT has_table_privilege(role, name, privilege)
         UNION ALL
        SELECT format('GRANT %s (%I) ON TABLE %I TO %I', privilege, column_name, name, role)
          FROM (VALUES
                -- Of a shard the handler does not see the gateway's session.
                ('vcledger_handler', 'SELECT', 'tracker_shard', 'shard_count shard_id interval_seconds proven_at'),
                -- A session that is written down can only end.
                ('vcledger_tracker', 'UPDATE', 'voice_session', 'ended_at end_reason')
               ) AS needed(role, privilege, name, columns),
               string_to_table(columns, ' ') AS column_name
         WHERE NOT has_column_privilege(role, name, column_name, privilege)
         UNION ALL -- what everybody has where nobody took it
        SELECT format('GRANT USAGE ON SCHEMA %s TO %I', home, role)
          FROM unnest(ARRAY['vcledger_handler', 'vcledger_tracker']) AS role
         WHERE NOT has_schema_privilege(role, home, 'USAGE')
         UNION ALL -- for an import
        SELECT format('GRANT TEMPORARY ON DATABASE %I TO vcledger_tracker', current_database())
         WHERE NOT has_database_privilege('vcledger_tracker', current_database(), 'TEMPORARY')
    LOOP
        EXECUTE words;
    END LOOP;
END $$;

-- Claiming a shard under another number of shards than before: the servers that are its own now come over from whoever
-- followed them. Nobody knows what happened to them since that shard's proven moment: what is open ends there, and the
-- session of the gateway, if there is an old one, would not tell who is in voice. Owners under another number are refused from
-- now on.
CREATE FUNCTION adopt_guilds(_count int, _id int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    adopted record;
BEGIN
    PERFORM FROM tracker_shard WHERE shard_count <> _count ORDER BY shard_count, shard_id FOR UPDATE;
    UPDATE tracker_shard SET epoch = epoch + 1 WHERE shard_count <> _count;
    FOR adopted IN
        SELECT g.guild_id, coalesce(floor(extract(epoch FROM t.proven_at))::bigint, 0) AS proven
          FROM guild g LEFT JOIN tracker_shard t USING (shard_count, shard_id)
         WHERE (g.guild_id >> 22) % _count = _id AND (g.shard_count, g.shard_id) <> (_count, _id)
         ORDER BY g.guild_id
    LOOP
        PERFORM record_sessions(adopted.guild_id, array_agg(session_id), array_agg(user_id), array_agg(channel_id),
                                array_agg(started), array_agg(greatest(started, adopted.proven)), array_agg('unproven'::text))
           FROM (SELECT session_id, user_id, channel_id, extract(epoch FROM started_at)::bigint AS started
                   FROM voice_session WHERE guild_id = adopted.guild_id AND ended_at IS NULL) AS open
         HAVING count(*) > 0;
        DELETE FROM voice_presence WHERE guild_id = adopted.guild_id;
        UPDATE guild SET shard_count = _count, shard_id = _id WHERE guild_id = adopted.guild_id;
        UPDATE tracker_shard SET session_id = NULL, resume_url = NULL, seq = NULL
         WHERE shard_count = _count AND shard_id = _id AND session_id IS NOT NULL;
    END LOOP;
END $$;

-- The servers of a shard come over from whoever followed them under another number of shards. Nobody knows what happened to
-- them since that shard's proven moment: what is open ends there, and the session of the gateway, if there is an old one, would
-- not tell who is in voice. Owners under another number are refused from now on.
CREATE FUNCTION adopt_guilds(_count int, _id int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    adopted record;
BEGIN
    PERFORM FROM tracker_shard WHERE shard_count <> _count ORDER BY shard_count, shard_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
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

-- Takes a shard over: whoever held it before is refused from now on, and where they left a watch open it ends at the proven
-- moment, for the reason given. _epoch and _batch_no are what the claimer has seen (0: no row): it raises VC001 where somebody has
-- claimed or written since, and thus lives. Epochs follow the clock, so that one that a fail-over forgot does not come again.
CREATE FUNCTION claim_shard(_count int, _id int, _epoch bigint, _batch_no bigint, _interval int, _reason text)
RETURNS SETOF tracker_shard
LANGUAGE plpgsql AS $$
DECLARE
    now tracker_shard;
BEGIN
    SELECT * INTO now FROM tracker_shard WHERE shard_count = _count AND shard_id = _id FOR UPDATE;
    IF (coalesce(now.epoch, 0), coalesce(now.batch_no, 0)) <> (_epoch, _batch_no) THEN
        RAISE EXCEPTION 'shard % of % is at epoch %, batch %', _id, _count, now.epoch, now.batch_no USING ERRCODE = 'VC001';
    END IF;
    PERFORM adopt_guilds(_count, _id);
    UPDATE shard_coverage c SET to_at = greatest(c.from_at, t.proven_at), end_reason = _reason
      FROM tracker_shard t
     WHERE (t.shard_count, t.shard_id) = (_count, _id) AND (c.shard_count, c.shard_id) = (_count, _id) AND c.to_at IS NULL;
    RETURN QUERY
        INSERT INTO tracker_shard AS t (shard_count, shard_id, epoch, interval_seconds)
        VALUES (_count, _id, extract(epoch FROM clock_timestamp())::bigint, _interval)
        ON CONFLICT (shard_count, shard_id) DO UPDATE
           SET epoch = greatest(t.epoch + 1, excluded.epoch), interval_seconds = excluded.interval_seconds
        RETURNING t.*;
END $$;

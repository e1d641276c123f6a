-- No batch is under way while the totals are counted: each begins at this table.
LOCK TABLE tracker_shard IN EXCLUSIVE MODE;

-- How many members of a board have about so much: with it a rank or a page is found by counting within one bucket, not from the
-- top. A bucket is an eighth of the fourth root of the seconds, so a few hundred are enough for any board, each 2 to 12 % wide. Both
-- functions are exact: roots are rounded as IEEE 754 demands, and those next to a border differ from it by more.
CREATE FUNCTION bucket_of(_seconds bigint) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT floor(8 * sqrt(sqrt(_seconds)))::int
$$;
CREATE FUNCTION bucket_end(_bucket int) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ -- the least seconds above it
    SELECT ((_bucket + 1)::bigint * (_bucket + 1) * (_bucket + 1) * (_bucket + 1) + 4095) / 4096
$$;
CREATE TABLE voice_total_bucket (
    guild_id bigint, period text, period_start date, bucket int, members int NOT NULL,
    PRIMARY KEY (guild_id, period, period_start, bucket)
);
INSERT INTO voice_total_bucket (guild_id, period, period_start, bucket, members)
SELECT guild_id, period, period_start, bucket_of(total_seconds), count(*) FROM voice_total GROUP BY 1, 2, 3, 4;

-- How many members were last there on which day: unique members of a range that ends now. Counted one by one, in an index of every
-- member there ever was, they took 10 ms of 50 000, and 20 where no vacuum had been.
CREATE TABLE guild_last_day (
    guild_id bigint, last_day date, members int NOT NULL,
    PRIMARY KEY (guild_id, last_day)
);
INSERT INTO guild_last_day (guild_id, last_day, members)
SELECT guild_id, last_day, count(*) FROM voice_total WHERE period = 'all' GROUP BY 1, 2;
DROP INDEX voice_total_last_day;
ALTER TABLE voice_total ADD COLUMN last_day_before date; -- the latest change: RETURNING tells what is, not what was

-- As before, and about twice as fast: its plan is made once a connection (making it took longer than running it, and the planner
-- would make it anew for every call), and where nothing ends nothing is added up. And it locks the guild's row: advisory locks
-- stand in shared memory, where there is room for some ten thousand, and one transaction may have to end the sessions of more
-- guilds than that.
--
-- Opens, ends and imports sessions of one guild: whole rows, with ended_at null for those that stay open. Ended rows add
-- their seconds to the rollups. A row that is already ended is ignored, so a repeated call adds nothing. Of a member who ends
-- one session and begins another, both rows go in one call.
--
-- A member's sessions must not overlap: days, streaks, boards and partners rest on it. The caller sees to that; nothing here does.
--
-- Writers of the same guild wait for each other (lock by guild; call for several guilds in id order), but for one that came while
-- the guild was not known and one that came after. Sums are right even so: an upsert waits for the row that it adds to, and tells
-- by what it then finds whether the member is new there. Should the two wait for each other's rows, PostgreSQL refuses one of them
-- (40P01), and its batch is sent again.
CREATE OR REPLACE FUNCTION record_sessions(_guild bigint, _session bigint[], _user bigint[], _channel bigint[],
                                _start bigint[], _end bigint[], _reason text[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE n int := cardinality(_session);
BEGIN
    IF n IS DISTINCT FROM cardinality(_user) OR n IS DISTINCT FROM cardinality(_channel) OR n IS DISTINCT FROM cardinality(_start)
       OR n IS DISTINCT FROM cardinality(_end) OR n IS DISTINCT FROM cardinality(_reason) THEN
        RAISE EXCEPTION 'record_sessions: arrays of different lengths';
    END IF;
    PERFORM FROM guild WHERE guild_id = _guild FOR NO KEY UPDATE;
    IF NOT FOUND THEN -- not known yet
        PERFORM pg_advisory_xact_lock(hashtextextended('guild', _guild));
    END IF;
    IF cardinality(array_remove(_end, NULL)) > 0 THEN
        WITH closed AS (
            INSERT INTO voice_session AS s (guild_id, session_id, user_id, channel_id, started_at, ended_at, end_reason)
            SELECT _guild, x.session_id, x.user_id, x.channel_id, to_timestamp(x.s), to_timestamp(greatest(x.e, x.s)), x.reason
              FROM unnest(_session, _user, _channel, _start, _end, _reason) AS x(session_id, user_id, channel_id, s, e, reason)
             WHERE x.e IS NOT NULL
            ON CONFLICT (guild_id, session_id) DO UPDATE
               SET ended_at = greatest(s.started_at, excluded.ended_at), end_reason = excluded.end_reason
             WHERE s.ended_at IS NULL
            RETURNING s.user_id, s.started_at AT TIME ZONE 'UTC' AS started_at, s.ended_at AT TIME ZONE 'UTC' AS ended_at
        ), per_day AS (                                  -- a session's seconds on each UTC day that it touches
            SELECT c.user_id, d::date AS day,
                   sum(extract(epoch FROM least(c.ended_at, d + interval '1 day') - greatest(c.started_at, d)))::int AS seconds
              FROM closed c, generate_series(date_trunc('day', c.started_at), c.ended_at, interval '1 day') AS d
             WHERE c.ended_at > c.started_at
             GROUP BY c.user_id, d::date
            HAVING sum(extract(epoch FROM least(c.ended_at, d + interval '1 day') - greatest(c.started_at, d))) > 0
        ), daily AS (
            INSERT INTO voice_daily_activity AS t (guild_id, day, user_id, total_seconds)
            SELECT _guild, day, user_id, seconds FROM per_day
            ON CONFLICT (guild_id, day, user_id) DO UPDATE SET total_seconds = t.total_seconds + excluded.total_seconds
            RETURNING day, (xmax = 0) AS first
        ), guild_daily AS (
            INSERT INTO guild_daily_activity AS t (guild_id, day, total_seconds, active_members)
            SELECT _guild, p.day, p.seconds, f.members
              FROM (SELECT day, sum(seconds) AS seconds FROM per_day GROUP BY day) p
              JOIN (SELECT day, count(*) FILTER (WHERE first)::int AS members FROM daily GROUP BY day) f USING (day)
            ON CONFLICT (guild_id, day) DO UPDATE
               SET total_seconds = t.total_seconds + excluded.total_seconds,
                   active_members = t.active_members + excluded.active_members
        ), per_period AS (
            SELECT k.period, k.period_start, p.user_id, sum(p.seconds) AS seconds, max(p.day) AS last_day
              FROM per_day p,
                   LATERAL (VALUES ('month', date_trunc('month', p.day::timestamp)::date),
                                   ('year', date_trunc('year', p.day::timestamp)::date),
                                   ('all', date '1970-01-01')) AS k(period, period_start)
             GROUP BY k.period, k.period_start, p.user_id
        ), totals AS (
            INSERT INTO voice_total AS t (guild_id, period, period_start, user_id, total_seconds, last_day)
            SELECT _guild, period, period_start, user_id, seconds, last_day FROM per_period
            ON CONFLICT (guild_id, period, period_start, user_id) DO UPDATE
               SET total_seconds = t.total_seconds + excluded.total_seconds, last_day = greatest(t.last_day, excluded.last_day),
                   last_day_before = t.last_day
            RETURNING period, period_start, user_id, total_seconds, last_day, last_day_before, (xmax = 0) AS first
        ), moved AS (                                    -- into a bucket, and out of another
            SELECT t.period, t.period_start, b.bucket, sum(b.members) AS members
              FROM totals t
              JOIN per_period p USING (period, period_start, user_id),
                   LATERAL (SELECT bucket_of(t.total_seconds), 1
                             UNION ALL
                            SELECT bucket_of(t.total_seconds - p.seconds), -1 WHERE NOT t.first) AS b(bucket, members)
             GROUP BY t.period, t.period_start, b.bucket
            HAVING sum(b.members) <> 0
        ), buckets AS (
            INSERT INTO voice_total_bucket AS t (guild_id, period, period_start, bucket, members)
            SELECT _guild, period, period_start, bucket, members FROM moved
            ON CONFLICT (guild_id, period, period_start, bucket) DO UPDATE SET members = t.members + excluded.members
        ), last_days AS (
            INSERT INTO guild_last_day AS t (guild_id, last_day, members)
            SELECT _guild, d.day, sum(d.members)
              FROM totals t, LATERAL (VALUES (t.last_day, 1), (t.last_day_before, -1)) AS d(day, members)
             WHERE t.period = 'all' AND d.day IS NOT NULL
             GROUP BY d.day
            HAVING sum(d.members) <> 0
            ON CONFLICT (guild_id, last_day) DO UPDATE SET members = t.members + excluded.members
        )
        INSERT INTO guild_total AS t (guild_id, period, period_start, total_seconds, members)
        SELECT _guild, period, period_start, p.seconds, f.members
          FROM (SELECT period, period_start, sum(seconds) AS seconds FROM per_period GROUP BY 1, 2) p
          JOIN (SELECT period, period_start, count(*) FILTER (WHERE first)::int AS members FROM totals GROUP BY 1, 2) f
         USING (period, period_start)
        ON CONFLICT (guild_id, period, period_start) DO UPDATE
           SET total_seconds = t.total_seconds + excluded.total_seconds, members = t.members + excluded.members;
    END IF;

    IF array_position(_end, NULL) IS NOT NULL THEN
        INSERT INTO voice_session (guild_id, session_id, user_id, channel_id, started_at)
        SELECT _guild, x.session_id, x.user_id, x.channel_id, to_timestamp(x.s)
          FROM unnest(_session, _user, _channel, _start, _end) AS x(session_id, user_id, channel_id, s, e)
         WHERE x.e IS NULL
        ON CONFLICT (guild_id, session_id) DO NOTHING;
    END IF;
END $$;

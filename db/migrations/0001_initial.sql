-- The data model. Names, keys and record_sessions() are what the programs rely on.
--
-- Times of sessions are whole seconds: C truncates once, when the event is received, and passes unix seconds, so that
-- every sum of seconds is exact and every two ways of adding them agree. (A cast to timestamptz(0) would round.)

-- Who and where, as the tracker last saw it -----------------------------------------------------------------------
CREATE TABLE guild (
    guild_id        bigint PRIMARY KEY,
    name            text NOT NULL,
    icon            text,                            -- hash, for the CDN
    afk_channel_id  bigint,
    shard_count     int NOT NULL,                    -- the shard whose proof bounds this guild's open sessions
    shard_id        int NOT NULL,
    available       boolean NOT NULL DEFAULT true,   -- false during an outage announced by Discord
    left_at         timestamptz                      -- set when we are removed
);
CREATE TABLE channel (
    guild_id bigint, channel_id bigint, name text NOT NULL, type smallint NOT NULL,
    PRIMARY KEY (guild_id, channel_id)
);
CREATE TABLE member (
    guild_id bigint, user_id bigint,
    username text NOT NULL, global_name text, nick text, discriminator text NOT NULL DEFAULT '0',
    avatar text, guild_avatar text,
    PRIMARY KEY (guild_id, user_id)
);

-- Settings: one column per setting, changed one at a time; a change is also announced with NOTIFY guild_settings ---
CREATE TABLE guild_settings (
    guild_id   bigint PRIMARY KEY,
    tracking   boolean NOT NULL DEFAULT true,
    count_afk  boolean NOT NULL DEFAULT true,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by bigint
);
CREATE TABLE guild_settings_audit (
    guild_id bigint NOT NULL, changed_at timestamptz NOT NULL DEFAULT now(), changed_by bigint NOT NULL,
    setting text NOT NULL, old_value text, new_value text NOT NULL
);
CREATE INDEX ON guild_settings_audit (guild_id, setting, changed_at);   -- after an absence the tracker replays this

-- Presence: everybody in voice but bots, counted or not; committed with seq, so a RESUME after a crash starts right -
CREATE TABLE voice_presence (
    guild_id bigint, user_id bigint, channel_id bigint NOT NULL,
    PRIMARY KEY (guild_id, user_id)
);

-- The truth ---------------------------------------------------------------------------------------------------------
CREATE TABLE voice_session (
    guild_id   bigint NOT NULL,
    session_id bigint NOT NULL,                      -- a snowflake of ours, made by the tracker: a repeated batch is harmless
    user_id    bigint NOT NULL,
    channel_id bigint NOT NULL,
    started_at timestamptz NOT NULL CHECK (date_trunc('second', started_at) = started_at),
    ended_at   timestamptz CHECK (date_trunc('second', ended_at) = ended_at),   -- null while open
    end_reason text,                                 -- leave, move, unproven, outage, removed, disabled, afk, import
    total_seconds int GENERATED ALWAYS AS (extract(epoch FROM ended_at - started_at)::int) STORED,
    PRIMARY KEY (guild_id, session_id),
    CHECK (ended_at >= started_at)
);
CREATE UNIQUE INDEX voice_session_one_open ON voice_session (guild_id, user_id) WHERE ended_at IS NULL;
CREATE INDEX voice_session_member ON voice_session (guild_id, user_id, started_at);
CREATE INDEX voice_session_ended  ON voice_session (guild_id, ended_at) INCLUDE (user_id, started_at);
-- Overlaps: a session of at most 4 h that touches an instant began at most 4 h before it; one of at most a day, a day;
-- the few longer ones stand apart.
CREATE INDEX voice_session_short  ON voice_session (guild_id, channel_id, started_at) INCLUDE (user_id, ended_at)
    WHERE total_seconds <= 14400;
CREATE INDEX voice_session_medium ON voice_session (guild_id, channel_id, started_at) INCLUDE (user_id, ended_at)
    WHERE total_seconds > 14400 AND total_seconds <= 86400;
CREATE INDEX voice_session_long   ON voice_session (guild_id, channel_id) INCLUDE (user_id, started_at, ended_at)
    WHERE total_seconds > 86400;

-- Rollups: derived from ended sessions in the transaction that ends them; days, months and years are UTC --------------
CREATE TABLE voice_daily_activity (
    guild_id bigint, day date, user_id bigint, total_seconds int NOT NULL,
    PRIMARY KEY (guild_id, day, user_id) INCLUDE (total_seconds)
);
CREATE INDEX voice_daily_activity_member ON voice_daily_activity (guild_id, user_id, day);
CREATE TABLE guild_daily_activity (
    guild_id bigint, day date, total_seconds bigint NOT NULL, active_members int NOT NULL,
    PRIMARY KEY (guild_id, day)
);
CREATE TABLE voice_total (                           -- the boards: per month, per year, all time
    guild_id bigint, period text CHECK (period IN ('month', 'year', 'all')), period_start date, user_id bigint,
    total_seconds bigint NOT NULL,
    last_day date NOT NULL,                          -- unique members of a range that ends now: last_day >= its first day
    PRIMARY KEY (guild_id, period, period_start, user_id)
);
CREATE INDEX voice_total_board ON voice_total (guild_id, period, period_start, total_seconds DESC, user_id);
CREATE INDEX voice_total_last_day ON voice_total (guild_id, last_day) WHERE period = 'all';
CREATE TABLE guild_total (                           -- head of the boards and number of pages
    guild_id bigint, period text, period_start date, total_seconds bigint NOT NULL, members int NOT NULL,
    PRIMARY KEY (guild_id, period, period_start)
);

-- Proof and fence -------------------------------------------------------------------------------------------------------
CREATE TABLE tracker_shard (
    shard_count int, shard_id int,
    epoch      bigint NOT NULL DEFAULT 0,            -- claiming a shard adds 1: an older owner's batches are refused
    batch_no   bigint NOT NULL DEFAULT 0,            -- every batch adds 1: after a lost reply, compare to know if it was committed
    session_id text, resume_url text, seq bigint,    -- of the gateway; seq of the last event whose effects are committed
    proven_at  timestamptz,                          -- last gateway frame or ACK before the batch: nobody can be counted beyond
    interval_seconds int NOT NULL DEFAULT 60,
    PRIMARY KEY (shard_count, shard_id)
);
CREATE TABLE shard_coverage (                        -- when each shard really watched
    shard_count int, shard_id int, from_at timestamptz NOT NULL, to_at timestamptz, end_reason text,
    PRIMARY KEY (shard_count, shard_id, from_at)
);
CREATE UNLOGGED TABLE interaction_pending (          -- answers owed; survives a worker, not a database crash
    interaction_id bigint PRIMARY KEY, request bytea NOT NULL, received_at timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz, done_at timestamptz   -- done rows stay 15 minutes: a replayed id is answered once
);

-- First statement of every batch: raises VC001 unless this process still owns the shard and no batch was lost between.
-- VC001 is final for the process's ownership; it is not to be retried.
CREATE FUNCTION batch_begin(_count int, _id int, _epoch bigint, _batch_no bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tracker_shard SET batch_no = batch_no + 1
     WHERE shard_count = _count AND shard_id = _id AND epoch = _epoch AND batch_no = _batch_no;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'shard % of % is not ours at epoch %, batch %', _id, _count, _epoch, _batch_no USING ERRCODE = 'VC001';
    END IF;
END $$;

-- Opens, ends and imports sessions of one guild: whole rows, with ended_at null for those that stay open. Ended rows add
-- their seconds to the rollups. A row that is already ended is ignored, so a repeated call adds nothing. Writers of the same
-- guild wait for each other (lock by guild; call for several guilds in id order). Of a member who ends one session and
-- begins another, both rows go in one call.
CREATE FUNCTION record_sessions(_guild bigint, _session bigint[], _user bigint[], _channel bigint[],
                                _start bigint[], _end bigint[], _reason text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE n int := cardinality(_session);
BEGIN
    IF n IS DISTINCT FROM cardinality(_user) OR n IS DISTINCT FROM cardinality(_channel) OR n IS DISTINCT FROM cardinality(_start)
       OR n IS DISTINCT FROM cardinality(_end) OR n IS DISTINCT FROM cardinality(_reason) THEN
        RAISE EXCEPTION 'record_sessions: arrays of different lengths';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('guild', _guild));
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
           SET total_seconds = t.total_seconds + excluded.total_seconds, last_day = greatest(t.last_day, excluded.last_day)
        RETURNING period, period_start, (xmax = 0) AS first
    )
    INSERT INTO guild_total AS t (guild_id, period, period_start, total_seconds, members)
    SELECT _guild, period, period_start, p.seconds, f.members
      FROM (SELECT period, period_start, sum(seconds) AS seconds FROM per_period GROUP BY 1, 2) p
      JOIN (SELECT period, period_start, count(*) FILTER (WHERE first)::int AS members FROM totals GROUP BY 1, 2) f
     USING (period, period_start)
    ON CONFLICT (guild_id, period, period_start) DO UPDATE
       SET total_seconds = t.total_seconds + excluded.total_seconds, members = t.members + excluded.members;

    INSERT INTO voice_session (guild_id, session_id, user_id, channel_id, started_at)
    SELECT _guild, x.session_id, x.user_id, x.channel_id, to_timestamp(x.s)
      FROM unnest(_session, _user, _channel, _start, _end) AS x(session_id, user_id, channel_id, s, e)
     WHERE x.e IS NULL
    ON CONFLICT (guild_id, session_id) DO NOTHING;
END $$;

-- Until when open sessions of a guild may be counted in an answer: now, but not past what the tracker can have proven.
-- Null (nothing is counted live) where nothing was proven yet.
CREATE FUNCTION live_until(_guild bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN t.proven_at IS NOT NULL AND g.available AND g.left_at IS NULL
                THEN date_trunc('second', least(now(), t.proven_at + make_interval(secs => t.interval_seconds))) END
      FROM guild g JOIN tracker_shard t USING (shard_count, shard_id)
     WHERE g.guild_id = _guild
$$;

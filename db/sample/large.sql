-- Makes up a large server for the benchmarks: members by a power law who come in the evening, more at weekends, and move between
-- channels; 1 to 20 people in a channel, now and then a stage of a thousand; some in voice now. Rows and rollups are written as
-- sets, which takes a minute for two million sessions where record_sessions() would take an hour.
--
--     psql "$DATABASE_URL" -v guild=1 -v days=730 -v active=4000 -v stays=3.4 -f db/sample/large.sql
--
-- active: members a day; stays: sessions of each of them. Deterministic but for today's date. For an otherwise empty database: it
-- takes the indexes away meanwhile.
\set ON_ERROR_STOP on
\set QUIET on
SET timezone = 'UTC';
SET synchronous_commit = off;
SET maintenance_work_mem = '1GB';
SET client_min_messages = notice;

CREATE TEMP TABLE made AS
SELECT :guild::bigint AS guild_id, :days::int AS days, :active::float8 AS active, :stays::float8 AS stays, 50000 AS members, 100 AS channels,
       extract(epoch FROM date_trunc('day', now()))::bigint - (:days::bigint - 1) * 86400 AS first, extract(epoch FROM now())::bigint AS now;

INSERT INTO guild (guild_id, name, shard_count, shard_id) SELECT guild_id, 'Large server ' || guild_id, 1, 0 FROM made;
INSERT INTO tracker_shard (shard_count, shard_id, proven_at, interval_seconds) VALUES (1, 0, now(), 1000000000) ON CONFLICT DO NOTHING;
INSERT INTO channel (guild_id, channel_id, name, type) SELECT guild_id, c, 'Channel ' || c, 2 FROM made, generate_series(1, channels) AS c;
-- Names of many scripts, as they stand side by side in real servers.
INSERT INTO member (guild_id, user_id, username, global_name, avatar)
SELECT guild_id, u, 'member' || u,
       (ARRAY['Ann', 'Björk', 'Владимир', '小林さくら', 'ليلى', '김민준', 'Zoë 🌙', 'Nguyễn Văn'])[1 + u % 8] || ' ' || u, md5(u::text)
  FROM made, generate_series(1, members) AS u;

-- How often each member comes: the first ones every day. The power law's factor is found by halving.
CREATE TEMP TABLE made_member AS
WITH RECURSIVE halving(step, low, high) AS (
    SELECT 0, 0::float8, 1e6::float8
     UNION ALL
    SELECT step + 1, CASE WHEN visits < active * days THEN middle ELSE low END, CASE WHEN visits < active * days THEN high ELSE middle END
      FROM halving, made, LATERAL (SELECT (low + high) / 2 AS middle) AS m,
           LATERAL (SELECT sum(least(days, middle * power(u, -0.7))) AS visits FROM generate_series(1, members) AS u) AS v
     WHERE step < 40
)
SELECT u, greatest(1, least(days, high * power(u, -0.7)))::int AS visits, 1 + u * 7919 % 400 AS circle
  FROM made, (SELECT high FROM halving ORDER BY step DESC LIMIT 1) AS h, generate_series(1, members) AS u;

SELECT coalesce(string_agg(indexdef, '; '), 'SELECT') AS make_indexes, coalesce(string_agg('DROP INDEX ' || indexname, '; '), 'SELECT') AS drop_indexes
  FROM pg_indexes WHERE tablename = 'voice_session' AND indexname NOT IN ('voice_session_pkey', 'voice_session_one_open') \gset
:drop_indexes;

-- A visit is one evening of one member: so many stays one after the other, in the circle's channel of the season or another one.
CREATE PROCEDURE pg_temp.make_sessions() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setseed(0.5);
    FOR part IN 0..9 LOOP
        INSERT INTO voice_session (guild_id, session_id, user_id, channel_id, started_at, ended_at, end_reason)
        SELECT guild_id, (from_at * 1000 - 1420070400000) << 22 | (u + n * 50000) % 4194304, u,
               CASE WHEN random() < 0.8 THEN 1 + (circle + day / 30) % channels ELSE 1 + floor(channels * random())::int END,
               to_timestamp(from_at), to_timestamp(from_at + greatest(60, (slot * (0.4 + 0.6 * random()))::bigint)), 'leave'
          FROM made,
               LATERAL (SELECT * FROM made_member WHERE u % 10 = part) AS m,
               LATERAL (SELECT days::float8 / visits AS width) AS w,
               LATERAL (SELECT floor(width * (i + CASE WHEN width >= 2 THEN random() / 2 ELSE 0 END))::int AS day,
                               1 + floor(2 * (stays - 0.5) * random())::int AS stays_now,
                               greatest(28800, least(82800, 68400 + 9000 * (random() + random() + random() + random() - 2) * 2))::int AS at,
                               60 + (-1800 * ln(1 - random()))::int AS mean,
                               width >= 2 AND random() < 0.004 AS for_long
                          FROM generate_series(0, visits - 1) AS i) AS visit,
               LATERAL (SELECT CASE WHEN for_long THEN 16000 + 60000 * random() ELSE least(mean, 28000 / stays_now) END AS slot) AS s,
               generate_series(0, CASE WHEN for_long THEN 0 ELSE stays_now - 1 END) AS n,
               LATERAL (SELECT first + day * 86400 + at + (slot * n)::bigint AS from_at) AS f
         WHERE from_at + slot < now - 7200 AND NOT (u > 40000 AND day % 90 = 45);
        RAISE NOTICE '%0 %% of the sessions', part + 1;
    END LOOP;
    INSERT INTO voice_session (guild_id, session_id, user_id, channel_id, started_at, ended_at, end_reason)
    SELECT guild_id, (from_at * 1000 - 1420070400000) << 22 | u, u, channels, to_timestamp(from_at), to_timestamp(from_at + 2000 + u % 5000), 'leave'
      FROM made, generate_series(45, days - 2, 90) AS day, generate_series(40001, 41000) AS u,
           LATERAL (SELECT first + day * 86400 + 66000 + u % 900 AS from_at) AS f;
    INSERT INTO voice_session (guild_id, session_id, user_id, channel_id, started_at)
    SELECT guild_id, (from_at * 1000 - 1420070400000) << 22 | u, u, 1 + u % channels, to_timestamp(from_at)
      FROM made, generate_series(1, 1000) AS n, LATERAL (SELECT n * 37 - 36 AS u) AS m, LATERAL (SELECT now - 60 - n * 7 AS from_at) AS f;
END $$;
CALL pg_temp.make_sessions();

DO $$ BEGIN RAISE NOTICE 'indexes'; END $$;
:make_indexes;

DO $$ BEGIN RAISE NOTICE 'rollups'; END $$;
INSERT INTO voice_daily_activity (guild_id, day, user_id, total_seconds)
SELECT guild_id, d::date, user_id, sum(extract(epoch FROM least(e, d + interval '1 day') - greatest(s, d)))::int
  FROM (SELECT guild_id, user_id, started_at AT TIME ZONE 'UTC' AS s, ended_at AT TIME ZONE 'UTC' AS e
          FROM voice_session WHERE guild_id = (SELECT guild_id FROM made) AND ended_at > started_at) AS x,
       generate_series(date_trunc('day', s), e, interval '1 day') AS d
 WHERE least(e, d + interval '1 day') > greatest(s, d)
 GROUP BY 1, 2, 3;
INSERT INTO guild_daily_activity (guild_id, day, total_seconds, active_members)
SELECT guild_id, day, sum(total_seconds), count(*) FROM voice_daily_activity WHERE guild_id = (SELECT guild_id FROM made) GROUP BY 1, 2;
INSERT INTO voice_total (guild_id, period, period_start, user_id, total_seconds, last_day)
SELECT guild_id, period, start, user_id, sum(total_seconds), max(day)
  FROM voice_daily_activity,
       LATERAL (VALUES ('month', date_trunc('month', day::timestamp)::date), ('year', date_trunc('year', day::timestamp)::date),
                       ('all', date '1970-01-01')) AS k(period, start)
 WHERE guild_id = (SELECT guild_id FROM made)
 GROUP BY 1, 2, 3, 4;
INSERT INTO guild_total (guild_id, period, period_start, total_seconds, members)
SELECT guild_id, period, period_start, sum(total_seconds), count(*) FROM voice_total WHERE guild_id = (SELECT guild_id FROM made) GROUP BY 1, 2, 3;
-- As autovacuum would leave it. The map of pages without dead rows only takes what is safe on disk.
SET synchronous_commit = on;
CHECKPOINT;
VACUUM ANALYZE;

-- Makes up a large server for the benchmarks: members by a power law who come in the evening, few in the morning, and move between
-- channels; 1 to 20 people in a channel, now and then a stage of a thousand; some in voice now. Rows and rollups are written as
-- sets, which takes half a minute for a million sessions where record_sessions() would take half an hour.
--
--     psql "$DATABASE_URL" -v guild=1 -v days=730 -v active=4000 -v stays=3.4 -v channels=100 -f db/sample/large.sql
--
-- active: members a day; stays: sessions of each of them, and four times as many of the first. Deterministic but for today's
-- date. tests/bench/large.py takes the indexes of voice_session away meanwhile. To be vacuumed and analysed afterwards.
\set ON_ERROR_STOP on
\set QUIET on
SET timezone = 'UTC';
SET synchronous_commit = off;
SET work_mem = '256MB';
SET client_min_messages = notice;

CREATE TEMP TABLE made AS
SELECT :guild::bigint AS guild_id, :days::int AS days, :active::float8 AS active, :stays::float8 AS stays, :channels::int AS channels, 50000 AS members,
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
           LATERAL (SELECT sum(least(days, middle * power(u::float8, -0.7))) AS visits FROM generate_series(1, members) AS u) AS v
     WHERE step < 40
)
SELECT u, greatest(1, least(days, high * power(u::float8, -0.7)))::int AS visits, 1 + u * 7919 % 400 AS circle,
       CASE WHEN u = 1 THEN 4.1 * stays ELSE stays END AS stays
  FROM made, (SELECT high FROM halving ORDER BY step DESC LIMIT 1) AS h, generate_series(1, members) AS u;

CREATE TEMP TABLE made_session (user_id int, channel_id int, from_at bigint, to_at bigint);

-- A visit is one evening of one member: so many stays one after the other, in the circle's channel of the season or another one.
-- Each has some days to itself, and is over before anybody comes on the next day; long ones begin early enough.
CREATE PROCEDURE pg_temp.make_sessions() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setseed(0.5);
    FOR part IN 0..9 LOOP
        INSERT INTO made_session (user_id, channel_id, from_at, to_at)
        SELECT u, CASE WHEN random() < 0.8 THEN 1 + (circle + day / 30) % channels ELSE 1 + floor(channels * random())::int END,
               from_at, from_at + greatest(60, (slot * (0.4 + 0.6 * random()))::bigint)
          FROM made,
               LATERAL (SELECT u, visits, circle, m.stays FROM made_member AS m WHERE u % 10 = part) AS m,
               LATERAL (SELECT days * i / visits AS own_day, days * (i + 1) / visits - days * i / visits AS own_days, random() AS late,
                               1 + floor(2 * (m.stays - 0.5) * random())::int AS stays_now,
                               CASE WHEN random() < 0.2 THEN 28800 + (54000 * random())::int
                                    ELSE least(82800, 64800 + 15000 * (random() + random() + random() + random() - 2))::int END AS at,
                               60 + (-1800 * ln(1 - random()))::int AS mean,
                               random() < 0.004 AS rare
                          FROM generate_series(0, visits - 1) AS i) AS visit,
               LATERAL (SELECT own_day + floor(own_days * late)::int AS day, rare AND own_days >= 6 AND late < 0.5 AND u <= 40000 AS for_long) AS d,
               LATERAL (SELECT CASE WHEN for_long THEN 15000 * exp(2.2 * random()) ELSE least(mean, 28000 / stays_now) END AS slot) AS s,
               generate_series(0, CASE WHEN for_long THEN 0 ELSE stays_now - 1 END) AS n,
               LATERAL (SELECT first + day * 86400 + at + (slot * n)::bigint AS from_at) AS f
         WHERE from_at + slot < now - 7200 AND NOT (u > 40000 AND day % 90 = 45);
        RAISE NOTICE 'server %: %0 %% of the sessions', (SELECT guild_id FROM made), part + 1;
    END LOOP;
    INSERT INTO made_session
    SELECT u, channels, from_at, from_at + 2000 + u % 5000
      FROM made, generate_series(45, days - 2, 90) AS day, generate_series(40001, 41000) AS u,
           LATERAL (SELECT first + day * 86400 + 66000 + u % 900 AS from_at) AS f;
END $$;
CALL pg_temp.make_sessions();

-- In the order in which a tracker would have written them.
INSERT INTO voice_session (guild_id, session_id, user_id, channel_id, started_at, ended_at, end_reason)
SELECT guild_id, (from_at * 1000 - 1420070400000) << 22 | user_id, user_id, channel_id, to_timestamp(from_at), to_timestamp(to_at), 'leave'
  FROM made, made_session
 ORDER BY to_at;
INSERT INTO voice_session (guild_id, session_id, user_id, channel_id, started_at)
SELECT guild_id, (from_at * 1000 - 1420070400000) << 22 | u, u, 1 + u % channels, to_timestamp(from_at)
  FROM made, generate_series(1, 1000) AS n, LATERAL (SELECT n * 37 - 36 AS u) AS m, LATERAL (SELECT now - 60 - n * 7 AS from_at) AS f;
DO $$ BEGIN RAISE NOTICE 'server %: rollups', (SELECT guild_id FROM made); END $$;

INSERT INTO voice_daily_activity (guild_id, day, user_id, total_seconds)
SELECT guild_id, date '1970-01-01' + d::int, user_id, sum(least(to_at, (d + 1) * 86400) - greatest(from_at, d * 86400))::int
  FROM made, made_session, generate_series(from_at / 86400, (to_at - 1) / 86400) AS d
 GROUP BY guild_id, d, user_id
 ORDER BY d;
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
INSERT INTO voice_total_bucket (guild_id, period, period_start, bucket, members)
SELECT guild_id, period, period_start, bucket_of(total_seconds), count(*) FROM voice_total WHERE guild_id = (SELECT guild_id FROM made) GROUP BY 1, 2, 3, 4;
INSERT INTO guild_last_day (guild_id, last_day, members)
SELECT guild_id, last_day, count(*) FROM voice_total WHERE guild_id = (SELECT guild_id FROM made) AND period = 'all' GROUP BY 1, 2;

-- Makes up a year of voice history for one server, through record_sessions(), so that every rollup is kept as if it had
-- happened. Plausible: friends who meet in the evening, longer at weekends, a few people by day, now and then a marathon.
--
--     psql "$DATABASE_URL" -v cast_file=infra/sandbox/cast.json -v days=365 -f db/sample/history.sql
--
-- Deterministic but for today's date. A server that has sessions already is left alone.
\set ON_ERROR_STOP on
\set cast `cat :'cast_file'`
\o /dev/null
SET client_min_messages = warning;
SET timezone = 'UTC';
BEGIN;

CREATE TEMP TABLE made_guild ON COMMIT DROP AS
SELECT (g->>'id')::bigint AS guild_id, g AS json
  FROM jsonb_array_elements(:'cast'::jsonb->'guilds') WITH ORDINALITY AS x(g, n)
 WHERE n = 1 AND NOT EXISTS (SELECT FROM voice_session s WHERE s.guild_id = (g->>'id')::bigint);

-- A number from 0 to 1 that only the words decide.
CREATE FUNCTION pg_temp.chance(VARIADIC words text[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashtextextended(array_to_string(words, '/'), 42) & 1073741823) / 1073741824.0::float8 $$;

INSERT INTO guild (guild_id, name, icon, afk_channel_id, shard_count, shard_id)
SELECT guild_id, json->>'name', json->>'icon', (json->>'afk_channel_id')::bigint, 1, 0 FROM made_guild
ON CONFLICT DO NOTHING;
INSERT INTO channel (guild_id, channel_id, name, type)
SELECT guild_id, (c->>'id')::bigint, c->>'name', (c->>'type')::smallint
  FROM made_guild, jsonb_array_elements(json->'channels') AS c WHERE c->>'type' IN ('2', '13')
ON CONFLICT DO NOTHING;
INSERT INTO member (guild_id, user_id, username, global_name, nick, discriminator, avatar, guild_avatar)
SELECT guild_id, (m->>'id')::bigint, m->>'username', m->>'global_name', m->>'nick', coalesce(m->>'discriminator', '0'),
       m->>'avatar', m->>'guild_avatar'
  FROM made_guild, jsonb_array_elements(json->'members') AS m WHERE NOT coalesce((m->>'bot')::boolean, false)
ON CONFLICT DO NOTHING;

-- Circles of friends of about seven; the first circles meet most. zeal: how often a member comes when the circle meets.
CREATE TEMP TABLE made_member ON COMMIT DROP AS
SELECT guild_id, (m->>'id')::bigint AS user_id, n::int AS n, (n - 1)::int % 28 AS circle,
       0.12 + 0.85 / (1 + n / 14.0) * (0.65 + 0.35 * pg_temp.chance('zeal', n::text)) AS zeal
  FROM made_guild, jsonb_array_elements(json->'members') WITH ORDINALITY AS x(m, n)
 WHERE NOT coalesce((m->>'bot')::boolean, false);
CREATE TEMP TABLE made_channel ON COMMIT DROP AS
SELECT (c->>'id')::bigint AS channel_id, row_number() OVER (ORDER BY n)::int - 1 AS n, count(*) OVER ()::int AS of
  FROM made_guild, jsonb_array_elements(json->'channels') WITH ORDINALITY AS x(c, n)
 WHERE c->>'type' = '2' AND c->>'id' IS DISTINCT FROM json->>'afk_channel_id';

-- A circle's evening: when it begins and how long it lasts, in seconds from midnight.
CREATE TEMP TABLE made_meeting ON COMMIT DROP AS
SELECT d::date AS day, circle, (circle + extract(doy FROM d)::int / 9) % (SELECT max(of) FROM made_channel) AS channel,
       ((18.2 + 3.2 * pg_temp.chance('start', d::text, circle::text) - CASE WHEN weekend THEN 1.7 ELSE 0 END) * 3600)::int AS start,
       ((0.8 + 2.3 * pg_temp.chance('length', d::text, circle::text) + CASE WHEN weekend THEN 1.2 ELSE 0 END
             + CASE WHEN pg_temp.chance('marathon', d::text, circle::text) < 0.02 THEN 3 ELSE 0 END) * 3600)::int AS length
  FROM generate_series(current_date - :days, current_date, interval '1 day') AS d,
       LATERAL (SELECT extract(isodow FROM d) >= 5 AS weekend) AS w, generate_series(0, 27) AS circle
 WHERE pg_temp.chance('meets', d::text, circle::text)
       < (0.75 / (1 + circle / 9.0)) * CASE WHEN weekend THEN 1.25 ELSE 0.8 END * (0.75 + 0.25 * sin(extract(doy FROM d) / 21.0));

-- Who came: a little late, gone a little early; one in seven moves to the next channel on the way.
CREATE TEMP TABLE made_stay ON COMMIT DROP AS
WITH came AS (
    SELECT m.guild_id, m.user_id, t.channel, pg_temp.chance('moves', t.day::text, m.n::text) < 0.14 AS moves,
           extract(epoch FROM t.day)::bigint + t.start + (900 * pg_temp.chance('late', t.day::text, m.n::text))::int AS from_at,
           extract(epoch FROM t.day)::bigint + t.start + (t.length * (0.55 + 0.45 * pg_temp.chance('early', t.day::text, m.n::text)))::int AS to_at
      FROM made_meeting t JOIN made_member m USING (circle)
     WHERE pg_temp.chance('comes', t.day::text, m.n::text) < m.zeal
), by_day AS (
    SELECT m.guild_id, m.user_id, m.n % 5 AS channel, false AS moves,
           extract(epoch FROM d)::bigint + 36000 + (14400 * pg_temp.chance('noon', d::text, m.n::text))::int AS from_at,
           extract(epoch FROM d)::bigint + 51000 + (5400 * pg_temp.chance('noon end', d::text, m.n::text))::int AS to_at
      FROM generate_series(current_date - :days, current_date, interval '1 day') AS d, made_member m
     WHERE pg_temp.chance('by day', d::text, m.n::text) < 0.05 * m.zeal
)
SELECT guild_id, user_id, channel, from_at, CASE WHEN moves THEN (from_at + to_at) / 2 ELSE to_at END AS to_at,
       CASE WHEN moves THEN 'move' ELSE 'leave' END AS reason FROM (TABLE came UNION ALL TABLE by_day) AS x
UNION ALL
SELECT guild_id, user_id, channel + 1, (from_at + to_at) / 2, to_at, 'leave' FROM came WHERE moves;

-- What reaches into the last ten minutes is still to come. Ids rise with time, as the tracker's do.
SELECT record_sessions(guild_id, array_agg((from_at * 1000 - 1420070400000) << 22 | x.n ORDER BY x.n), array_agg(user_id ORDER BY x.n),
                       array_agg(c.channel_id ORDER BY x.n), array_agg(from_at ORDER BY x.n), array_agg(to_at ORDER BY x.n),
                       array_agg(reason ORDER BY x.n))
  FROM (SELECT *, row_number() OVER (ORDER BY from_at, user_id) AS n FROM made_stay
         WHERE to_at > from_at AND to_at < extract(epoch FROM now()) - 600) AS x
  JOIN made_channel c ON c.n = x.channel % c.of
 GROUP BY guild_id;
COMMIT;
ANALYZE;

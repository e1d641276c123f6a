-- Makes up a thousand servers where little happened, for the large ones to stand among.
\set ON_ERROR_STOP on
INSERT INTO tracker_shard (shard_count, shard_id, proven_at, interval_seconds) VALUES (1, 0, now(), 1000000000) ON CONFLICT DO NOTHING;
INSERT INTO guild (guild_id, name, shard_count, shard_id) SELECT 1000000 + n, 'Quiet server ' || n, 1, 0 FROM generate_series(1, 1000) AS n;
SELECT count(record_sessions(1000000 + n, ARRAY[n], ARRAY[n], ARRAY[1], ARRAY[day], ARRAY[day + 60 + n], ARRAY['leave']))
  FROM generate_series(1::bigint, 1000) AS n, LATERAL (SELECT extract(epoch FROM current_date - n::int % 300)::bigint AS day) AS d \g /dev/null

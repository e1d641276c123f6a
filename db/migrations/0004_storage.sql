-- How the hot tables are kept, measured on a server of 2 million sessions, 50 000 members and 4 000 active a day (CPU of
-- PostgreSQL; fetches are rows of a table that an index-only scan has to look at).
--
-- What is read is read from indexes only, and that holds for pages which a vacuum has seen. By default it comes when a fifth of a
-- table is dead: on a server of 10 million sessions twice a year. Without it, after 13 600 sessions ended (a day) and after 100 000:
--
--                            vacuumed     after a day   after 100 000 sessions
--     statistics of a year   7.5 ms        11.6 ms       21.1 ms (89 000 fetches)
--     board of 14 days        39 ms          43 ms         64 ms (36 000 fetches)
--     board of all time       10 ms          11 ms         13 ms (voice_total_board: 24 -> 44 MB)
--
-- With a vacuum a day all stay as in the first column, for 0.2 s a vacuum of these three tables; that of voice_session takes 1.1 s
-- at 3 million sessions.
ALTER TABLE voice_session SET (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.002);
ALTER TABLE voice_total SET (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.002);
ALTER TABLE voice_daily_activity SET (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.002);
-- Where an open session was there is a dead row on every page of the last days. While these are less than a fiftieth of the table
-- a vacuum leaves them to a later one, and the pages unseen with them.
ALTER TABLE voice_session SET (vacuum_index_cleanup = on);

-- What stays as it is:
--
-- voice_total_board has total_seconds, so no update of a total is HOT. Without it two in three would be: 10 % less CPU and 19 % less
-- WAL for a session that ends, but a board of all time takes 36 ms instead of 10.
-- A fillfactor of 80 for voice_total saves nothing then, and with no such index either.
-- voice_daily_activity's key includes total_seconds. Without, 98 of 100 updates are HOT, for no less CPU and the same WAL, but a
-- board of 14 days takes 60 ms instead of 39.
-- guild_total, guild_daily_activity and tracker_shard: every update is HOT, at the default fillfactor too.
-- interaction_pending is small, and read by key: its rows live 15 minutes.

-- voice_total_ranked has taken its place, for older programs too.
DROP INDEX voice_total_board;

-- Rolling boards and a member's statistics are planned for the server that is asked about, if the planner knows its size: now that
-- of every one that has a thousandth of the rows, not only of the hundred largest. ANALYZE takes 2 s of 14 million sessions, not 0.7.
ALTER TABLE voice_session ALTER COLUMN guild_id SET STATISTICS 1000;
ALTER TABLE voice_daily_activity ALTER COLUMN guild_id SET STATISTICS 1000;

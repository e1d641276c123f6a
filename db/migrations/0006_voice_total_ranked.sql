-- A board in its order, and nothing else. A server whose size the planner underrates had those in voice looked up in
-- voice_total_board, which has all columns that it takes but each server's whole board to search: 1 to 2 s on a server of 50 000
-- members, 8 ms by the primary key. Every row is in this index; but as it is partial, only what asks by seconds can use it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS voice_total_ranked
    ON voice_total (guild_id, period, period_start, total_seconds DESC, user_id)
 WHERE total_seconds IS NOT NULL;

/* When each time range begins, from utc, the moment of the query as a timestamp without zone. */
#pragma once

#define RANGE_START_TODAY      "date_trunc('day', utc)"
#define RANGE_START_PAST_24H   "utc - interval '24 hours'"
#define RANGE_START_PAST_72H   "utc - interval '72 hours'"
#define RANGE_START_PAST_7D    "utc - interval '7 days'"
#define RANGE_START_PAST_14D   "utc - interval '14 days'"
#define RANGE_START_THIS_MONTH "date_trunc('month', utc)"
#define RANGE_START_THIS_YEAR  "date_trunc('year', utc)"
#define RANGE_START_ALL_TIME   "timestamp '1970-01-01'"

/* When the first time of the server $1 was counted that a board of all time shows; open: its open sessions, with started_at.
 * Of the days, the index is asked for one. */
#define RANGE_FIRST_COUNTED                                                                                    \
    "least((SELECT min(day) FROM guild_daily_activity WHERE guild_id = $1::bigint)::timestamp "                \
    "          AT TIME ZONE 'UTC', "                                                                           \
    "      (SELECT min(started_at) FROM open))"

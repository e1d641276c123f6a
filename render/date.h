/* Days as the calendar has them, UTC. Pure. */
#pragma once

#include <stdint.h>

struct date {
    int year, month; /* 1 to 12 */
    int day;
    int weekday; /* 0 for Monday */
};

/* day: since 1970. What lies before 1970 is taken for its first day, what lies after 9999 for that year's last. */
struct date date_of(int64_t day);

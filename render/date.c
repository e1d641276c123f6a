#include "render/date.h"

#include <time.h>

enum { LAST_DAY = 2932896 /* 31 Dec 9999 */ };

struct date date_of(int64_t day)
{
    const time_t midnight = (time_t)(day < 0 ? 0 : day > LAST_DAY ? LAST_DAY : day) * 86400;
    struct tm tm;
    gmtime_r(&midnight, &tm);
    return (struct date){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, (tm.tm_wday + 6) % 7};
}

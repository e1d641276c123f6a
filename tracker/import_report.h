/* What an import tells at its end, on stdout: what was made of each row and each session, in words. */
#pragma once

#include "db/import.h"
#include "tracker/import.h"

struct import_report {
    const struct import_options *options;
    struct db_import_judgement judgement;
    struct db_import_taking taking;
};

/* Sessions that were gone through. */
int64_t import_report_done(const struct import_report *report);
/* Every row could be read, and all was gone through. */
bool import_report_is_clean(const struct import_report *report);
void import_report_print(const struct import_report *report);

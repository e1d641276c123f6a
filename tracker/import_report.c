#include "tracker/import_report.h"

#include "infra/log.h"

#include <stdio.h>

/* In the order of telling; %lld: max_hours. */
static const struct {
    const char *words;
    bool unreadable;
} verdicts[IMPORT_VERDICTS] = {
    [IMPORT_BAD_ID] = {"refused: an id that is none of Discord's", true},
    [IMPORT_BAD_TIME] = {"refused: a time that is none, or before 2015", true},
    [IMPORT_BACKWARDS] = {"refused: ends before it begins", true},
    [IMPORT_FUTURE] = {"refused: in the future", true},
    [IMPORT_OPEN] = {"left out: without an end, which nobody knows", false},
    [IMPORT_DUPLICATE] = {"left out: copies of other rows", false},
    [IMPORT_LONG] = {"left out: longer than --max-hours, so probably nobody saw them leave", false},
    [IMPORT_CLASH] = {"left out: the member begins a shorter or equal one at the same second", false},
    [IMPORT_SHORTENED] = {"shortened: end where the member's next session begins", false},
    [IMPORT_AS_IT_IS] = {"as they are", false},
};

int64_t import_report_done(const struct import_report *report)
{
    const struct db_import_taking *const taking = &report->taking;
    return taking->whole + taking->in_part + taking->known + taking->cut;
}

bool import_report_is_clean(const struct import_report *report)
{
    bool clean = import_report_done(report) == report->judgement.sessions;
    for (int i = 0; i < IMPORT_VERDICTS; i++)
        clean = clean && !(verdicts[i].unreadable && report->judgement.rows[i] > 0);
    return clean;
}

static void line(int64_t n, const char *words)
{
    if (n > 0)
        printf("%12lld  %s\n", (long long)n, words);
}

static void length(const char *before, int64_t seconds, const char *after)
{
    printf("%s%lld h %02lld min %02lld s%s\n", before, (long long)(seconds / 3600),
           (long long)(seconds / 60 % 60), (long long)(seconds % 60), after);
}

static void examples(const struct db_import_example *of_verdict, bool in_file)
{
    for (int i = 0; i < IMPORT_EXAMPLES && of_verdict[i].line != 0; i++)
        printf("%14s%s %lld: %s\n", "", in_file ? "line" : "id", (long long)of_verdict[i].line,
               log_quote(of_verdict[i].text));
}

void import_report_print(const struct import_report *report)
{
    const struct db_import_judgement *const judgement = &report->judgement;
    const struct db_import_taking *const taking = &report->taking;
    const bool dry = report->options->dry_run;
    int64_t rows = 0;
    for (int i = 0; i < IMPORT_VERDICTS; i++)
        rows += judgement->rows[i];
    printf("%12lld  rows read\n", (long long)rows);
    for (int i = 0; i < IMPORT_VERDICTS; i++) {
        line(judgement->rows[i], verdicts[i].words);
        if (i == IMPORT_SHORTENED && judgement->rows[i] > 0)
            length("              by ", judgement->seconds_cut_off, " in all");
        examples(judgement->examples[i], report->options->file != NULL);
    }
    printf("of the %lld sessions that are left\n", (long long)judgement->sessions);
    line(taking->known, "are there already");
    line(taking->in_part, "are there in part: what is missing is taken");
    line(taking->cut, "go on after the last proof of the tracker: what is missing before that is taken");
    line(taking->whole, "are new");
    line(judgement->sessions - import_report_done(report), "were not reached: run it again");
    printf("%s %lld sessions of ", dry ? "would import" : "imported", (long long)taking->sessions);
    length("", taking->seconds, dry ? "; nothing was changed" : "");
}

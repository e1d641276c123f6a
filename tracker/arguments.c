#include "tracker/arguments.h"

#include "infra/json.h"
#include "infra/mem.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HOURS_MAX = 100000 };

static const struct option options[] = {
    {"migrate", no_argument, NULL, 'm'},
    {"import", required_argument, NULL, 'i'},
    {"import-pwr-bot", required_argument, NULL, 'p'},
    {"dry-run", no_argument, NULL, 'd'},
    {"max-hours", required_argument, NULL, 'x'},
    {"export", no_argument, NULL, 'e'},
    {"server", required_argument, NULL, 's'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: tracker                         follow voice and write sessions\n"
    "       tracker --migrate               make or update the tables, then end\n"
    "       tracker --import FILE           take over sessions from CSV; -: from stdin\n"
    "       tracker --import-pwr-bot URL    take over sessions from the database of a pwr-bot\n"
    "           --dry-run                   only say what would be taken\n"
    "           --max-hours N               longer sessions are left out: 72 if not said\n"
    "       tracker --export [FILE]         write ended sessions as CSV; without FILE to stdout\n"
    "           --server ID                 of one server only\n"
    "       tracker --help                  this text\n"
    "Settings come from the environment and from .env; see README.md.\n";

static bool refuse(void)
{
    fputs("tracker: these arguments make no sense; see tracker --help\n", stderr);
    return false;
}

struct reading {
    struct arguments *arguments;
    int n_tasks;
    bool of_import, of_export;
};

/* A URL with a password is not left for everybody to see in the list of processes. */
static const char *take_secret(char *argument)
{
    const char *const copy = mem_strdup(argument);
    memset(argument, 'x', strlen(argument));
    return copy;
}

static bool read_hours(const char *text, int64_t *hours)
{
    char *end;
    *hours = strtol(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *hours >= 1 && *hours <= MAX_HOURS_MAX;
}

static void set_task(struct reading *reading, enum tracker_task what)
{
    reading->arguments->what = what;
    reading->n_tasks++;
}

static bool read_option(struct reading *reading, int option)
{
    struct arguments *const arguments = reading->arguments;
    switch (option) {
    case 'm':
        set_task(reading, TRACKER_MIGRATE);
        return true;
    case 'i':
        set_task(reading, TRACKER_IMPORT);
        arguments->import.file = optarg;
        return true;
    case 'p':
        set_task(reading, TRACKER_IMPORT);
        arguments->import.pwr_bot = take_secret(optarg);
        return true;
    case 'd':
        reading->of_import = true;
        arguments->import.dry_run = true;
        return true;
    case 'x':
        reading->of_import = true;
        return read_hours(optarg, &arguments->import.max_hours);
    case 'e':
        set_task(reading, TRACKER_EXPORT);
        return true;
    case 's':
        reading->of_export = true;
        return snowflake_parse(optarg, &arguments->export_server);
    case 'h':
        set_task(reading, TRACKER_HELP);
        return true;
    default:
        return false;
    }
}

bool arguments_read(int argc, char **argv, struct arguments *arguments)
{
    *arguments = (struct arguments){.import = {.max_hours = IMPORT_MAX_HOURS}, .export_path = "-"};
    struct reading reading = {.arguments = arguments};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?')
            return false; /* getopt has told */
        if (!read_option(&reading, option))
            return refuse();
    }
    if (arguments->what == TRACKER_EXPORT && optind < argc)
        arguments->export_path = argv[optind++];
    const bool sensible = optind == argc && reading.n_tasks <= 1 &&
                          (!reading.of_import || arguments->what == TRACKER_IMPORT) &&
                          (!reading.of_export || arguments->what == TRACKER_EXPORT);
    return sensible || refuse();
}

void arguments_help(void)
{
    fputs(help, stdout);
}

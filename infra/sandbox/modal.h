/* Modals: whether Discord would show one (callback 9), and what its submit says ("Modal"). Pure. */
#pragma once

#include <cJSON.h>

/* NULL: good. Else the tree for "errors" of error 50035; the caller frees. */
cJSON *modal_check(const cJSON *modal);

/* The "data" of the submit, without "resolved": values by custom_id, else as left empty. The caller frees. */
cJSON *modal_submission(const cJSON *modal, const cJSON *values);

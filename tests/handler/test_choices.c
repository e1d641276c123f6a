#include "handler/choices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Every value leads back to its place; nothing else does. */
static void test_find(void **state)
{
    (void)state;
    const struct choices *const all[] = {&choices_ranges, &choices_views, &choices_statistics};
    for (size_t c = 0; c < sizeof(all) / sizeof(all[0]); c++) {
        assert_in_range(all[c]->n, 1, 25);
        for (int i = 0; i < all[c]->n; i++) {
            assert_int_equal(choices_find(all[c], all[c]->list[i].value), i);
            assert_true(strlen(all[c]->list[i].label) > 0);
        }
        assert_int_equal(choices_find(all[c], ""), -1);
        assert_int_equal(choices_find(all[c], "This month"), -1);
        assert_int_equal(choices_find(all[c], "this_month "), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

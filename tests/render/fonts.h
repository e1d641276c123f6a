/* For test programs that draw text: the project's fonts, as a group's setup and teardown. */
#pragma once

#include "render/render.h"

static int start_render(void **state)
{
    (void)state;
    return render_init("render/fonts.conf") ? 0 : -1;
}

static int stop_render(void **state)
{
    (void)state;
    render_finish();
    return 0;
}

#include "render/render.h"

#include "render/ground.h"
#include "render/text.h"

bool render_init(const char *fonts)
{
    if (!text_init(fonts))
        return false;
    ground_init();
    return true;
}

void render_finish(void)
{
    ground_finish();
    text_finish();
}

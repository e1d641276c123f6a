#include "render/render.h"

#include "render/card.h"
#include "render/text.h"

bool render_init(const char *fonts)
{
    if (!text_init(fonts))
        return false;
    card_init();
    return true;
}

void render_finish(void)
{
    card_finish();
    text_finish();
}

/* A decompression bomb: a valid PNG of 20 000 by 20 000 pixels in some fifty kilobytes. */
#pragma once

struct buffer;

/* Appends it. */
void huge_png(struct buffer *png);

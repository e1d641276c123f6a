#include "render/image_codec.h"

#include "infra/mem.h"

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h wants it first */

#include <jpeglib.h>
#include <stdbool.h>
#include <stdlib.h>

enum { QUALITY = 90, MAX_SCANS = 64 };

/* Four bytes a pixel in memory as cairo has them. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CAIRO_ORDER JCS_EXT_BGRX
#else
#define CAIRO_ORDER JCS_EXT_XRGB
#endif

/* Decoding ------------------------------------------------------------------------------------------------- */

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    cairo_surface_t *surface;
    JSAMPLE *cmyk; /* a row of four inks, where the file is made for print */
};

static void on_error(j_common_ptr jpeg)
{
    struct decoder *const decoder = jpeg->client_data;
    longjmp(decoder->failed, 1);
}

/* What libjpeg only warns of (an early end, corrupt data) shows as a grey or torn picture: as good as broken. */
static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0)
        on_error(jpeg);
}

/* A progressive file may hold thousands of scans of the whole picture in a few bytes each. */
static void on_progress(j_common_ptr jpeg)
{
    struct decoder *const decoder = jpeg->client_data;
    if (decoder->jpeg.input_scan_number > MAX_SCANS)
        on_error(jpeg);
}

/* A progressive file is held as coefficients, two bytes each, until its end. */
static bool is_affordable(struct jpeg_decompress_struct *jpeg)
{
    if (jpeg->image_width > IMAGE_MAX_SIDE || jpeg->image_height > IMAGE_MAX_SIDE)
        return false;
    if (!jpeg_has_multiple_scans(jpeg))
        return true;
    size_t coefficients = 0;
    for (int i = 0; i < jpeg->num_components; i++)
        coefficients +=
            (size_t)jpeg->comp_info[i].width_in_blocks * jpeg->comp_info[i].height_in_blocks * DCTSIZE2;
    return coefficients * sizeof(JCOEF) <= IMAGE_MAX_BYTES * 3 / 4;
}

/* Reduces by 2, 4 or 8 while decoding, which is exact, fast and saves the memory. */
static void choose_scale(struct jpeg_decompress_struct *jpeg, int size)
{
    const unsigned shorter = jpeg->image_width < jpeg->image_height ? jpeg->image_width : jpeg->image_height;
    jpeg->scale_num = 1;
    jpeg->scale_denom = 1;
    while (jpeg->scale_denom < 8 && shorter / (2 * jpeg->scale_denom) >= 2 * (unsigned)size)
        jpeg->scale_denom *= 2;
}

/* Files with four inks are Adobe's and hold them inverted: 255 is no ink. */
static void convert_cmyk(const JSAMPLE *inks, uint32_t *row, unsigned width)
{
    for (unsigned x = 0; x < width; x++, inks += 4) {
        const uint32_t k = inks[3];
        row[x] = inks[0] * k / 255 << 16 | inks[1] * k / 255 << 8 | inks[2] * k / 255;
    }
}

static void read_rows(struct decoder *decoder)
{
    struct jpeg_decompress_struct *const jpeg = &decoder->jpeg;
    unsigned char *data = cairo_image_surface_get_data(decoder->surface);
    const size_t stride = (size_t)cairo_image_surface_get_stride(decoder->surface);
    while (jpeg->output_scanline < jpeg->output_height) {
        unsigned char *row = data + jpeg->output_scanline * stride;
        jpeg_read_scanlines(jpeg, decoder->cmyk != NULL ? &decoder->cmyk : &row, 1);
        if (decoder->cmyk != NULL)
            convert_cmyk(decoder->cmyk, (uint32_t *)(void *)row, jpeg->output_width);
    }
    cairo_surface_mark_dirty(decoder->surface);
}

/* False where the file is broken or too large. Everything to be freed stands in decoder, out of longjmp's way. */
static bool decode(struct decoder *decoder, const void *bytes, size_t n, int size)
{
    struct jpeg_decompress_struct *const jpeg = &decoder->jpeg;
    if (setjmp(decoder->failed) != 0)
        return false;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &decoder->progress;
    jpeg_mem_src(jpeg, bytes, n);
    jpeg_read_header(jpeg, TRUE);
    if (!is_affordable(jpeg))
        return false;
    choose_scale(jpeg, size);
    const bool cmyk = jpeg->num_components == 4;
    jpeg->out_color_space = cmyk ? JCS_CMYK : CAIRO_ORDER;
    jpeg_start_decompress(jpeg);
    decoder->surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)jpeg->output_width, (int)jpeg->output_height);
    if (cairo_surface_status(decoder->surface) != CAIRO_STATUS_SUCCESS)
        return false;
    if (cmyk)
        decoder->cmyk = mem_alloc((size_t)jpeg->output_width * 4);
    read_rows(decoder);
    jpeg_finish_decompress(jpeg);
    return true;
}

cairo_surface_t *image_from_jpeg(const void *bytes, size_t n, int size)
{
    struct decoder decoder = {.progress.progress_monitor = on_progress};
    decoder.jpeg.client_data = &decoder;
    decoder.jpeg.err = jpeg_std_error(&decoder.errors);
    decoder.errors.error_exit = on_error;
    decoder.errors.emit_message = on_message;
    const bool done = decode(&decoder, bytes, n, size);
    jpeg_destroy_decompress(&decoder.jpeg);
    free(decoder.cmyk);
    if (done)
        return decoder.surface;
    if (decoder.surface != NULL)
        cairo_surface_destroy(decoder.surface);
    return NULL;
}

/* Encoding ------------------------------------------------------------------------------------------------- */

/*
 * Of a leaderboard, ms, kB and dB of noise:
 *
 *     quality 90    3.1   225   42.6        88    3.0   213   41.6        92    3.1   241   43.9
 *     Huffman codes of its own, 8.9 ms and 199 kB; progressive, 18.4 and 189; the fast DCT, 3.0 and 225
 */
struct picture image_to_jpeg(cairo_surface_t *surface)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors); /* ends the process: only memory can be missing */
    jpeg_create_compress(&jpeg);
    unsigned char *out = NULL;
    unsigned long len = 0;
    jpeg_mem_dest(&jpeg, &out, &len);
    jpeg.image_width = (JDIMENSION)cairo_image_surface_get_width(surface);
    jpeg.image_height = (JDIMENSION)cairo_image_surface_get_height(surface);
    jpeg.input_components = 4;
    jpeg.in_color_space = CAIRO_ORDER;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, QUALITY, TRUE);
    /* The lowest frequencies exactly: rounded, the slow shades of backgrounds show steps between blocks. */
    for (int i = 0; i < 2; i++)
        jpeg.quant_tbl_ptrs[i]->quantval[0] = jpeg.quant_tbl_ptrs[i]->quantval[1] = 1;
    /* Colour as fine as brightness (4:4:4), or coloured text frays. */
    jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(&jpeg, TRUE);

    cairo_surface_flush(surface);
    unsigned char *data = cairo_image_surface_get_data(surface);
    const size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = data + jpeg.next_scanline * stride;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return (struct picture){PICTURE_JPEG, out, len};
}

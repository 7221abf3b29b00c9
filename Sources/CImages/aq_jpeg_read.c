#include "aq_images.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

// The library's error manager, and where its errors leave to.
typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  char *message;
} jpeg_errors;

static void leave(j_common_ptr state) {
  jpeg_errors *errors = (jpeg_errors *)state->err;
  char text[JMSG_LENGTH_MAX];
  state->err->format_message(state, text);
  snprintf(errors->message, AQ_IMAGE_MESSAGE, "%s", text);
  longjmp(errors->escape, 1);
}

// Where data are missing or wrong the library only warns and paints grey; that is damage to us.
static void note(j_common_ptr state, int level) {
  if (level >= 0) return;
  switch (state->err->msg_code) {
  case JWRN_HIT_MARKER:
  case JWRN_HUFF_BAD_CODE:
  case JWRN_JPEG_EOF:
  case JWRN_MUST_RESYNC:
  case JWRN_BOGUS_PROGRESSION: leave(state);
  }
}

static void say_nothing(j_common_ptr state) { (void)state; }

// (a b) / 255, rounded; exact for bytes.
static int scaled(int a, int b) {
  int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

// One row of ink, stored as 255 - amount as Adobe's programs do, to light.
static void rgb_of_cmyk(const JSAMPLE *ink, uint8_t *rgb, size_t width) {
  for (size_t i = 0; i < width; i++)
    for (size_t channel = 0; channel < 3; channel++) {
      int white = ink[4 * i + 3];
      rgb[3 * i + channel] = (uint8_t)(white - scaled(255 - ink[4 * i + channel], white));
    }
}

static void read_rows(struct jpeg_decompress_struct *state, uint8_t *rgb) {
  int is_cmyk = state->num_components == 4;
  state->out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(state);
  size_t width = state->output_width;
  // The library frees this row with its state.
  JSAMPARRAY ink =
      is_cmyk ? state->mem->alloc_sarray((j_common_ptr)state, JPOOL_IMAGE, (JDIMENSION)(4 * width), 1) : NULL;
  while (state->output_scanline < state->output_height) {
    JSAMPROW row = rgb + state->output_scanline * width * 3;
    jpeg_read_scanlines(state, ink ? ink : &row, 1);
    if (ink) rgb_of_cmyk(ink[0], row, width);
  }
  jpeg_finish_decompress(state);
}

int aq_jpeg_read(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, uint8_t *rgb, char *message) {
  struct jpeg_decompress_struct state;
  jpeg_errors errors;
  memset(&state, 0, sizeof state);
  state.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = leave;
  errors.base.emit_message = note;
  errors.base.output_message = say_nothing;
  errors.message = message;
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&state);
    return AQ_IMAGE_DAMAGED;
  }
  jpeg_create_decompress(&state);
  jpeg_mem_src(&state, bytes, count);
  jpeg_read_header(&state, TRUE);
  // A second call must find the extents that the caller made room for.
  if (rgb && (state.image_width != *width || state.image_height != *height)) {
    snprintf(message, AQ_IMAGE_MESSAGE, "the file changed while it was read");
    jpeg_destroy_decompress(&state);
    return AQ_IMAGE_DAMAGED;
  }
  *width = state.image_width;
  *height = state.image_height;
  if (rgb) read_rows(&state, rgb);
  jpeg_destroy_decompress(&state);
  return AQ_IMAGE_OK;
}

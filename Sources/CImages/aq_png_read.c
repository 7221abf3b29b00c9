#include "aq_images.h"

#include <stdio.h>
#include <string.h>

#include <png.h>

// What is left of the file, and where errors go.
typedef struct {
  const uint8_t *bytes;
  size_t count;
  char *message;
} png_source;

static void leave(png_structp state, png_const_charp text) {
  png_source *source = png_get_error_ptr(state);
  snprintf(source->message, AQ_IMAGE_MESSAGE, "%s", text);
  png_longjmp(state, 1);
}

static void say_nothing(png_structp state, png_const_charp text) {
  (void)state;
  (void)text;
}

static void take(png_structp state, png_bytep target, size_t count) {
  png_source *source = png_get_io_ptr(state);
  if (count > source->count) png_error(state, "the file ends early");
  memcpy(target, source->bytes, count);
  source->bytes += count;
  source->count -= count;
}

static void read_rows(png_structp state, png_infop info, uint32_t width, uint32_t height, uint8_t *rgb) {
  png_set_expand(state);
  png_set_scale_16(state);
  png_set_strip_alpha(state);
  png_set_gray_to_rgb(state);
  int passes = png_set_interlace_handling(state);
  png_read_update_info(state, info);
  if (png_get_rowbytes(state, info) != (size_t)width * 3) png_error(state, "it cannot be converted to RGB");
  for (int pass = 0; pass < passes; pass++)
    for (uint32_t row = 0; row < height; row++) png_read_row(state, rgb + (size_t)row * width * 3, NULL);
  png_read_end(state, NULL);
}

int aq_png_read(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, uint8_t *rgb, char *message) {
  png_source source = {bytes, count, message};
  png_structp state = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, leave, say_nothing);
  png_infop info = state ? png_create_info_struct(state) : NULL;
  if (!info) {
    png_destroy_read_struct(&state, NULL, NULL);
    return AQ_IMAGE_MEMORY;
  }
  if (setjmp(png_jmpbuf(state))) {
    png_destroy_read_struct(&state, &info, NULL);
    return AQ_IMAGE_DAMAGED;
  }
  png_set_read_fn(state, &source, take);
  png_read_info(state, info);
  uint32_t found_width = png_get_image_width(state, info), found_height = png_get_image_height(state, info);
  // A second call must find the extents that the caller made room for.
  if (rgb && (found_width != *width || found_height != *height)) png_error(state, "the file changed while it was read");
  *width = found_width;
  *height = found_height;
  if (rgb) read_rows(state, info, found_width, found_height, rgb);
  png_destroy_read_struct(&state, &info, NULL);
  return AQ_IMAGE_OK;
}

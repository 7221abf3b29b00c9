// Decodes JPEG (libjpeg-turbo) and PNG (libpng) images and resizes them. The libraries' errors longjmp; they are caught
// here, so that nothing leaves these functions but by return.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Room that every `message` must have.
enum { AQ_IMAGE_MESSAGE = 256 };

// How a call ended.
enum { AQ_IMAGE_OK = 0, AQ_IMAGE_DAMAGED = 1, AQ_IMAGE_MEMORY = 2 };

// Reads width and height, or with `rgb` (height x width x 3 bytes) also the pixels. Grey, palette and CMYK images become RGB,
// transparency is dropped, 16 bits are cut to 8; orientation tags and colour profiles are not applied, as in Pillow. AQ_IMAGE_DAMAGED puts the reason into `message`.
int aq_jpeg_read(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, uint8_t *rgb, char *message);
int aq_png_read(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, uint8_t *rgb, char *message);

// Resizes `from` (height x width x 3) to `to` (to_height x to_width x 3), both extents at least 1: a triangle as wide as
// the step between samples, so nothing aliases; rows first, rounded to bytes, then columns, as Pillow does it.
int aq_image_resize(const uint8_t *from, size_t width, size_t height, uint8_t *to, size_t to_width, size_t to_height);

// Transforms of Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016, arXiv 1509.09308, section 4.3), for
// 3x3 convolutions of stride 1 on NHWC images.
//
// A tile is 4x4 outputs, or the 6x6 inputs they see. Transformed values lie in 36 planes, one per point, each of
// tiles x channels (or outputs x inputs for weights) floats; the products of planes are the caller's. Channels are a
// multiple of AQ_WINOGRAD_LANES.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { AQ_WINOGRAD_TILE = 4, AQ_WINOGRAD_POINTS = 36, AQ_WINOGRAD_LANES = 8 };

// Some tiles of a batch, counted over images, tile rows and tile columns.
typedef struct {
  int32_t height, width, channels;    // of the image that is read or written
  int32_t top, left;                  // rows and columns that the first tile begins before the image
  int32_t tile_rows, tile_columns;    // per image
  int32_t first_tile, tiles;
  size_t plane;                       // floats from one plane to the next
} aq_winograd_tiles;

// planes <- B' x B: the 6x6 inputs of every tile, zero outside the image.
void aq_winograd_input(const aq_winograd_tiles *t, const float *x, float *planes);
// y <- A' planes A + bias: the 4x4 outputs of every tile, as far as they are in the image; bias may be NULL.
void aq_winograd_output(const aq_winograd_tiles *t, const float *planes, const float *bias, float *y);
// planes <- A dy A': the adjoint of aq_winograd_output.
void aq_winograd_output_adjoint(const aq_winograd_tiles *t, const float *dy, float *planes);
// planes [36][O][I] <- G w G' of weights [O, 3, 3, I]; `rotated` turns each kernel by 180 degrees first.
void aq_winograd_weights(size_t outputs, size_t inputs, int rotated, const float *weights, size_t plane, float *planes);
// weights [O, 3, 3, I] <- G' planes G: the adjoint of aq_winograd_weights, not rotated.
void aq_winograd_weights_adjoint(size_t outputs, size_t inputs, size_t plane, const float *planes, float *weights);

// A thin C face on oneDNN (v2 and v3): FP32 convolution, pooling and matrix product, forward and adjoint.
//
// Activations are plain NHWC. Weights are [O, kH, kW, I / groups]; oneDNN computes with a layout of its own,
// so the caller packs them once per call (`aq_conv_pack`) and shares the packed block between shards.
// Every function runs on the calling thread alone; calls from several threads at once are safe.
// Return value: 0, or oneDNN's status code (2 = invalid arguments, 3 = unimplemented, 1 = out of memory).
#pragma once
#include <stddef.h>
#include <stdint.h>

// Extents of a convolution or pooling. For pooling `groups` is 1 and `out_channels` equals `in_channels`.
typedef struct {
  int32_t batch, in_height, in_width, in_channels;
  int32_t out_height, out_width, out_channels;
  int32_t kernel_height, kernel_width, groups;
  int32_t stride_height, stride_width, dilation_height, dilation_width;
  int32_t pad_top, pad_left, pad_bottom, pad_right;
} aq_conv_shape;

typedef enum { AQ_CONV_FORWARD = 0, AQ_CONV_BACKWARD_DATA = 1, AQ_CONV_BACKWARD_WEIGHTS = 2 } aq_conv_direction;

typedef enum { AQ_POOL_MAX = 0, AQ_POOL_AVERAGE = 1, AQ_POOL_AVERAGE_INCLUDE_PADDING = 2 } aq_pool_kind;

// Bytes of packed weights (or packed weight gradients) for a direction.
int aq_conv_packed_bytes(const aq_conv_shape *shape, aq_conv_direction direction, size_t *bytes);

// packed <- weights [O, kH, kW, I/g], in the layout that `direction` computes with.
int aq_conv_pack(const aq_conv_shape *shape, aq_conv_direction direction, const float *weights, void *packed);

// weights [O, kH, kW, I/g] <- packed (of AQ_CONV_BACKWARD_WEIGHTS).
int aq_conv_unpack(const aq_conv_shape *shape, const void *packed, float *weights);

// dst [N, oH, oW, O] <- convolution of src [N, iH, iW, I] with packed weights, plus bias [O] unless NULL.
int aq_conv_forward(const aq_conv_shape *shape, const float *src, const void *packed, const float *bias, float *dst);

// diff_src [N, iH, iW, I] <- adjoint of the convolution, at diff_dst [N, oH, oW, O].
int aq_conv_backward_data(const aq_conv_shape *shape, const float *diff_dst, const void *packed, float *diff_src);

// packed_diff <- gradient of the weights (overwritten, packed), diff_bias [O] <- gradient of the bias unless NULL.
int aq_conv_backward_weights(const aq_conv_shape *shape, const float *src, const float *diff_dst,
                             void *packed_diff, float *diff_bias);

// Bytes of the arg-max workspace of max pooling; 0 for averages.
int aq_pool_workspace_bytes(const aq_conv_shape *shape, aq_pool_kind kind, size_t *bytes);

// dst <- pooled src; `workspace` keeps where the maxima were.
int aq_pool_forward(const aq_conv_shape *shape, aq_pool_kind kind, const float *src, float *dst, void *workspace);

// diff_src <- adjoint of pooling at diff_dst.
int aq_pool_backward(const aq_conv_shape *shape, aq_pool_kind kind, const float *diff_dst, const void *workspace,
                     float *diff_src);

// c [m, n] <- op(a) op(b) + beta c, row-major; `transpose_*` is 'N' or 'T', `ld*` the row strides of a, b, c.
int aq_matmul(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
              const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

// "2.6.3" or the like.
const char *aq_onednn_version(void);

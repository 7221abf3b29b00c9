// Convolution forward and adjoint on oneDNN.
#include <string.h>

#include "aq_dnnl.h"

enum { OPERATION_CONV = 1 };

// The weight layout is chosen once per convolution, for this batch, so that shards of any size share one packing.
enum { LAYOUT_BATCH = 16 };

typedef struct {
  aq_owned_md src, weights, bias, dst;
} conv_mds;

static void free_mds(conv_mds *mds) {
  aq_md_free(mds->src);
  aq_md_free(mds->weights);
  aq_md_free(mds->bias);
  aq_md_free(mds->dst);
}

// Plain weights [O, kH, kW, I/g], described as oneDNN orders the extents: (g,) o, i, h, w.
static dnnl_status_t plain_weights(const aq_conv_shape *s, aq_owned_md *md, int any) {
  dnnl_dim_t g = s->groups, o = s->out_channels / g, i = s->in_channels / g, h = s->kernel_height, w = s->kernel_width;
  if (g == 1) {
    dnnl_dim_t dims[] = {o, i, h, w}, strides[] = {h * w * i, 1, w * i, i};
    return aq_md_make(md, 4, dims, any ? NULL : strides);
  }
  dnnl_dim_t dims[] = {g, o, i, h, w}, strides[] = {o * h * w * i, h * w * i, 1, w * i, i};
  return aq_md_make(md, 5, dims, any ? NULL : strides);
}

static dnnl_status_t activation(int n, int c, int h, int w, aq_owned_md *md) {
  dnnl_dim_t dims[] = {n, c, h, w}, strides[] = {(dnnl_dim_t)h * w * c, 1, (dnnl_dim_t)w * c, c};
  return aq_md_make(md, 4, dims, strides);
}

static dnnl_status_t make_mds(const aq_conv_shape *s, aq_md weights, conv_mds *mds) {
  memset(mds, 0, sizeof *mds);
  dnnl_dim_t channels = s->out_channels, one = 1;
  dnnl_status_t status = activation(s->batch, s->in_channels, s->in_height, s->in_width, &mds->src);
  if (status == dnnl_success) status = activation(s->batch, s->out_channels, s->out_height, s->out_width, &mds->dst);
  if (status == dnnl_success) status = aq_md_make(&mds->bias, 1, &channels, &one);
  if (status == dnnl_success) status = weights ? aq_md_copy(&mds->weights, weights) : plain_weights(s, &mds->weights, 1);
  return status;
}

static dnnl_status_t describe(const aq_conv_shape *s, aq_conv_direction direction, int has_bias, const conv_mds *mds,
                              const_dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *description) {
  dnnl_dim_t strides[] = {s->stride_height, s->stride_width};
  dnnl_dim_t dilates[] = {s->dilation_height - 1, s->dilation_width - 1};
  dnnl_dim_t before[] = {s->pad_top, s->pad_left}, after[] = {s->pad_bottom, s->pad_right};
  aq_md bias = has_bias ? mds->bias : NULL;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_status_t status = aq_attributes(&attributes);
  if (status != dnnl_success) return status;
#if DNNL_VERSION_MAJOR >= 3
  if (direction == AQ_CONV_FORWARD)
    status = dnnl_convolution_forward_primitive_desc_create(
        description, aq_engine(), dnnl_forward_training, dnnl_convolution_direct, mds->src, mds->weights, bias,
        mds->dst, strides, dilates, before, after, attributes);
  else if (direction == AQ_CONV_BACKWARD_DATA)
    status = dnnl_convolution_backward_data_primitive_desc_create(
        description, aq_engine(), dnnl_convolution_direct, mds->src, mds->weights, mds->dst, strides, dilates, before,
        after, hint, attributes);
  else
    status = dnnl_convolution_backward_weights_primitive_desc_create(
        description, aq_engine(), dnnl_convolution_direct, mds->src, mds->weights, bias, mds->dst, strides, dilates,
        before, after, hint, attributes);
#else
  dnnl_convolution_desc_t operation;
  if (direction == AQ_CONV_FORWARD)
    status = dnnl_dilated_convolution_forward_desc_init(&operation, dnnl_forward_training, dnnl_convolution_direct,
                                                        mds->src, mds->weights, bias, mds->dst, strides, dilates,
                                                        before, after);
  else if (direction == AQ_CONV_BACKWARD_DATA)
    status = dnnl_dilated_convolution_backward_data_desc_init(&operation, dnnl_convolution_direct, mds->src,
                                                              mds->weights, mds->dst, strides, dilates, before, after);
  else
    status = dnnl_dilated_convolution_backward_weights_desc_init(&operation, dnnl_convolution_direct, mds->src,
                                                                 mds->weights, bias, mds->dst, strides, dilates,
                                                                 before, after);
  if (status == dnnl_success)
    status = dnnl_primitive_desc_create(description, &operation, attributes, aq_engine(), hint);
#endif
  dnnl_primitive_attr_destroy(attributes);
  return status;
}

static dnnl_query_t weights_query(aq_conv_direction direction) {
  return direction == AQ_CONV_BACKWARD_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
}

static dnnl_status_t describe_with(const aq_conv_shape *shape, aq_conv_direction direction, int has_bias, aq_md weights,
                                   dnnl_primitive_desc_t *description) {
  conv_mds mds;
  dnnl_primitive_desc_t hint = NULL;
  dnnl_status_t status = make_mds(shape, weights, &mds);
  if (status == dnnl_success && direction != AQ_CONV_FORWARD) {
    // The hint's own weight layout is free; only the adjoint's is fixed.
    conv_mds free_layout;
    status = make_mds(shape, NULL, &free_layout);
    if (status == dnnl_success) status = describe(shape, AQ_CONV_FORWARD, has_bias, &free_layout, NULL, &hint);
    free_mds(&free_layout);
  }
  if (status == dnnl_success) status = describe(shape, direction, has_bias, &mds, hint, description);
  if (hint) dnnl_primitive_desc_destroy(hint);
  free_mds(&mds);
  return status;
}

// variant: bit 0-1 direction, bit 2 bias, bit 3 "the entry that fixes the layout".
static aq_key conv_key(const aq_conv_shape *shape, int variant) {
  aq_key key;
  memset(&key, 0, sizeof key);
  key.operation = OPERATION_CONV;
  key.variant = variant;
  key.shape = *shape;
  if (variant & 8) key.shape.batch = LAYOUT_BATCH;
  return key;
}

static dnnl_status_t make_layout(const aq_key *key, dnnl_primitive_desc_t *description) {
  return describe_with(&key->shape, key->variant & 3, 0, NULL, description);
}

static dnnl_status_t packed_md(const aq_conv_shape *shape, aq_conv_direction direction, aq_owned_md *md) {
  aq_key key = conv_key(shape, (int)direction | 8);
  aq_entry *entry;
  dnnl_status_t status = aq_cache_get(&key, make_layout, &entry);
  if (status != dnnl_success) return status;
  status = aq_md_copy(md, aq_query(entry->description, weights_query(direction)));
  aq_release(entry);
  return status;
}

// Called with the cache locked: the layout entry was made before by `conv_entry`, so it only needs its descriptor again.
static dnnl_status_t make_conv(const aq_key *key, dnnl_primitive_desc_t *description) {
  aq_conv_direction direction = key->variant & 3;
  aq_conv_shape layout_shape = key->shape;
  layout_shape.batch = LAYOUT_BATCH;
  dnnl_primitive_desc_t layout = NULL;
  dnnl_status_t status = describe_with(&layout_shape, direction, 0, NULL, &layout);
  if (status == dnnl_success)
    status = describe_with(&key->shape, direction, (key->variant & 4) != 0, aq_query(layout, weights_query(direction)),
                           description);
  if (layout) dnnl_primitive_desc_destroy(layout);
  return status;
}

static dnnl_status_t conv_entry(const aq_conv_shape *shape, aq_conv_direction direction, int has_bias,
                                aq_entry **entry) {
  aq_key key = conv_key(shape, (int)direction | (has_bias ? 4 : 0));
  return aq_cache_get(&key, make_conv, entry);
}

int aq_conv_packed_bytes(const aq_conv_shape *shape, aq_conv_direction direction, size_t *bytes) {
  aq_owned_md md = NULL;
  dnnl_status_t status = packed_md(shape, direction, &md);
  if (status == dnnl_success) *bytes = dnnl_memory_desc_get_size(md);
  aq_md_free(md);
  return status;
}

int aq_conv_pack(const aq_conv_shape *shape, aq_conv_direction direction, const float *weights, void *packed) {
  aq_owned_md md = NULL, plain = NULL;
  dnnl_status_t status = packed_md(shape, direction, &md);
  if (status == dnnl_success) status = plain_weights(shape, &plain, 0);
  if (status == dnnl_success) status = aq_reorder(plain, weights, md, packed);
  aq_md_free(plain);
  aq_md_free(md);
  return status;
}

int aq_conv_unpack(const aq_conv_shape *shape, const void *packed, float *weights) {
  aq_owned_md md = NULL, plain = NULL;
  dnnl_status_t status = packed_md(shape, AQ_CONV_BACKWARD_WEIGHTS, &md);
  if (status == dnnl_success) status = plain_weights(shape, &plain, 0);
  if (status == dnnl_success) status = aq_reorder(md, packed, plain, weights);
  aq_md_free(plain);
  aq_md_free(md);
  return status;
}

int aq_conv_forward(const aq_conv_shape *shape, const float *src, const void *packed, const float *bias, float *dst) {
  aq_entry *entry;
  dnnl_status_t status = conv_entry(shape, AQ_CONV_FORWARD, bias != NULL, &entry);
  if (status != dnnl_success) return status;
  aq_argument arguments[] = {
      {DNNL_ARG_SRC, aq_query(entry->description, dnnl_query_src_md), (void *)(uintptr_t)src},
      {DNNL_ARG_WEIGHTS, aq_query(entry->description, dnnl_query_weights_md), (void *)(uintptr_t)packed},
      {DNNL_ARG_DST, aq_query(entry->description, dnnl_query_dst_md), dst},
      {DNNL_ARG_BIAS, NULL, (void *)(uintptr_t)bias},
  };
  if (bias) arguments[3].md = dnnl_primitive_desc_query_md(entry->description, dnnl_query_weights_md, 1);
  return aq_execute_release(entry, arguments, bias ? 4 : 3);
}

int aq_conv_backward_data(const aq_conv_shape *shape, const float *diff_dst, const void *packed, float *diff_src) {
  aq_entry *entry;
  dnnl_status_t status = conv_entry(shape, AQ_CONV_BACKWARD_DATA, 0, &entry);
  if (status != dnnl_success) return status;
  aq_argument arguments[] = {
      {DNNL_ARG_DIFF_DST, aq_query(entry->description, dnnl_query_diff_dst_md), (void *)(uintptr_t)diff_dst},
      {DNNL_ARG_WEIGHTS, aq_query(entry->description, dnnl_query_weights_md), (void *)(uintptr_t)packed},
      {DNNL_ARG_DIFF_SRC, aq_query(entry->description, dnnl_query_diff_src_md), diff_src},
  };
  return aq_execute_release(entry, arguments, 3);
}

int aq_conv_backward_weights(const aq_conv_shape *shape, const float *src, const float *diff_dst, void *packed_diff,
                             float *diff_bias) {
  aq_entry *entry;
  dnnl_status_t status = conv_entry(shape, AQ_CONV_BACKWARD_WEIGHTS, diff_bias != NULL, &entry);
  if (status != dnnl_success) return status;
  aq_argument arguments[] = {
      {DNNL_ARG_SRC, aq_query(entry->description, dnnl_query_src_md), (void *)(uintptr_t)src},
      {DNNL_ARG_DIFF_DST, aq_query(entry->description, dnnl_query_diff_dst_md), (void *)(uintptr_t)diff_dst},
      {DNNL_ARG_DIFF_WEIGHTS, aq_query(entry->description, dnnl_query_diff_weights_md), packed_diff},
      {DNNL_ARG_DIFF_BIAS, NULL, diff_bias},
  };
  if (diff_bias) arguments[3].md = dnnl_primitive_desc_query_md(entry->description, dnnl_query_diff_weights_md, 1);
  return aq_execute_release(entry, arguments, diff_bias ? 4 : 3);
}

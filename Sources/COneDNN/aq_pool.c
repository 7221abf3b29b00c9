// Max and average pooling on oneDNN.
#include <string.h>

#include "aq_dnnl.h"

enum { OPERATION_POOL = 2, BACKWARD = 8 };

static dnnl_alg_kind_t algorithm(aq_pool_kind kind) {
  switch (kind) {
    case AQ_POOL_MAX: return dnnl_pooling_max;
    case AQ_POOL_AVERAGE: return dnnl_pooling_avg_exclude_padding;
    default: return dnnl_pooling_avg_include_padding;
  }
}

static dnnl_status_t activation(int n, int c, int h, int w, aq_owned_md *md) {
  dnnl_dim_t dims[] = {n, c, h, w}, strides[] = {(dnnl_dim_t)h * w * c, 1, (dnnl_dim_t)w * c, c};
  return aq_md_make(md, 4, dims, strides);
}

static dnnl_status_t describe(const aq_conv_shape *s, int variant, aq_md src, aq_md dst,
                              const_dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *description) {
  dnnl_dim_t strides[] = {s->stride_height, s->stride_width}, kernel[] = {s->kernel_height, s->kernel_width};
  dnnl_dim_t before[] = {s->pad_top, s->pad_left}, after[] = {s->pad_bottom, s->pad_right};
  dnnl_alg_kind_t kind = algorithm(variant & 7);
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_status_t status = aq_attributes(&attributes);
  if (status != dnnl_success) return status;
#if DNNL_VERSION_MAJOR >= 3
  dnnl_dim_t dilation[] = {0, 0};
  status = hint ? dnnl_pooling_backward_primitive_desc_create(description, aq_engine(), kind, src, dst, strides, kernel,
                                                              dilation, before, after, hint, attributes)
                : dnnl_pooling_forward_primitive_desc_create(description, aq_engine(), dnnl_forward_training, kind, src,
                                                             dst, strides, kernel, dilation, before, after, attributes);
#else
  dnnl_pooling_desc_t operation;
  status = hint ? dnnl_pooling_backward_desc_init(&operation, kind, src, dst, strides, kernel, before, after)
                : dnnl_pooling_forward_desc_init(&operation, dnnl_forward_training, kind, src, dst, strides, kernel,
                                                 before, after);
  if (status == dnnl_success)
    status = dnnl_primitive_desc_create(description, &operation, attributes, aq_engine(), hint);
#endif
  dnnl_primitive_attr_destroy(attributes);
  return status;
}

static dnnl_status_t make_pool(const aq_key *key, dnnl_primitive_desc_t *description) {
  const aq_conv_shape *s = &key->shape;
  aq_owned_md src = NULL, dst = NULL;
  dnnl_primitive_desc_t hint = NULL;
  dnnl_status_t status = activation(s->batch, s->in_channels, s->in_height, s->in_width, &src);
  if (status == dnnl_success) status = activation(s->batch, s->out_channels, s->out_height, s->out_width, &dst);
  if (status == dnnl_success && (key->variant & BACKWARD)) status = describe(s, key->variant, src, dst, NULL, &hint);
  if (status == dnnl_success) status = describe(s, key->variant, src, dst, hint, description);
  if (hint) dnnl_primitive_desc_destroy(hint);
  aq_md_free(src);
  aq_md_free(dst);
  return status;
}

static dnnl_status_t pool_entry(const aq_conv_shape *shape, int variant, aq_entry **entry) {
  aq_key key;
  memset(&key, 0, sizeof key);
  key.operation = OPERATION_POOL;
  key.variant = variant;
  key.shape = *shape;
  return aq_cache_get(&key, make_pool, entry);
}

int aq_pool_workspace_bytes(const aq_conv_shape *shape, aq_pool_kind kind, size_t *bytes) {
  *bytes = 0;
  if (kind != AQ_POOL_MAX) return 0;
  aq_entry *entry;
  dnnl_status_t status = pool_entry(shape, (int)kind, &entry);
  if (status != dnnl_success) return status;
  *bytes = dnnl_memory_desc_get_size(aq_query(entry->description, dnnl_query_workspace_md));
  aq_release(entry);
  return status;
}

int aq_pool_forward(const aq_conv_shape *shape, aq_pool_kind kind, const float *src, float *dst, void *workspace) {
  aq_entry *entry;
  dnnl_status_t status = pool_entry(shape, (int)kind, &entry);
  if (status != dnnl_success) return status;
  aq_argument arguments[] = {
      {DNNL_ARG_SRC, aq_query(entry->description, dnnl_query_src_md), (void *)(uintptr_t)src},
      {DNNL_ARG_DST, aq_query(entry->description, dnnl_query_dst_md), dst},
      {DNNL_ARG_WORKSPACE, aq_query(entry->description, dnnl_query_workspace_md), workspace},
  };
  return aq_execute_release(entry, arguments, kind == AQ_POOL_MAX ? 3 : 2);
}

int aq_pool_backward(const aq_conv_shape *shape, aq_pool_kind kind, const float *diff_dst, const void *workspace,
                     float *diff_src) {
  aq_entry *entry;
  dnnl_status_t status = pool_entry(shape, (int)kind | BACKWARD, &entry);
  if (status != dnnl_success) return status;
  aq_argument arguments[] = {
      {DNNL_ARG_DIFF_DST, aq_query(entry->description, dnnl_query_diff_dst_md), (void *)(uintptr_t)diff_dst},
      {DNNL_ARG_DIFF_SRC, aq_query(entry->description, dnnl_query_diff_src_md), diff_src},
      {DNNL_ARG_WORKSPACE, aq_query(entry->description, dnnl_query_workspace_md), (void *)(uintptr_t)workspace},
  };
  return aq_execute_release(entry, arguments, kind == AQ_POOL_MAX ? 3 : 2);
}

// The differences between oneDNN v2 and v3, hidden: memory descriptors, primitive descriptors, cache, execution.
#pragma once
#include <oneapi/dnnl/dnnl.h>
#include "aq_onednn.h"

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t aq_md;       // borrowed
typedef dnnl_memory_desc_t aq_owned_md;       // destroyed by aq_md_free
#else
typedef const dnnl_memory_desc_t *aq_md;
typedef dnnl_memory_desc_t *aq_owned_md;
#endif

// FP32 descriptor with the given strides, or with the layout left to oneDNN when `strides` is NULL.
dnnl_status_t aq_md_make(aq_owned_md *md, int rank, const dnnl_dim_t *dims, const dnnl_dim_t *strides);
dnnl_status_t aq_md_copy(aq_owned_md *md, aq_md source);
void aq_md_free(aq_owned_md md);

dnnl_engine_t aq_engine(void);

// What a cached primitive is for; compared byte by byte, so it is zeroed before it is filled.
typedef struct {
  int32_t operation, variant;
  aq_conv_shape shape;
} aq_key;

typedef struct aq_entry {
  aq_key key;
  dnnl_primitive_t primitive;
  dnnl_primitive_desc_t description;
  struct aq_entry *next;
  int is_cached;
} aq_entry;

// The entry of a key; made by `make` the first time. The first AQ_CACHED_ENTRIES live as long as the process, later
// ones until `aq_release`, which every caller calls after its last use of the entry.
enum { AQ_CACHED_ENTRIES = 2048 };
dnnl_status_t aq_cache_get(const aq_key *key, dnnl_status_t (*make)(const aq_key *, dnnl_primitive_desc_t *),
                           aq_entry **entry);
void aq_release(aq_entry *entry);

typedef struct {
  int argument;  // DNNL_ARG_...
  aq_md md;
  void *data;
} aq_argument;

// Runs a primitive on the calling thread with the thread's own stream and scratchpad.
dnnl_status_t aq_execute(const aq_entry *entry, const aq_argument *arguments, int count);

// The same, and releases the entry.
dnnl_status_t aq_execute_release(aq_entry *entry, const aq_argument *arguments, int count);

// Copies between two layouts of the same extents.
dnnl_status_t aq_reorder(aq_md from, const void *source, aq_md to, void *target);

// Primitive attributes with a scratchpad given by the caller.
dnnl_status_t aq_attributes(dnnl_primitive_attr_t *attributes);

aq_md aq_query(const_dnnl_primitive_desc_t description, dnnl_query_t what);

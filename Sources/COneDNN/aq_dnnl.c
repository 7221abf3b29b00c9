#include "aq_dnnl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dnnl_status_t aq_md_make(aq_owned_md *md, int rank, const dnnl_dim_t *dims, const dnnl_dim_t *strides) {
#if DNNL_VERSION_MAJOR >= 3
  return strides ? dnnl_memory_desc_create_with_strides(md, rank, dims, dnnl_f32, strides)
                 : dnnl_memory_desc_create_with_tag(md, rank, dims, dnnl_f32, dnnl_format_tag_any);
#else
  *md = malloc(sizeof(dnnl_memory_desc_t));
  if (!*md) return dnnl_out_of_memory;
  dnnl_status_t status = strides ? dnnl_memory_desc_init_by_strides(*md, rank, dims, dnnl_f32, strides)
                                 : dnnl_memory_desc_init_by_tag(*md, rank, dims, dnnl_f32, dnnl_format_tag_any);
  if (status != dnnl_success) {
    free(*md);
    *md = NULL;
  }
  return status;
#endif
}

dnnl_status_t aq_md_copy(aq_owned_md *md, aq_md source) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_clone(md, source);
#else
  *md = malloc(sizeof(dnnl_memory_desc_t));
  if (!*md) return dnnl_out_of_memory;
  **md = *source;
  return dnnl_success;
#endif
}

void aq_md_free(aq_owned_md md) {
  if (!md) return;
#if DNNL_VERSION_MAJOR >= 3
  dnnl_memory_desc_destroy(md);
#else
  free(md);
#endif
}

static dnnl_engine_t shared_engine;
static void make_engine(void) { dnnl_engine_create(&shared_engine, dnnl_cpu, 0); }

dnnl_engine_t aq_engine(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_engine);
  return shared_engine;
}

// Per thread: a stream, a scratchpad that only grows, and one OpenMP thread.
typedef struct {
  dnnl_stream_t stream;
  void *scratchpad;
  size_t scratchpad_bytes;
} thread_state;

static pthread_key_t state_key;

static void free_state(void *pointer) {
  thread_state *state = pointer;
  if (state->stream) dnnl_stream_destroy(state->stream);
  free(state->scratchpad);
  free(state);
}

static void make_state_key(void) { pthread_key_create(&state_key, free_state); }

static thread_state *current_state(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_state_key);
  thread_state *state = pthread_getspecific(state_key);
  if (state) return state;
  state = calloc(1, sizeof *state);
  if (!state) return NULL;
  // The setting is the calling thread's own; without it oneDNN would start a team of threads per shard.
  void (*set_threads)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (set_threads) set_threads(1);
  if (dnnl_stream_create(&state->stream, aq_engine(), dnnl_stream_default_flags) != dnnl_success) {
    free(state);
    return NULL;
  }
  pthread_setspecific(state_key, state);
  return state;
}

static dnnl_status_t reserve_scratchpad(thread_state *state, size_t bytes) {
  if (bytes <= state->scratchpad_bytes) return dnnl_success;
  free(state->scratchpad);
  state->scratchpad_bytes = (bytes + 4095) & ~(size_t)4095;
  state->scratchpad = aligned_alloc(64, state->scratchpad_bytes);
  if (state->scratchpad) return dnnl_success;
  state->scratchpad_bytes = 0;
  return dnnl_out_of_memory;
}

enum { BUCKETS = 509 };
static aq_entry *_Atomic buckets[BUCKETS];
static int cached_entries;  // guarded by cache_lock
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned hash(const aq_key *key) {
  unsigned value = 2166136261u;
  for (size_t i = 0; i < sizeof *key; i++) value = (value ^ ((const unsigned char *)key)[i]) * 16777619u;
  return value % BUCKETS;
}

static aq_entry *find(const aq_key *key, unsigned bucket) {
  for (aq_entry *entry = buckets[bucket]; entry; entry = entry->next)
    if (!memcmp(&entry->key, key, sizeof *key)) return entry;
  return NULL;
}

dnnl_status_t aq_cache_get(const aq_key *key, dnnl_status_t (*make)(const aq_key *, dnnl_primitive_desc_t *),
                           aq_entry **entry) {
  // oneDNN divides the work of some primitives by the threads that OpenMP has when they are made.
  if (!current_state()) return dnnl_out_of_memory;
  unsigned bucket = hash(key);
  // Entries are only ever added, and published by the atomic store below: readers need no lock.
  if ((*entry = find(key, bucket))) return dnnl_success;
  pthread_mutex_lock(&cache_lock);
  dnnl_status_t status = dnnl_success;
  if (!(*entry = find(key, bucket))) {
    aq_entry *made = calloc(1, sizeof *made);
    status = made ? make(key, &made->description) : dnnl_out_of_memory;
    if (status == dnnl_success) status = dnnl_primitive_create(&made->primitive, made->description);
    if (status == dnnl_success) {
      made->key = *key;
      *entry = made;
      if (cached_entries < AQ_CACHED_ENTRIES) {
        cached_entries++;
        made->is_cached = 1;
        made->next = buckets[bucket];
        buckets[bucket] = made;
      }
    } else if (made) {
      if (made->description) dnnl_primitive_desc_destroy(made->description);
      free(made);
    }
  }
  pthread_mutex_unlock(&cache_lock);
  return status;
}

void aq_release(aq_entry *entry) {
  if (entry->is_cached) return;
  dnnl_primitive_destroy(entry->primitive);
  dnnl_primitive_desc_destroy(entry->description);
  free(entry);
}

dnnl_status_t aq_attributes(dnnl_primitive_attr_t *attributes) {
  dnnl_status_t status = dnnl_primitive_attr_create(attributes);
  if (status == dnnl_success) status = dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user);
  return status;
}

aq_md aq_query(const_dnnl_primitive_desc_t description, dnnl_query_t what) {
  return dnnl_primitive_desc_query_md(description, what, 0);
}

enum { MAX_ARGUMENTS = 8 };

dnnl_status_t aq_execute(const aq_entry *entry, const aq_argument *arguments, int count) {
  thread_state *state = current_state();
  if (!state || count >= MAX_ARGUMENTS) return dnnl_out_of_memory;
  dnnl_exec_arg_t list[MAX_ARGUMENTS];
  int made = 0;
  dnnl_status_t status = dnnl_success;
  aq_md scratch = aq_query(entry->description, dnnl_query_scratchpad_md);
  size_t scratch_bytes = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
  if (scratch_bytes) status = reserve_scratchpad(state, scratch_bytes);
  for (int i = 0; i <= count && status == dnnl_success; i++) {
    if (i == count && !scratch_bytes) break;
    aq_md md = i < count ? arguments[i].md : scratch;
    void *data = i < count ? arguments[i].data : state->scratchpad;
    list[made].arg = i < count ? arguments[i].argument : DNNL_ARG_SCRATCHPAD;
    status = dnnl_memory_create(&list[made].memory, md, aq_engine(), data);
    if (status == dnnl_success) made++;
  }
  if (status == dnnl_success) status = dnnl_primitive_execute(entry->primitive, state->stream, made, list);
  if (status == dnnl_success) status = dnnl_stream_wait(state->stream);
  for (int i = 0; i < made; i++) dnnl_memory_destroy(list[i].memory);
  return status;
}

dnnl_status_t aq_execute_release(aq_entry *entry, const aq_argument *arguments, int count) {
  dnnl_status_t status = aq_execute(entry, arguments, count);
  aq_release(entry);
  return status;
}

dnnl_status_t aq_reorder(aq_md from, const void *source, aq_md to, void *target) {
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t description = NULL;
  aq_entry entry = {0};
  dnnl_status_t status = aq_attributes(&attributes);
  if (status == dnnl_success)
    status = dnnl_reorder_primitive_desc_create(&description, from, aq_engine(), to, aq_engine(), attributes);
  if (status == dnnl_success) status = dnnl_primitive_create(&entry.primitive, description);
  entry.description = description;
  aq_argument arguments[] = {{DNNL_ARG_FROM, from, (void *)(uintptr_t)source}, {DNNL_ARG_TO, to, target}};
  if (status == dnnl_success) status = aq_execute(&entry, arguments, 2);
  if (entry.primitive) dnnl_primitive_destroy(entry.primitive);
  if (description) dnnl_primitive_desc_destroy(description);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  return status;
}

int aq_matmul(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
              const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  if (!current_state()) return dnnl_out_of_memory;
  return dnnl_sgemm(transpose_a, transpose_b, m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
}

const char *aq_onednn_version(void) {
  static char text[32];
  const dnnl_version_t *version = dnnl_version();
  snprintf(text, sizeof text, "%d.%d.%d", version->major, version->minor, version->patch);
  return text;
}

#include "host.h"
#include <stdlib.h>
#include <string.h>

// MARK: memory

static void note_peak(host *h) {
  size_t total = h->used + h->native;
  if (total > h->peak) h->peak = total;
}

static void *allocate(void *context, void *block, size_t old_size, size_t new_size) {
  host *h = context;
  size_t old = block ? old_size : 0;
  if (new_size == 0) {
    free(block);
    h->used -= old;
    return NULL;
  }
  // Lua assumes that shrinking never fails; Swift frames cannot be jumped over, so they may grow past the limit.
  if (h->limit && !h->in_swift && new_size > old && h->used + h->native + new_size - old > h->limit) return NULL;
  void *result = realloc(block, new_size);
  if (!result) return NULL;
  h->used += new_size - old;
  note_peak(h);
  return result;
}

enum { DEBT_STEP = 4 << 20 };

// Lua's collector sees a few bytes per object; this tells it the rest, as debt, before the object is there.
static int account(lua_State *L, size_t bytes) {
  host *h = host_of(L);
  h->debt += bytes;
  if (h->debt >= DEBT_STEP) {
    lua_gc(L, LUA_GCSTEP, (int)(h->debt >> 10));
    h->debt = 0;
  }
  if (h->limit && h->used + h->native + bytes > h->limit) {
    lua_gc(L, LUA_GCCOLLECT);
    if (h->used + h->native + bytes > h->limit) return -1;
  }
  h->native += bytes;
  note_peak(h);
  return 0;
}

int aql_reserve(lua_State *L, size_t bytes) {
  host *h = host_of(L);
  // Large blocks come from the system at once: asking for one tells whether it is there, without touching it.
  enum { PROBED = 64 << 20 };
  for (int attempt = 0; attempt < 2; attempt++) {
    int fits = !h->limit || (bytes <= h->limit && h->used + h->native <= h->limit - bytes);
    if (fits && bytes >= PROBED) {
      void *volatile probe = malloc(bytes);
      fits = probe != NULL;
      free(probe);
    }
    if (fits) return 0;
    if (attempt == 0) lua_gc(L, LUA_GCCOLLECT);
  }
  return -1;
}

size_t aql_lua_bytes(lua_State *L) { return host_of(L)->used; }
size_t aql_native_bytes(lua_State *L) { return host_of(L)->native; }
size_t aql_peak_bytes(lua_State *L) { return host_of(L)->peak; }
void aql_collect(lua_State *L) { lua_gc(L, LUA_GCCOLLECT); }

// MARK: open and close

static int open_protected(lua_State *L) {
  luaL_openlibs(L);
  aql_guard_coroutines(L);
  aql_guard_patterns(L);
  aql_keep_libraries(L);
  return 0;
}

lua_State *aql_open(void *owner, size_t memory_limit, aql_dispatch dispatch, aql_release release) {
  host *h = calloc(1, sizeof *h);
  if (!h) return NULL;
  h->owner = owner;
  h->dispatch = dispatch;
  h->release = release;
  h->in_swift = 1;
  lua_State *L = lua_newstate(allocate, h);
  if (!L) {
    free(h);
    return NULL;
  }
  *(host **)lua_getextraspace(L) = h;
  h->current = L;
  lua_pushcfunction(L, open_protected);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
    lua_close(L);
    free(h);
    return NULL;
  }
  lua_gc(L, LUA_GCGEN, 0, 0);
  h->limit = memory_limit;
  aql_listen_for_interrupts();
  return L;
}

void aql_close(lua_State *L) {
  host *h = host_of(L);
  lua_close(L);
  free(h);
}

void *aql_host(lua_State *L) { return host_of(L)->owner; }

lua_State *aql_current(lua_State *L) { return host_of(L)->current; }

// MARK: stack

int aql_top(lua_State *L) { return lua_gettop(L); }
void aql_pop(lua_State *L, int count) { lua_settop(L, -count - 1); }
int aql_absolute(lua_State *L, int index) { return lua_absindex(L, index); }
int aql_type(lua_State *L, int index) { return lua_type(L, index); }
int aql_is_integer(lua_State *L, int index) { return lua_isinteger(L, index); }
int64_t aql_integer(lua_State *L, int index) { return lua_tointegerx(L, index, NULL); }
double aql_number(lua_State *L, int index) { return lua_tonumberx(L, index, NULL); }
int aql_boolean(lua_State *L, int index) { return lua_toboolean(L, index); }
size_t aql_length(lua_State *L, int index) { return (size_t)lua_rawlen(L, index); }

const char *aql_string(lua_State *L, int index, size_t *length) {
  if (lua_type(L, index) != LUA_TSTRING) return NULL;
  return lua_tolstring(L, index, length);
}

static void reserve(lua_State *L) { lua_checkstack(L, 4); }

void aql_push_nil(lua_State *L) { reserve(L); lua_pushnil(L); }
void aql_push_boolean(lua_State *L, int value) { reserve(L); lua_pushboolean(L, value); }
void aql_push_integer(lua_State *L, int64_t value) { reserve(L); lua_pushinteger(L, value); }
void aql_push_number(lua_State *L, double value) { reserve(L); lua_pushnumber(L, value); }
void aql_push_string(lua_State *L, const char *bytes, size_t length) { reserve(L); lua_pushlstring(L, bytes, length); }
void aql_push_copy(lua_State *L, int index) { reserve(L); lua_pushvalue(L, index); }
void aql_push_table(lua_State *L, int array_count, int field_count) {
  reserve(L);
  lua_createtable(L, array_count, field_count);
}
void aql_raw_get_index(lua_State *L, int table, int64_t key) { reserve(L); lua_rawgeti(L, table, key); }
void aql_raw_set_index(lua_State *L, int table, int64_t key) { lua_rawseti(L, table, key); }

void aql_raw_get_field(lua_State *L, int table, const char *key) {
  reserve(L);
  table = lua_absindex(L, table);
  lua_pushstring(L, key);
  lua_rawget(L, table);
}

void aql_raw_set_field(lua_State *L, int table, const char *key) {
  reserve(L);
  table = lua_absindex(L, table);
  lua_pushstring(L, key);
  lua_insert(L, -2);
  lua_rawset(L, table);
}

int aql_next(lua_State *L, int table) { reserve(L); return lua_next(L, table); }
void aql_push_globals(lua_State *L) { reserve(L); lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS); }
void aql_set_metatable(lua_State *L, int index) { lua_setmetatable(L, index); }

int aql_has_metafield(lua_State *L, int index, const char *name) {
  reserve(L);
  if (luaL_getmetafield(L, index, name) == LUA_TNIL) return 0;
  lua_pop(L, 1);
  return 1;
}

int aql_reference(lua_State *L) { return luaL_ref(L, LUA_REGISTRYINDEX); }
void aql_push_reference(lua_State *L, int reference) { reserve(L); lua_rawgeti(L, LUA_REGISTRYINDEX, reference); }
void aql_drop_reference(lua_State *L, int reference) { luaL_unref(L, LUA_REGISTRYINDEX, reference); }

// MARK: native functions

// The whole path of a file, which short_src cuts to 60 bytes; the short form of other chunks.
static const char *source_of(const lua_Debug *ar) { return *ar->source == '@' ? ar->source + 1 : ar->short_src; }

void aql_push_position(lua_State *L) {
  lua_Debug ar;
  reserve(L);
  for (int level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline > 0 && strcmp(ar.source, SANDBOX_SOURCE)) {
      lua_pushfstring(L, "%s:%d: ", source_of(&ar), ar.currentline);
      return;
    }
  }
  lua_pushliteral(L, "");
}

// Runs Swift; every Swift frame has returned before an error is raised.
static int call_swift(lua_State *L, void *box) {
  host *h = host_of(L);
  h->in_swift++;
  int count = h->dispatch(L, box);
  h->in_swift--;
  if (count >= 0) return count;
  // An error after the deadline is most likely its consequence.
  aql_spend(L, h, 1);
  if (lua_type(L, -1) == LUA_TSTRING) {
    aql_push_position(L);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int trampoline(lua_State *L) { return call_swift(L, lua_touserdata(L, lua_upvalueindex(1))); }

void aql_push_function(lua_State *L, void *box) {
  reserve(L);
  lua_pushlightuserdata(L, box);
  lua_pushcclosure(L, trampoline, 1);
}

void *aql_function_box(lua_State *L, int index) {
  if (lua_tocfunction(L, index) != trampoline) return NULL;
  reserve(L);
  lua_getupvalue(L, index, 1);
  void *box = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return box;
}

static int index_function(lua_State *L) {
  // Members have texts as keys: other keys find nothing.
  lua_pushvalue(L, 2);
  int type = lua_rawget(L, lua_upvalueindex(1));
  if (type == LUA_TFUNCTION) return 1;
  void *box = type == LUA_TLIGHTUSERDATA ? lua_touserdata(L, -1) : NULL;
  lua_pop(L, 1);
  if (!box && lua_type(L, 2) != LUA_TSTRING) box = lua_touserdata(L, lua_upvalueindex(2));
  return call_swift(L, box ? box : lua_touserdata(L, lua_upvalueindex(3)));
}

void aql_push_index_function(lua_State *L, void *index_box, void *missing_box) {
  reserve(L);
  lua_pushlightuserdata(L, index_box);
  lua_pushlightuserdata(L, missing_box);
  lua_pushcclosure(L, index_function, 3);
}

void aql_push_light(lua_State *L, void *pointer) { reserve(L); lua_pushlightuserdata(L, pointer); }

// MARK: objects

// 40 bytes: no userdata of the standard library has this size, so that size and mark identify ours.
typedef struct {
  void *object;
  const void *type;
  size_t bytes;
  uint64_t mark, reserved;
} box;

static const uint64_t BOX_MARK = 0x41754751424f5831ull;

static box *box_at(lua_State *L, int index) {
  // Of other values, those with an address here (light userdata) have no length and those with a length no address.
  box *b = lua_touserdata(L, index);
  return b && lua_rawlen(L, index) == sizeof(box) && b->mark == BOX_MARK ? b : NULL;
}

int aql_push_object(lua_State *L, void *retained, const void *type, size_t bytes, int metatable) {
  reserve(L);
  if (account(L, bytes)) return -1;
  box *b = lua_newuserdatauv(L, sizeof *b, 0);
  memset(b, 0, sizeof *b);
  b->mark = BOX_MARK;
  lua_rawgeti(L, LUA_REGISTRYINDEX, metatable);
  lua_setmetatable(L, -2);
  b->object = retained;
  b->type = type;
  b->bytes = bytes;
  return 0;
}

void *aql_object(lua_State *L, int index, const void *type, int *state) {
  box *b = box_at(L, index);
  *state = !b ? 0 : b->type != type ? 1 : !b->object ? 2 : 3;
  return *state == 3 ? b->object : NULL;
}

const void *aql_object_type(lua_State *L, int index) {
  box *b = box_at(L, index);
  return b ? b->type : NULL;
}

static int finalize(lua_State *L) {
  box *b = box_at(L, 1);
  if (b && b->object) {
    host *h = host_of(L);
    void *object = b->object;
    b->object = NULL;
    h->native -= b->bytes;
    h->release(object);
  }
  return 0;
}

void aql_set_finalizer(lua_State *L, int metatable) {
  metatable = lua_absindex(L, metatable);
  lua_pushcfunction(L, finalize);
  aql_raw_set_field(L, metatable, "__gc");
  lua_pushcfunction(L, finalize);
  aql_raw_set_field(L, metatable, "__close");
  lua_pushboolean(L, 0);
  aql_raw_set_field(L, metatable, "__metatable");
}

// MARK: running

int aql_load(lua_State *L, const char *text, size_t length, const char *chunk_name, int environment) {
  // Lua shortens a long path to "..." and its last bytes, LUA_IDSIZE - 1 together.
  enum { SHORT = LUA_IDSIZE - 1 };
  reserve(L);
  // A first line that begins with # is for the shell.
  if (length && text[0] == '#')
    while (length && text[0] != '\n') text++, length--;
  switch (luaL_loadbufferx(L, text, length, chunk_name, "t")) {
    case LUA_OK:
      if (environment) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, environment);
        lua_setupvalue(L, -2, 1);
      }
      return AQL_OK;
    case LUA_ERRMEM: return AQL_MEMORY;
    default: break;
  }
  const char *message = lua_tostring(L, -1);
  if (*chunk_name == '@' && strlen(chunk_name + 1) > SHORT && !strncmp(message, "...", 3) && strlen(message) > SHORT) {
    lua_pushfstring(L, "%s%s", chunk_name + 1, message + SHORT);
    lua_remove(L, -2);
  }
  return AQL_SYNTAX;
}

// The levels that Lua's own traceback shows: a few innermost and outermost ones. Finding a level takes its depth.
enum { INNERMOST = 12, OUTERMOST = 12 };

// The number of levels, found as lauxlib does.
static int level_count(lua_State *L) {
  lua_Debug ar;
  int low = 0, high = 1;
  while (lua_getstack(L, high, &ar)) low = high, high *= 2;
  while (low + 1 < high) {
    int middle = low + (high - low) / 2;
    if (lua_getstack(L, middle, &ar)) low = middle;
    else high = middle;
  }
  return high;
}

// The next level that a traceback shows; `level` was the last one.
static int next_shown(int level, int count) {
  return level + 1 >= INNERMOST && level + 1 < count - OUTERMOST ? count - OUTERMOST : level + 1;
}

// Replaces the shortened path that a message begins with by the whole path of the same chunk, and a position in the
// library of sandboxes by that of its caller.
static void restore_position(lua_State *L, int message, int count) {
  lua_Debug ar;
  const char *text = lua_tostring(L, message), *inner = "sandbox:";
  const char *rest = strncmp(text, inner, strlen(inner)) ? NULL : strstr(text, ": ");
  if (!rest && strncmp(text, "...", 3)) return;
  for (int level = 0; level < count && lua_getstack(L, level, &ar); level = next_shown(level, count)) {
    lua_getinfo(L, "Sl", &ar);
    size_t length = strlen(ar.short_src);
    int is_caller = rest && ar.currentline > 0 && strcmp(ar.source, SANDBOX_SOURCE);
    int is_shortened = !rest && *ar.source == '@' && !strncmp(text, ar.short_src, length) && text[length] == ':';
    if (!is_caller && !is_shortened) continue;
    if (is_caller) lua_pushfstring(L, "%s:%d%s", source_of(&ar), ar.currentline, rest);
    else lua_pushfstring(L, "%s%s", ar.source + 1, text + length);
    lua_replace(L, message);
    return;
  }
}

// The traceback of Lua's own function with whole paths: each of its lines that begins with a frame's short path.
static void restore_frames(lua_State *L, int traceback, int count) {
  lua_Debug ar;
  for (int level = 0; level < count && lua_getstack(L, level, &ar); level = next_shown(level, count)) {
    lua_getinfo(L, "S", &ar);
    if (*ar.source != '@' || strncmp(ar.short_src, "...", 3)) continue;
    lua_pushfstring(L, "\n\t%s:", ar.short_src);
    lua_pushfstring(L, "\n\t%s:", ar.source + 1);
    luaL_gsub(L, lua_tostring(L, traceback), lua_tostring(L, -2), lua_tostring(L, -1));
    lua_replace(L, traceback);
    lua_settop(L, traceback);
  }
}

static int add_traceback(lua_State *L) {
  if (lua_type(L, 1) != LUA_TSTRING) {
    if (luaL_getmetafield(L, 1, "__tostring") == LUA_TNIL && lua_type(L, 1) != LUA_TNUMBER) {
      aql_push_position(L);
      lua_pushfstring(L, "the error raised is a %s, not a text", luaL_typename(L, 1));
      lua_concat(L, 2);
    } else
      luaL_tolstring(L, 1, NULL);
  }
  int message = lua_gettop(L), count = level_count(L);
  restore_position(L, message, count);
  luaL_traceback(L, L, NULL, 1);
  restore_frames(L, message + 1, count);
  lua_pushliteral(L, "\n");
  lua_insert(L, message + 1);
  lua_concat(L, 3);
  return 1;
}

int aql_call(lua_State *L, int arguments, int results) {
  host *h = host_of(L);
  int base = lua_gettop(L) - arguments, in_swift = h->in_swift;
  lua_checkstack(L, 4);
  lua_pushcfunction(L, add_traceback);
  lua_insert(L, base);
  lua_State *before = h->current;
  h->in_swift = 0;
  // Dispatch's threads block all signals.
  sigset_t urgent, blocked;
  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  lua_State *outer = aql_begin_running(L, h);
  if (!outer) pthread_sigmask(SIG_UNBLOCK, &urgent, &blocked);
  int status = lua_pcall(L, arguments, results, base);
  aql_end_running(outer, h);
  if (!outer) pthread_sigmask(SIG_SETMASK, &blocked, NULL);
  h->in_swift = in_swift;
  h->current = before;
  lua_remove(L, base);
  if (status == LUA_OK) return AQL_OK;
  if (h->interrupted) return AQL_INTERRUPTED;
  if (h->exhausted) return h->exhausted;
  return status == LUA_ERRMEM ? AQL_MEMORY : AQL_RUNTIME;
}

static int describe(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

void aql_push_description(lua_State *L, int index) {
  reserve(L);
  index = lua_absindex(L, index);
  lua_pushcfunction(L, describe);
  lua_pushvalue(L, index);
  lua_pcall(L, 1, 1, 0);
}

const char *aql_lua_release(void) { return LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE; }

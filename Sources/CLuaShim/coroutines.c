// Coroutines that can be stopped, and message handlers that cannot outlive an interrupt.
#include "host.h"

static void switch_to(lua_State *L, host *h, lua_State *inner) {
  aql_apply_hook_to_coroutine(L, h, inner);
  h->current = inner;
  // Between the two lines a signal may have armed the outer one.
  if (is_stopped(h)) aql_arm(inner);
}

static void switch_back(lua_State *L, host *h) {
  h->current = L;
  if (is_stopped(h)) aql_arm(L);
}

// Lua 5.4.4 does not count the C stack of nested closing and crashes: this many levels are safe with 200 calls in each.
enum { DEEPEST_RESET = 20 };

static void begin_reset(lua_State *L, host *h) {
  if (h->resetting >= DEEPEST_RESET) luaL_error(L, "C stack overflow");
  h->resetting++;
}

// coroutine.resume that keeps host->current right, so that an interrupt hits the coroutine that runs.
static int tracked_resume(lua_State *L) {
  host *h = host_of(L);
  lua_State *before = h->current, *inner = lua_tothread(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  if (inner) switch_to(L, h, inner);
  int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  switch_back(before, h);
  if (status != LUA_OK) return lua_error(L);
  return lua_gettop(L);
}

// Raises the error of a wrapped coroutine as Lua's own wrap does: variables to be closed first, then the position.
static int raise_from(lua_State *L, host *h, lua_State *inner) {
  int status = lua_status(inner);
  if (status != LUA_OK && status != LUA_YIELD && !is_stopped(h)) {
    begin_reset(L, h);
    h->current = inner;
    status = lua_resetthread(inner);
    switch_back(L, h);
    h->resetting--;
    lua_settop(L, 0);
    lua_xmove(inner, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

// What coroutine.wrap returns: upvalue 1 is Lua's own resume, upvalue 2 the coroutine.
static int resume_wrapped(lua_State *L) {
  host *h = host_of(L);
  lua_State *before = h->current, *inner = lua_tothread(L, lua_upvalueindex(2));
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 2);
  switch_to(L, h, inner);
  int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  switch_back(before, h);
  if (status != LUA_OK) return lua_error(L);
  if (!lua_toboolean(L, 1)) {
    lua_settop(L, 2);
    return raise_from(L, h, inner);
  }
  lua_remove(L, 1);
  return lua_gettop(L);
}

static int tracked_wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_State *inner = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, inner, 1);
  lua_pushcclosure(L, resume_wrapped, 2);
  return 1;
}

static int guarded_close(lua_State *L) {
  host *h = host_of(L);
  lua_State *before = h->current, *inner = lua_tothread(L, 1);
  begin_reset(L, h);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  if (inner) h->current = inner;
  int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  switch_back(before, h);
  h->resetting--;
  if (status != LUA_OK) return lua_error(L);
  return lua_gettop(L);
}

// A message handler runs with hooks off: after an interrupt it must not run the script's handler.
static int guarded_handler(lua_State *L) {
  if (is_stopped(host_of(L))) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, -2);
  lua_call(L, 1, 1);
  return 1;
}

static int xpcall_done(lua_State *L, int status, lua_KContext context) {
  (void)status, (void)context;
  return lua_gettop(L);
}

// Calls Lua's own xpcall with a continuation, so that the function may yield.
static int guarded_xpcall(lua_State *L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, guarded_handler, 1);
  lua_replace(L, 2);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, xpcall_done);
  return lua_gettop(L);
}

static void wrap_global(lua_State *L, const char *table, const char *name, const char *original, lua_CFunction wrapper) {
  lua_getglobal(L, table);
  lua_getfield(L, -1, original);
  lua_pushcclosure(L, wrapper, 1);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void aql_guard_coroutines(lua_State *L) {
  wrap_global(L, "coroutine", "wrap", "resume", tracked_wrap);
  wrap_global(L, "coroutine", "resume", "resume", tracked_resume);
  wrap_global(L, "coroutine", "close", "close", guarded_close);
  wrap_global(L, "_G", "xpcall", "xpcall", guarded_xpcall);
}

// What sandboxes are built from: untouched copies of the libraries, and protection of what all environments share.
#include "host.h"

static const char *const LIBRARIES = "aql.libraries";

// Lets sandboxed replacements of library functions charge the work of the loop they start.
static int spend(lua_State *L) {
  aql_spend(L, host_of(L), luaL_checkinteger(L, 1));
  return 0;
}

// Copies the fields of the table on top, those that are tables left out; pops it.
static void copy_shallow(lua_State *L) {
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, -3)) {
    if (lua_istable(L, -1)) {
      lua_pop(L, 1);
      continue;
    }
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
  lua_remove(L, -2);
}

void aql_keep_libraries(lua_State *L) {
  static const char *const names[] = {
    "_G", "coroutine", "table", "io", "os", "string", "math", "utf8", "debug", "package", NULL};
  lua_newtable(L);
  for (const char *const *name = names; *name; name++) {
    lua_getglobal(L, *name);
    copy_shallow(L);
    lua_setfield(L, -2, *name);
  }
  lua_newtable(L);
  lua_setfield(L, -2, "native");
  lua_pushcfunction(L, spend);
  lua_setfield(L, -2, "spend");
  // A call makes a math table with its own random numbers.
  lua_pushcfunction(L, luaopen_math);
  lua_setfield(L, -2, "open_math");
  lua_setfield(L, LUA_REGISTRYINDEX, LIBRARIES);
}

void aql_push_libraries(lua_State *L) {
  lua_checkstack(L, 4);
  lua_pushstring(L, LIBRARIES);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

// __index of strings; upvalues: the state's string table, the methods of confined code.
static int string_method(lua_State *L) {
  lua_settop(L, 2);
  if (host_of(L)->is_confined)
    lua_rawget(L, lua_upvalueindex(2));
  else
    lua_gettable(L, lua_upvalueindex(1));
  return 1;
}

static int protect(lua_State *L) {
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, LUA_STRLIBNAME);
  lua_remove(L, -2);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, string_method, 2);
  lua_setfield(L, -2, "__index");
  luaL_getmetatable(L, LUA_FILEHANDLE);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  return 0;
}

void aql_protect_shared_metatables(lua_State *L) {
  lua_checkstack(L, 4);
  lua_pushcfunction(L, protect);
  lua_insert(L, -2);
  lua_pcall(L, 1, 0, 0);
}

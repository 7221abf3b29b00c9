// string.find, match, gmatch and gsub over searches that can be stopped.
#include "pattern.h"
#include <string.h>

typedef struct {
  const char *bytes;
  size_t length;
} text;

static text text_argument(lua_State *L, int index) {
  text t;
  t.bytes = luaL_checklstring(L, index, &t.length);
  return t;
}

// Where argument `index` says to begin, counted from the end when negative; -1 when that is behind the subject.
static ptrdiff_t start_argument(lua_State *L, int index, size_t length) {
  lua_Integer wanted = luaL_optinteger(L, index, 1), size = (lua_Integer)length;
  if (wanted < 0) wanted = wanted < -size ? 1 : size + wanted + 1;
  if (wanted == 0) wanted = 1;
  return wanted > size + 1 ? -1 : (ptrdiff_t)(wanted - 1);
}

static int nothing(lua_State *L) {
  luaL_pushfail(L);
  return 1;
}

static int find_plain(lua_State *L, text subject, ptrdiff_t start, text wanted) {
  size_t left = subject.length - (size_t)start;
  aql_spend(L, host_of(L), (int64_t)(left / 16));
  const char *from = subject.bytes + start;
  const char *found = wanted.length ? memmem(from, left, wanted.bytes, wanted.length) : from;
  if (!found) return nothing(L);
  lua_pushinteger(L, found - subject.bytes + 1);
  lua_pushinteger(L, found - subject.bytes + (lua_Integer)wanted.length);
  return 2;
}

static int find(lua_State *L) {
  text subject = text_argument(L, 1), wanted = text_argument(L, 2);
  ptrdiff_t start = start_argument(L, 3, subject.length);
  if (start < 0) return nothing(L);
  if (lua_toboolean(L, 4)) return find_plain(L, subject, start, wanted);
  const aql_pattern *pattern = aql_pattern_compile(L, wanted.bytes, wanted.length, 1);
  if (pattern->is_plain) return find_plain(L, subject, start, wanted);
  aql_search q;
  aql_search_begin(&q, L, subject.bytes, subject.length, pattern);
  if (!aql_search_next(&q, subject.bytes + start, NULL)) return nothing(L);
  lua_pushinteger(L, q.begin - subject.bytes + 1);
  lua_pushinteger(L, q.end - subject.bytes);
  return 2 + (pattern->captures ? aql_search_push_all(&q) : 0);
}

static int match(lua_State *L) {
  text subject = text_argument(L, 1), wanted = text_argument(L, 2);
  ptrdiff_t start = start_argument(L, 3, subject.length);
  if (start < 0) return nothing(L);
  aql_search q;
  aql_search_begin(&q, L, subject.bytes, subject.length, aql_pattern_compile(L, wanted.bytes, wanted.length, 1));
  return aql_search_next(&q, subject.bytes + start, NULL) ? aql_search_push_all(&q) : nothing(L);
}

// What an iterator of gmatch keeps in its upvalue 3; 1 and 2 are the subject and the pattern it points into.
typedef struct {
  aql_search search;
  const char *from, *not_at;
} iterator;

static int next_match(lua_State *L) {
  iterator *i = lua_touserdata(L, lua_upvalueindex(3));
  i->search.L = L;
  if (!i->from || !aql_search_next(&i->search, i->from, i->not_at)) {
    i->from = NULL;
    return 0;
  }
  i->from = i->not_at = i->search.end;
  return aql_search_push_all(&i->search);
}

static int gmatch(lua_State *L) {
  text subject = text_argument(L, 1), wanted = text_argument(L, 2);
  ptrdiff_t start = start_argument(L, 3, subject.length);
  lua_settop(L, 1);
  const aql_pattern *pattern = aql_pattern_compile(L, wanted.bytes, wanted.length, 0);
  iterator *i = lua_newuserdatauv(L, sizeof *i, 0);
  aql_search_begin(&i->search, L, subject.bytes, subject.length, pattern);
  i->from = start < 0 ? NULL : subject.bytes + start;
  i->not_at = NULL;
  lua_pushcclosure(L, next_match, 3);
  return 1;
}

// Adds a replacement text: %0 is the match, %1 ... %9 its captures, %% a percent sign.
static void add_text(aql_search *q, luaL_Buffer *buffer, text replacement) {
  for (size_t i = 0; i < replacement.length; i++) {
    char byte = replacement.bytes[i];
    if (byte != '%') {
      luaL_addchar(buffer, byte);
      continue;
    }
    char name = ++i < replacement.length ? replacement.bytes[i] : 0;
    if (name == '%') luaL_addchar(buffer, '%');
    else if (name == '0') luaL_addlstring(buffer, q->begin, (size_t)(q->end - q->begin));
    else if (name >= '1' && name <= '9') {
      int index = name - '1';
      if (index > 0 && index >= q->pattern->captures)
        luaL_error(q->L, "invalid capture index %%%d in replacement string", index + 1);
      aql_search_push(q, index);
      luaL_addvalue(buffer);
    } else luaL_error(q->L, "invalid use of '%c' in replacement string", '%');
  }
}

// Adds what a function or a table gives for a match; false and nil keep the match. Returns whether they gave something.
static int add_value(aql_search *q, luaL_Buffer *buffer, int is_function) {
  lua_State *L = q->L;
  if (is_function) {
    lua_pushvalue(L, 3);
    lua_call(L, aql_search_push_all(q), 1);
  } else {
    aql_search_push(q, 0);
    lua_gettable(L, 3);
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(buffer, q->begin, (size_t)(q->end - q->begin));
    return 0;
  }
  if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(buffer);
  return 1;
}

static int gsub(lua_State *L) {
  text subject = text_argument(L, 1), wanted = text_argument(L, 2), replacement = {NULL, 0};
  int type = lua_type(L, 3);
  if (type == LUA_TSTRING || type == LUA_TNUMBER) replacement = text_argument(L, 3);
  else luaL_argexpected(L, type == LUA_TTABLE || type == LUA_TFUNCTION, 3, "string/function/table");
  lua_Integer most = luaL_optinteger(L, 4, LUA_MAXINTEGER), count = 0;
  const aql_pattern *pattern = aql_pattern_compile(L, wanted.bytes, wanted.length, 1);
  aql_search q;
  aql_search_begin(&q, L, subject.bytes, subject.length, pattern);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  const char *copied = subject.bytes, *not_at = NULL;
  int is_changed = 0;
  while (count < most && aql_search_next(&q, copied, not_at)) {
    luaL_addlstring(&buffer, copied, (size_t)(q.begin - copied));
    if (replacement.bytes) {
      add_text(&q, &buffer, replacement);
      is_changed = 1;
    } else is_changed |= add_value(&q, &buffer, type == LUA_TFUNCTION);
    copied = not_at = q.end;
    count++;
    if (pattern->is_anchored) break;
  }
  luaL_addlstring(&buffer, copied, (size_t)(q.subject_end - copied));
  luaL_pushresult(&buffer);
  // The same string again, which costs nothing to compare.
  if (!is_changed) lua_pushvalue(L, 1);
  lua_pushinteger(L, count);
  return 2;
}

void aql_guard_patterns(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"find", find}, {"match", match}, {"gmatch", gmatch}, {"gsub", gsub}, {NULL, NULL}};
  lua_getglobal(L, LUA_STRLIBNAME);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}

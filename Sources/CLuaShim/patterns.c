// string.find, match, gmatch and gsub on the matcher that can be stopped. Follows lstrlib.c; match.c has its notice.
#include "match.h"
#include <ctype.h>
#include <string.h>

// The offset of a starting position, which counts from the end when negative.
static size_t offset_of(lua_Integer position, size_t length) {
  if (position > 0) return (size_t)position - 1;
  if (position == 0 || position < -(lua_Integer)length) return 0;
  return length + (size_t)position;
}

static int has_specials(const char *pattern, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (pattern[i] && strchr("^$*+?.([%-", pattern[i])) return 1;
  return 0;
}

static int find_plain(lua_State *L, const char *s, size_t length, size_t offset, const char *text, size_t text_length) {
  aql_spend(L, host_of(L), (int64_t)((length - offset) / 16));
  // Linear, where Lua's own search takes the product of both lengths.
  const char *found = text_length ? memmem(s + offset, length - offset, text, text_length) : s + offset;
  if (!found) {
    luaL_pushfail(L);
    return 1;
  }
  lua_pushinteger(L, found - s + 1);
  lua_pushinteger(L, found - s + (lua_Integer)text_length);
  return 2;
}

static int find_or_match(lua_State *L, int is_find) {
  size_t length, pattern_length;
  const char *s = luaL_checklstring(L, 1, &length), *p = luaL_checklstring(L, 2, &pattern_length);
  size_t offset = offset_of(luaL_optinteger(L, 3, 1), length);
  if (offset > length) {
    luaL_pushfail(L);
    return 1;
  }
  if (is_find && (lua_toboolean(L, 4) || !has_specials(p, pattern_length)))
    return find_plain(L, s, length, offset, p, pattern_length);
  int is_anchored = *p == '^';
  aql_match m;
  aql_match_prepare(&m, L, s, length, p + is_anchored, pattern_length - (size_t)is_anchored);
  const char *at = s + offset;
  do {
    const char *end = aql_match_at(&m, at, p + is_anchored);
    if (!end) continue;
    aql_match_charge(&m);
    if (!is_find) return aql_match_push_captures(&m, at, end);
    lua_pushinteger(L, at - s + 1);
    lua_pushinteger(L, end - s);
    return aql_match_push_captures(&m, NULL, NULL) + 2;
  } while (at++ < m.subject_end && !is_anchored);
  aql_match_charge(&m);
  luaL_pushfail(L);
  return 1;
}

static int find(lua_State *L) { return find_or_match(L, 1); }
static int match(lua_State *L) { return find_or_match(L, 0); }

// What gmatch's iterator keeps; upvalues 1 and 2 are the texts it points into.
typedef struct {
  const char *at, *pattern, *last_end;
  aql_match m;
} iteration;

static int next_match(lua_State *L) {
  iteration *i = lua_touserdata(L, lua_upvalueindex(3));
  i->m.L = L;
  for (const char *at = i->at; at <= i->m.subject_end; at++) {
    const char *end = aql_match_at(&i->m, at, i->pattern);
    if (!end || end == i->last_end) continue;
    i->at = i->last_end = end;
    aql_match_charge(&i->m);
    return aql_match_push_captures(&i->m, at, end);
  }
  aql_match_charge(&i->m);
  return 0;
}

static int gmatch(lua_State *L) {
  size_t length, pattern_length;
  const char *s = luaL_checklstring(L, 1, &length), *p = luaL_checklstring(L, 2, &pattern_length);
  size_t offset = offset_of(luaL_optinteger(L, 3, 1), length);
  lua_settop(L, 2);
  iteration *i = lua_newuserdatauv(L, sizeof *i, 0);
  aql_match_prepare(&i->m, L, s, length, p, pattern_length);
  i->at = s + (offset > length ? length + 1 : offset);
  i->pattern = p;
  i->last_end = NULL;
  lua_pushcclosure(L, next_match, 3);
  return 1;
}

// Appends the replacement text of argument 3, its %0 ... %9 filled in.
static void add_text(aql_match *m, luaL_Buffer *buffer, const char *s, const char *end) {
  size_t left;
  const char *text = lua_tolstring(m->L, 3, &left), *escape;
  while ((escape = memchr(text, '%', left))) {
    luaL_addlstring(buffer, text, (size_t)(escape - text));
    char name = escape[1];
    const char *capture;
    if (name == '%') luaL_addchar(buffer, '%');
    else if (name == '0') luaL_addlstring(buffer, s, (size_t)(end - s));
    else if (isdigit((unsigned char)name)) {
      ptrdiff_t length = aql_match_capture(m, name - '1', s, end, &capture);
      if (length == POSITION) luaL_addvalue(buffer);
      else luaL_addlstring(buffer, capture, (size_t)length);
    } else luaL_error(m->L, "invalid use of '%c' in replacement string", '%');
    left -= (size_t)(escape + 2 - text);
    text = escape + 2;
  }
  luaL_addlstring(buffer, text, left);
}

// Appends what replaces one match; returns whether that changes the subject.
static int add_replacement(aql_match *m, luaL_Buffer *buffer, const char *s, const char *end, int type) {
  lua_State *L = m->L;
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, aql_match_push_captures(m, s, end), 1);
  } else if (type == LUA_TTABLE) {
    aql_match_push_capture(m, 0, s, end);
    lua_gettable(L, 3);
  } else {
    add_text(m, buffer, s, end);
    return 1;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(buffer, s, (size_t)(end - s));
    return 0;
  }
  if (!lua_isstring(L, -1)) return luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(buffer);
  return 1;
}

static int gsub(lua_State *L) {
  size_t length, pattern_length;
  const char *s = luaL_checklstring(L, 1, &length), *p = luaL_checklstring(L, 2, &pattern_length), *last_end = NULL;
  int type = lua_type(L, 3), is_anchored = *p == '^', is_changed = 0;
  lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)length + 1), count = 0;
  luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                   "string/function/table");
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  aql_match m;
  aql_match_prepare(&m, L, s, length, p + is_anchored, pattern_length - (size_t)is_anchored);
  while (count < most) {
    const char *end = aql_match_at(&m, s, p + is_anchored);
    if (end && end != last_end) {
      count++;
      is_changed |= add_replacement(&m, &buffer, s, end, type);
      s = last_end = end;
    } else if (s < m.subject_end) luaL_addchar(&buffer, *s++);
    else break;
    if (is_anchored) break;
  }
  aql_match_charge(&m);
  if (is_changed) {
    luaL_addlstring(&buffer, s, (size_t)(m.subject_end - s));
    luaL_pushresult(&buffer);
  } else lua_pushvalue(L, 1);
  lua_pushinteger(L, count);
  return 2;
}

void aql_guard_patterns(lua_State *L) {
  static const luaL_Reg functions[] = {{"find", find}, {"match", match}, {"gmatch", gmatch}, {"gsub", gsub}, {NULL, NULL}};
  lua_getglobal(L, LUA_STRLIBNAME);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}

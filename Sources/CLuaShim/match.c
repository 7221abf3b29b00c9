// Backtracking matcher of Lua patterns that counts its steps.
// Follows lstrlib.c of Lua 5.4, whose notice is:
//
// Copyright (C) 1994-2022 Lua.org, PUC-Rio.
//
// Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
// documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
// rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
// persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice
// and this permission notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS
// PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
// MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT
// HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
// ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
#include "match.h"
#include <ctype.h>
#include <string.h>

enum { DEEPEST = 200, STEPS_BETWEEN_CHECKS = 1 << 12 };

static const char *match(aql_match *m, const char *s, const char *p);

static unsigned char byte(char c) { return (unsigned char)c; }

void aql_match_charge(aql_match *m) {
  int64_t steps = m->steps;
  m->steps = 0;
  aql_spend(m->L, m->host, steps);
}

static void step(aql_match *m, int64_t count) {
  m->steps += count;
  if (m->steps >= STEPS_BETWEEN_CHECKS) aql_match_charge(m);
}

// MARK: single characters

static const char *class_end(aql_match *m, const char *p) {
  switch (*p++) {
    case '%':
      if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
      return p + 1;
    case '[':
      if (*p == '^') p++;
      do {
        if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
        if (*p++ == '%' && p < m->pattern_end) p++;
      } while (*p != ']');
      return p + 1;
    default: return p;
  }
}

static int is_in_class(int c, int name) {
  int result;
  switch (tolower(name)) {
    case 'a': result = isalpha(c); break;
    case 'c': result = iscntrl(c); break;
    case 'd': result = isdigit(c); break;
    case 'g': result = isgraph(c); break;
    case 'l': result = islower(c); break;
    case 'p': result = ispunct(c); break;
    case 's': result = isspace(c); break;
    case 'u': result = isupper(c); break;
    case 'w': result = isalnum(c); break;
    case 'x': result = isxdigit(c); break;
    case 'z': result = c == 0; break;
    default: return name == c;
  }
  return islower(name) ? result : !result;
}

// `p` is at the '[' and `last` at the ']' of a set.
static int is_in_set(aql_match *m, int c, const char *p, const char *last) {
  int found = 1;
  step(m, last - p);
  if (p[1] == '^') found = 0, p++;
  while (++p < last) {
    if (*p == '%') {
      p++;
      if (is_in_class(c, byte(*p))) return found;
    } else if (p[1] == '-' && p + 2 < last) {
      p += 2;
      if (byte(p[-2]) <= c && c <= byte(*p)) return found;
    } else if (byte(*p) == c) return found;
  }
  return !found;
}

static int is_single_match(aql_match *m, const char *s, const char *p, const char *end) {
  if (s >= m->subject_end) return 0;
  int c = byte(*s);
  switch (*p) {
    case '.': return 1;
    case '%': return is_in_class(c, byte(p[1]));
    case '[': return is_in_set(m, c, p, end - 1);
    default: return byte(*p) == c;
  }
}

// MARK: repetitions and captures

static const char *match_balanced(aql_match *m, const char *s, const char *p) {
  if (p >= m->pattern_end - 1) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
  if (*s != *p) return NULL;
  int begin = p[0], end = p[1], open = 1;
  while (++s < m->subject_end) {
    step(m, 1);
    if (*s == end) {
      if (--open == 0) return s + 1;
    } else if (*s == begin) open++;
  }
  return NULL;
}

static const char *match_longest(aql_match *m, const char *s, const char *p, const char *end) {
  ptrdiff_t count = 0;
  for (; is_single_match(m, s + count, p, end); count++) step(m, 1);
  for (; count >= 0; count--) {
    const char *result = match(m, s + count, end + 1);
    if (result) return result;
  }
  return NULL;
}

static const char *match_shortest(aql_match *m, const char *s, const char *p, const char *end) {
  for (;; s++) {
    const char *result = match(m, s, end + 1);
    if (result || !is_single_match(m, s, p, end)) return result;
  }
}

static const char *begin_capture(aql_match *m, const char *s, const char *p, ptrdiff_t length) {
  if (m->level >= CAPTURES) luaL_error(m->L, "too many captures");
  m->captures[m->level].begin = s;
  m->captures[m->level].length = length;
  m->level++;
  const char *result = match(m, s, p);
  if (!result) m->level--;
  return result;
}

static const char *end_capture(aql_match *m, const char *s, const char *p) {
  int index = m->level - 1;
  while (index >= 0 && m->captures[index].length != UNFINISHED) index--;
  if (index < 0) luaL_error(m->L, "invalid pattern capture");
  m->captures[index].length = s - m->captures[index].begin;
  const char *result = match(m, s, p);
  if (!result) m->captures[index].length = UNFINISHED;
  return result;
}

static const char *match_back_reference(aql_match *m, const char *s, int digit) {
  int index = digit - '1';
  if (index < 0 || index >= m->level || m->captures[index].length == UNFINISHED)
    luaL_error(m->L, "invalid capture index %%%d", index + 1);
  size_t length = (size_t)m->captures[index].length;
  if ((size_t)(m->subject_end - s) < length) return NULL;
  step(m, (int64_t)(length / 16));
  return memcmp(m->captures[index].begin, s, length) ? NULL : s + length;
}

static int is_at_frontier(aql_match *m, const char *s, const char *p, const char *last) {
  char previous = s == m->subject ? '\0' : s[-1];
  return !is_in_set(m, byte(previous), p, last) && is_in_set(m, byte(*s), p, last);
}

// MARK: the matcher

// What stands for one character with an optional suffix; sets *next to go on there at the result, or to NULL when done.
static const char *match_item(aql_match *m, const char *s, const char *p, const char **next) {
  const char *end = class_end(m, p);
  *next = NULL;
  if (!is_single_match(m, s, p, end)) {
    if (*end != '*' && *end != '?' && *end != '-') return NULL;
    *next = end + 1;
    return s;
  }
  switch (*end) {
    case '?': {
      const char *result = match(m, s + 1, end + 1);
      if (result) return result;
      *next = end + 1;
      return s;
    }
    case '+': return match_longest(m, s + 1, p, end);
    case '*': return match_longest(m, s, p, end);
    case '-': return match_shortest(m, s, p, end);
    default:
      *next = end;
      return s + 1;
  }
}

// A '%' with a meaning of its own; `*is_known` is 0 for a class.
static const char *match_escape(aql_match *m, const char *s, const char *p, const char **next, int *is_known) {
  *is_known = 1;
  *next = NULL;
  switch (p[1]) {
    case 'b':
      *next = p + 4;
      return match_balanced(m, s, p + 2);
    case 'f':
      if (p[2] != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
      *next = class_end(m, p + 2);
      return is_at_frontier(m, s, p + 2, *next - 1) ? s : NULL;
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
      *next = p + 2;
      return match_back_reference(m, s, byte(p[1]));
    default:
      *is_known = 0;
      return s;
  }
}

static const char *match(aql_match *m, const char *s, const char *p) {
  if (m->depth_left-- == 0) luaL_error(m->L, "pattern too complex");
  // Each round matches one item; what can be followed without recursion goes round.
  while (s && p != m->pattern_end) {
    const char *next = NULL;
    int is_known = 0;
    step(m, 1);
    if (*p == '(')
      s = p[1] == ')' ? begin_capture(m, s, p + 2, POSITION) : begin_capture(m, s, p + 1, UNFINISHED);
    else if (*p == ')')
      s = end_capture(m, s, p + 1);
    else if (*p == '$' && p + 1 == m->pattern_end)
      s = s == m->subject_end ? s : NULL;
    else {
      if (*p == '%') s = match_escape(m, s, p, &next, &is_known);
      if (!is_known) s = match_item(m, s, p, &next);
    }
    if (!next) break;
    p = next;
  }
  m->depth_left++;
  return s;
}

void aql_match_prepare(
    aql_match *m, lua_State *L, const char *subject, size_t length, const char *pattern, size_t pattern_length) {
  m->L = L;
  m->host = host_of(L);
  m->steps = 0;
  m->subject = subject;
  m->subject_end = subject + length;
  m->pattern_end = pattern + pattern_length;
}

const char *aql_match_at(aql_match *m, const char *s, const char *pattern) {
  m->level = 0;
  m->depth_left = DEEPEST;
  return match(m, s, pattern);
}

ptrdiff_t aql_match_capture(aql_match *m, int index, const char *s, const char *end, const char **text) {
  if (index >= m->level) {
    if (index) luaL_error(m->L, "invalid capture index %%%d", index + 1);
    *text = s;
    return end - s;
  }
  *text = m->captures[index].begin;
  ptrdiff_t length = m->captures[index].length;
  if (length == UNFINISHED) luaL_error(m->L, "unfinished capture");
  if (length == POSITION) lua_pushinteger(m->L, *text - m->subject + 1);
  return length;
}

void aql_match_push_capture(aql_match *m, int index, const char *s, const char *end) {
  const char *text;
  ptrdiff_t length = aql_match_capture(m, index, s, end, &text);
  if (length != POSITION) lua_pushlstring(m->L, text, (size_t)length);
}

int aql_match_push_captures(aql_match *m, const char *s, const char *end) {
  int count = m->level == 0 && s ? 1 : m->level;
  luaL_checkstack(m->L, count, "too many captures");
  for (int index = 0; index < count; index++) aql_match_push_capture(m, index, s, end);
  return count;
}

#include "pattern.h"
#include <ctype.h>
#include <string.h>

enum { DEEPEST = 200, STEPS_BETWEEN_CHARGES = 1 << 12 };

// MARK: sets of bytes

static void put(uint8_t *set, int byte) { set[byte >> 3] |= (uint8_t)(1 << (byte & 7)); }
static int holds(const uint8_t *set, int byte) { return set[byte >> 3] >> (byte & 7) & 1; }
static void invert(uint8_t *set) {
  for (int i = 0; i < 32; i++) set[i] = (uint8_t)~set[i];
}

static int is_zero(int byte) { return byte == 0; }

static const struct {
  char name;
  int (*holds)(int);
} classes[] = {{'a', isalpha}, {'c', iscntrl}, {'d', isdigit}, {'g', isgraph}, {'l', islower},
               {'p', ispunct}, {'s', isspace}, {'u', isupper}, {'w', isalnum}, {'x', isxdigit}, {'z', is_zero}};

// Adds what `%name` stands for: a class, its complement for an upper-case name, or the byte itself.
static void put_escape(uint8_t *set, int name) {
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
    if (classes[i].name != tolower(name)) continue;
    for (int byte = 0; byte < 256; byte++)
      if (!classes[i].holds(byte) == !!isupper(name)) put(set, byte);
    return;
  }
  put(set, name);
}

// MARK: compilation

typedef struct {
  lua_State *L;
  const uint8_t *at, *end;
  aql_pattern *out;
  int count;                       // items so far
  int open[AQL_CAPTURES], opened;  // captures that have begun and not ended
  uint32_t closed;
} compiler;

static aql_item *add(compiler *c, aql_item_kind kind) {
  aql_item *item = &c->out->items[c->count++];
  memset(item, 0, sizeof *item);
  item->kind = (uint8_t)kind;
  item->repeat = '1';
  return item;
}

static int new_capture(compiler *c) {
  if (c->out->captures >= AQL_CAPTURES) luaL_error(c->L, "too many captures");
  return c->out->captures++;
}

// A set in brackets; `at` is behind the '['.
static void compile_set(compiler *c, uint8_t *set) {
  int is_negative = c->at < c->end && *c->at == '^';
  c->at += is_negative;
  for (int is_first = 1;; is_first = 0) {
    if (c->at >= c->end) luaL_error(c->L, "malformed pattern (missing ']')");
    int byte = *c->at++;
    if (byte == ']' && !is_first) break;
    ptrdiff_t left = c->end - c->at;
    if (byte == '%' && left > 0) put_escape(set, *c->at++);
    else if (left > 1 && c->at[0] == '-' && c->at[1] != ']') {
      for (int member = byte; member <= c->at[1]; member++) put(set, member);
      c->at += 2;
    } else put(set, byte);
  }
  if (is_negative) invert(set);
}

static void compile_capture_end(compiler *c) {
  if (c->opened == 0) luaL_error(c->L, "invalid pattern capture");
  int index = c->open[--c->opened];
  add(c, ITEM_CLOSE)->index = (uint8_t)index;
  c->closed |= UINT32_C(1) << index;
}

// A '%' that is no class; returns 0 for a class. `at` is behind the '%'.
static int compile_escape(compiler *c) {
  if (c->at >= c->end) luaL_error(c->L, "malformed pattern (ends with '%%')");
  int name = *c->at;
  if (name == 'b') {
    if (c->end - c->at < 3) luaL_error(c->L, "malformed pattern (missing arguments to '%%b')");
    aql_item *item = add(c, ITEM_BALANCED);
    item->set[0] = c->at[1];
    item->set[1] = c->at[2];
    c->at += 3;
  } else if (name == 'f') {
    if (c->end - c->at < 2 || c->at[1] != '[') luaL_error(c->L, "missing '[' after '%%f' in pattern");
    c->at += 2;
    compile_set(c, add(c, ITEM_FRONTIER)->set);
  } else if (isdigit(name)) {
    int index = name - '1';
    if (index < 0 || !(c->closed >> index & 1)) luaL_error(c->L, "invalid capture index %%%d", index + 1);
    add(c, ITEM_SAME)->index = (uint8_t)index;
    c->at++;
  } else return 0;
  return 1;
}

static void compile_single(compiler *c, int byte) {
  aql_item *item = add(c, ITEM_SET);
  if (byte == '[') compile_set(c, item->set);
  else if (byte == '%') put_escape(item->set, *c->at++);
  else if (byte == '.') invert(item->set);
  else put(item->set, byte);
  if (byte == '[' || byte == '%' || byte == '.') c->out->is_plain = 0;
  if (c->at < c->end && *c->at && strchr("?*+-", *c->at)) {
    item->repeat = *c->at++;
    c->out->is_plain = 0;
  }
}

const aql_pattern *aql_pattern_compile(lua_State *L, const char *text, size_t length, int may_anchor) {
  // An item takes a byte at least, and one is the end.
  aql_pattern *pattern = lua_newuserdatauv(L, sizeof(aql_pattern) + (length + 1) * sizeof(aql_item), 0);
  memset(pattern, 0, sizeof *pattern);
  aql_spend(L, host_of(L), (int64_t)(length / 16));
  compiler c = {.L = L, .at = (const uint8_t *)text, .end = (const uint8_t *)text + length, .out = pattern};
  pattern->is_anchored = may_anchor && length > 0 && *text == '^';
  pattern->is_plain = !pattern->is_anchored;
  c.at += pattern->is_anchored;
  while (c.at < c.end) {
    int byte = *c.at++;
    int count = c.count;
    if (byte == '(' && c.at < c.end && *c.at == ')') {
      int index = new_capture(&c);
      add(&c, ITEM_POSITION)->index = (uint8_t)index;
      pattern->positions |= UINT32_C(1) << index;
      c.at++;
    } else if (byte == '(') {
      int index = new_capture(&c);
      c.open[c.opened++] = index;
      add(&c, ITEM_OPEN)->index = (uint8_t)index;
    } else if (byte == ')') compile_capture_end(&c);
    else if (byte == '$' && c.at == c.end) add(&c, ITEM_LAST);
    else if (byte != '%' || !compile_escape(&c)) compile_single(&c, byte);
    if (c.count > count && pattern->items[c.count - 1].kind != ITEM_SET) pattern->is_plain = 0;
  }
  if (c.opened) luaL_error(L, "unfinished capture");
  add(&c, ITEM_FOUND);
  return pattern;
}

// MARK: search

static void charge(aql_search *q) {
  int64_t steps = q->steps;
  q->steps = 0;
  aql_spend(q->L, q->host, steps);
}

static void step(aql_search *q, int64_t count) {
  q->steps += count;
  if (q->steps >= STEPS_BETWEEN_CHARGES) charge(q);
}

static const char *match(aql_search *q, const aql_item *item, const char *s);

// A repeated set and all that follows it; the longest run first, or the shortest for '-'.
static const char *match_repeated(aql_search *q, const aql_item *item, const char *s) {
  ptrdiff_t most = item->repeat == '?' ? 1 : q->subject_end - s, least = item->repeat == '+';
  ptrdiff_t count = 0;
  if (item->repeat == '-') {
    for (;; count++) {
      const char *end = match(q, item + 1, s + count);
      if (end || count == most || !holds(item->set, (uint8_t)s[count])) return end;
      step(q, 1);
    }
  }
  while (count < most && s + count < q->subject_end && holds(item->set, (uint8_t)s[count])) {
    count++;
    step(q, 1);
  }
  for (; count >= least; count--) {
    const char *end = match(q, item + 1, s + count);
    if (end) return end;
  }
  return NULL;
}

static const char *match_balanced(aql_search *q, const aql_item *item, const char *s) {
  if (s >= q->subject_end || (uint8_t)*s != item->set[0]) return NULL;
  int depth = 1;
  for (s++; s < q->subject_end; s++) {
    step(q, 1);
    // The closing byte first: both may be the same.
    if ((uint8_t)*s == item->set[1]) {
      if (--depth == 0) return s + 1;
    } else if ((uint8_t)*s == item->set[0]) depth++;
  }
  return NULL;
}

static const char *match_same(aql_search *q, int index, const char *s) {
  size_t length = (size_t)(q->capture_end[index] - q->capture_begin[index]);
  if ((size_t)(q->subject_end - s) < length) return NULL;
  step(q, (int64_t)(length / 16));
  return memcmp(s, q->capture_begin[index], length) ? NULL : s + length;
}

static int is_frontier(const aql_search *q, const aql_item *item, const char *s) {
  int before = s > q->subject ? (uint8_t)s[-1] : 0, here = s < q->subject_end ? (uint8_t)*s : 0;
  return !holds(item->set, before) && holds(item->set, here);
}

// Matches the items from `item` on at `s`; returns where they end, or NULL. Captures need no undoing: whoever succeeds has
// passed all of them last.
static const char *match(aql_search *q, const aql_item *item, const char *s) {
  if (++q->depth > DEEPEST) luaL_error(q->L, "pattern too complex");
  for (; s && item->kind != ITEM_FOUND; item++) {
    step(q, 1);
    switch (item->kind) {
      case ITEM_SET:
        if (item->repeat != '1') {
          s = match_repeated(q, item, s);
          goto done;
        }
        s = s < q->subject_end && holds(item->set, (uint8_t)*s) ? s + 1 : NULL;
        break;
      case ITEM_OPEN: q->capture_begin[item->index] = s; break;
      case ITEM_CLOSE: q->capture_end[item->index] = s; break;
      case ITEM_POSITION: q->capture_begin[item->index] = q->capture_end[item->index] = s; break;
      case ITEM_SAME: s = match_same(q, item->index, s); break;
      case ITEM_BALANCED: s = match_balanced(q, item, s); break;
      case ITEM_FRONTIER: if (!is_frontier(q, item, s)) s = NULL; break;
      case ITEM_LAST: if (s != q->subject_end) s = NULL; break;
      default: break;
    }
  }
done:
  q->depth--;
  return s;
}

void aql_search_begin(aql_search *q, lua_State *L, const char *subject, size_t length, const aql_pattern *pattern) {
  memset(q, 0, sizeof *q);
  q->L = L;
  q->host = host_of(L);
  q->subject = subject;
  q->subject_end = subject + length;
  q->pattern = pattern;
}

int aql_search_next(aql_search *q, const char *from, const char *not_at) {
  const char *last = q->pattern->is_anchored ? from : q->subject_end;
  int is_found = 0;
  for (const char *s = from; s <= last && !is_found; s++) {
    q->depth = 0;
    const char *end = match(q, q->pattern->items, s);
    if (!end || end == not_at) continue;
    q->begin = s;
    q->end = end;
    is_found = 1;
  }
  charge(q);
  return is_found;
}

// MARK: captures

void aql_search_push(aql_search *q, int index) {
  if (q->pattern->captures == 0 && index == 0) lua_pushlstring(q->L, q->begin, (size_t)(q->end - q->begin));
  else if (index >= q->pattern->captures) luaL_error(q->L, "invalid capture index %%%d", index + 1);
  else if (q->pattern->positions >> index & 1) lua_pushinteger(q->L, q->capture_begin[index] - q->subject + 1);
  else lua_pushlstring(q->L, q->capture_begin[index], (size_t)(q->capture_end[index] - q->capture_begin[index]));
}

int aql_search_push_all(aql_search *q) {
  int count = q->pattern->captures ? q->pattern->captures : 1;
  luaL_checkstack(q->L, count, "too many captures");
  for (int index = 0; index < count; index++) aql_search_push(q, index);
  return count;
}

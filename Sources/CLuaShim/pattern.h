// Lua's patterns, compiled to items; a search can be stopped and is charged to the budget of instructions.
#pragma once
#include "host.h"

enum { AQL_CAPTURES = 32 };

// What one item of a pattern asks for.
typedef enum {
  ITEM_SET,        // a byte of a set, repeated as `repeat` says
  ITEM_OPEN,       // capture `index` begins
  ITEM_CLOSE,      // capture `index` ends
  ITEM_POSITION,   // capture `index` is the position
  ITEM_SAME,       // the text of capture `index` again
  ITEM_BALANCED,   // from byte `set[0]` to the `set[1]` that closes it
  ITEM_FRONTIER,   // from outside of a set into it
  ITEM_LAST,       // the end of the subject
  ITEM_FOUND       // the end of the pattern
} aql_item_kind;

typedef struct {
  uint8_t kind, repeat, index;   // repeat is '1', '?', '*', '+' or '-'
  uint8_t set[32];               // a bit per byte
} aql_item;

typedef struct {
  int captures, is_anchored, is_plain;   // plain: nothing but single bytes
  uint32_t positions;                    // bit i: capture i is a position
  aql_item items[];
} aql_pattern;

// One search: where, for what, and what has been found.
typedef struct {
  lua_State *L;
  host *host;
  const char *subject, *subject_end;
  const aql_pattern *pattern;
  int64_t steps;   // not charged yet
  int depth;
  const char *begin, *end;   // of the whole match
  const char *capture_begin[AQL_CAPTURES], *capture_end[AQL_CAPTURES];
} aql_search;

// Compiles a pattern into a userdata that is pushed; raises for a malformed one. A first '^' is an anchor if it may be.
const aql_pattern *aql_pattern_compile(lua_State *L, const char *text, size_t length, int may_anchor);
void aql_search_begin(aql_search *q, lua_State *L, const char *subject, size_t length, const aql_pattern *pattern);
// Finds the first match from `from` on that does not end at `not_at`; fills begin, end and captures; returns whether there is one.
int aql_search_next(aql_search *q, const char *from, const char *not_at);
// Pushes capture `index`; the whole match is capture 0 of a pattern without captures.
void aql_search_push(aql_search *q, int index);
// Pushes all captures, or the whole match when there are none; returns how many.
int aql_search_push_all(aql_search *q);

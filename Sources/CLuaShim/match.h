// Lua's pattern matching, except that a match can be stopped and is charged to the budget of instructions.
#pragma once
#include "host.h"

enum { CAPTURES = 32, UNFINISHED = -1, POSITION = -2 };

// One match of a pattern at one place of a subject.
typedef struct {
  const char *subject, *subject_end, *pattern_end;
  lua_State *L;
  host *host;
  int depth_left, level;   // recursion that is still allowed; captures so far
  int64_t steps;           // not charged yet
  struct { const char *begin; ptrdiff_t length; } captures[CAPTURES];
} aql_match;

void aql_match_prepare(aql_match *m, lua_State *L, const char *subject, size_t length, const char *pattern, size_t pattern_length);
// Matches at `s`; returns the end of the match, or NULL.
const char *aql_match_at(aql_match *m, const char *s, const char *pattern);
// Charges what was not charged yet.
void aql_match_charge(aql_match *m);
// The length and the text of capture `index`, the whole match `s` ... `end` when there are none; a position is pushed.
ptrdiff_t aql_match_capture(aql_match *m, int index, const char *s, const char *end, const char **text);
void aql_match_push_capture(aql_match *m, int index, const char *s, const char *end);
// Pushes all captures, or the whole match when there are none and `s` is given; returns how many.
int aql_match_push_captures(aql_match *m, const char *s, const char *end);

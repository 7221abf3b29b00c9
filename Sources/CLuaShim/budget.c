// The hooks that stop scripts, and the budgets of instructions, time and memory that they look at.
#include "host.h"
#include <math.h>
#include <stdatomic.h>
#include <time.h>

// Instructions between two looks at a budget.
enum { PERIOD = 1000 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int aql_raise_stop(lua_State *L, host *h) {
  luaL_checkstack(L, 4, NULL);
  // In a hook, level 0 is the function that runs: luaL_error would name its caller.
  aql_push_position(L);
  if (h->interrupted) lua_pushliteral(L, "interrupted");
  else if (h->exhausted == AQL_TIME) lua_pushfstring(L, "stopped after the time limit of %f s", h->budget.seconds);
  else lua_pushfstring(L, "stopped after the limit of %I instructions", (LUAI_UACINT)h->budget.instructions);
  lua_concat(L, 2);
  return lua_error(L);
}

// MARK: hooks

static void count_hook(lua_State *L, lua_Debug *ar);

static void stop_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  host *h = host_of(L);
  // The hook stays armed: a script's pcall catches one error and meets the next at its next instruction.
  if (is_stopped(h)) aql_raise_stop(L, h);
  aql_apply_hook(L, h);
}

void aql_arm(lua_State *L) { lua_sethook(L, stop_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1); }

void aql_apply_hook(lua_State *L, host *h) {
  lua_Hook hook = lua_gethook(L);
  if (h->is_counted)
    lua_sethook(L, count_hook, LUA_MASKCOUNT, PERIOD);
  else if (hook == stop_hook || hook == count_hook)
    lua_sethook(L, NULL, 0, 0);
  // Last, because a signal may have armed the state in between.
  atomic_thread_fence(memory_order_seq_cst);
  if (is_stopped(h)) aql_arm(L);
}

void aql_spend(lua_State *L, host *h, int64_t steps) {
  if (h->is_counted && !is_stopped(h)) {
    h->instructions_left -= steps < h->instructions_left ? steps : h->instructions_left;
    if (h->instructions_left == 0) h->exhausted = AQL_INSTRUCTIONS;
    else if (now() > h->deadline) h->exhausted = AQL_TIME;
    if (h->exhausted) aql_arm(L);
  }
  if (is_stopped(h)) aql_raise_stop(L, h);
}

static void count_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  host *h = host_of(L);
  if (h->is_counted) aql_spend(L, h, PERIOD);
  else aql_apply_hook(L, h);
}

// MARK: budgets

void aql_enter(lua_State *L, const aql_budget *budget, int is_confined, aql_scope *outer) {
  host *h = host_of(L);
  L = h->current;
  *outer = (aql_scope){.state = L, .hook = lua_gethook(L), .hook_mask = lua_gethookmask(L),
    .hook_count = lua_gethookcount(L), .budget = h->budget, .instructions_left = h->instructions_left,
    .deadline = h->deadline, .limit = h->limit, .is_counted = h->is_counted, .is_confined = h->is_confined};
  int64_t instructions = budget->instructions ? budget->instructions : INT64_MAX;
  double deadline = budget->seconds > 0 ? now() + budget->seconds : INFINITY;
  if (!h->is_counted || instructions < h->instructions_left) {
    h->instructions_left = instructions;
    h->budget.instructions = instructions;
  }
  if (!h->is_counted || deadline < h->deadline) {
    h->deadline = deadline;
    h->budget.seconds = budget->seconds;
  }
  outer->instructions_given = h->instructions_left;
  size_t limit = h->used + h->native + budget->memory;
  if (budget->memory && (!h->limit || limit < h->limit)) h->limit = limit;
  h->is_counted |= budget->instructions || budget->seconds > 0;
  h->is_confined = is_confined;
  aql_apply_hook(L, h);
}

void aql_leave(lua_State *L, const aql_scope *outer) {
  host *h = host_of(L);
  // The outer hook starts to count anew: it is charged for what it may have missed.
  int64_t used = outer->instructions_given - h->instructions_left + PERIOD;
  h->instructions_left = used < outer->instructions_left ? outer->instructions_left - used : 0;
  h->budget = outer->budget;
  h->deadline = outer->deadline;
  h->limit = outer->limit;
  h->is_counted = outer->is_counted;
  h->is_confined = outer->is_confined;
  h->exhausted = 0;
  lua_sethook(outer->state, outer->hook, outer->hook_mask, outer->hook_count);
  if (h->is_counted && h->instructions_left == 0) h->exhausted = AQL_INSTRUCTIONS;
  atomic_thread_fence(memory_order_seq_cst);
  if (is_stopped(h)) aql_arm(outer->state);
}

void aql_apply_hook_to_coroutine(lua_State *L, host *h, lua_State *inner) {
  if (h->is_counted) {
    // A coroutine has its own count: without a charge, many short ones would run free.
    if (lua_status(inner) == LUA_OK) aql_spend(L, h, PERIOD);
    if (lua_gethook(inner) != count_hook) aql_apply_hook(inner, h);
  }
  if (is_stopped(h)) aql_arm(inner);
}

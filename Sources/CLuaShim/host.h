// What the files of the shim share; not for Swift.
#pragma once
#include "CLuaShim.h"

#if __has_include(<lua5.4/lua.h>)
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#else
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#endif
#include <pthread.h>
#include <signal.h>

// What belongs to one state; found from any coroutine through Lua's extra space.
typedef struct {
  void *owner;
  aql_dispatch dispatch;
  aql_release release;
  lua_State *volatile current;         // the coroutine that runs
  volatile sig_atomic_t interrupted;   // aql_interrupt is in force
  volatile sig_atomic_t exhausted;     // AQL_INSTRUCTIONS or AQL_TIME: the budget in force is spent
  volatile sig_atomic_t depth;         // > 0 while Lua runs, on `thread`
  pthread_t thread;
  int in_swift;                        // > 0 while Swift runs: growth is allowed then and checked on the way back
  size_t limit, used, native, peak, debt;
  aql_budget budget;                   // what the code that runs was given
  int64_t instructions_left;
  double deadline;                     // on the monotonic clock
  int is_counted;                      // instructions and time are checked
  int is_confined;                     // the code that runs is a sandbox's
  int resetting;                       // coroutines being closed, nested
} host;

static inline host *host_of(lua_State *L) { return *(host **)lua_getextraspace(L); }
static inline int is_stopped(const host *h) { return h->interrupted || h->exhausted; }

// The chunk name of the library of sandboxes, whose lines are nobody's mistake.
#define SANDBOX_SOURCE "=sandbox"

// Raises the error of a script that must stop.
int aql_raise_stop(lua_State *L, host *h);
// Charges the budget in force for work of C that no hook sees; raises when the script must stop.
void aql_spend(lua_State *L, host *h, int64_t steps);
// Enters and leaves the outermost protected call of a state on this thread.
lua_State *aql_begin_running(lua_State *L, host *h);
void aql_end_running(lua_State *outer, host *h);
// Makes the next instruction of a coroutine raise; async-signal-safe on the thread that runs it.
void aql_arm(lua_State *L);
// Sets the hook that the state of the host asks for; of a coroutine that is about to run, charging its start.
void aql_apply_hook(lua_State *L, host *h);
void aql_apply_hook_to_coroutine(lua_State *L, host *h, lua_State *inner);
// Makes SIGURG ask the thread that runs Lua to stop.
void aql_listen_for_interrupts(void);
// Replaces functions of the open libraries: coroutines that can be stopped, guarded handlers, interruptible patterns.
void aql_guard_coroutines(lua_State *L);
void aql_guard_patterns(lua_State *L);
// Keeps copies of the library tables as they are now, for sandboxes.
void aql_keep_libraries(lua_State *L);

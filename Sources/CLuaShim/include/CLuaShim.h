// The only door between Swift and Lua. Nothing declared here longjmps into or out of a Swift frame:
// what may raise runs in C under lua_pcall, and errors of Swift callbacks are raised by C after Swift has returned.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct lua_State lua_State;
typedef struct lua_Debug lua_Debug;

// Called for every native function, property and operator: `box` is what was registered. Returns the number of
// results on top of the stack, or -1 with the error's text on top.
typedef int (*aql_dispatch)(lua_State *L, void *box);
// Gives up one reference to an object.
typedef void (*aql_release)(void *object);

// Stack slots' types, equal to Lua's LUA_T constants.
enum { AQL_NONE = -1, AQL_NIL = 0, AQL_BOOLEAN = 1, AQL_LIGHT = 2, AQL_NUMBER = 3, AQL_STRING = 4, AQL_TABLE = 5,
       AQL_FUNCTION = 6, AQL_USERDATA = 7, AQL_THREAD = 8 };

// How a protected call ended.
enum { AQL_OK = 0, AQL_SYNTAX = 1, AQL_RUNTIME = 2, AQL_MEMORY = 3, AQL_INTERRUPTED = 4, AQL_UNREADABLE = 5,
       AQL_INSTRUCTIONS = 6, AQL_TIME = 7 };

// A new state with the standard libraries; NULL when there is no memory. `memory_limit` bytes, 0 for none, bounds
// what Lua and accounted native objects hold together.
lua_State *aql_open(void *host, size_t memory_limit, aql_dispatch dispatch, aql_release release);
void aql_close(lua_State *L);
void *aql_host(lua_State *L);
// The coroutine that runs.
lua_State *aql_current(lua_State *L);

// Bytes that Lua holds; bytes of native objects that are accounted; the most that both together have been.
size_t aql_lua_bytes(lua_State *L);
size_t aql_native_bytes(lua_State *L);
size_t aql_peak_bytes(lua_State *L);
void aql_collect(lua_State *L);
// Whether `bytes` more of native memory are allowed and there, after a collection if need be: 0, or -1. Ask before
// the allocation; aql_push_object accounts it.
int aql_reserve(lua_State *L, size_t bytes);

// Asks the running script to stop; async-signal-safe, from any thread. Stays in force until aql_clear_interrupt.
void aql_interrupt(lua_State *L);
void aql_clear_interrupt(lua_State *L);
int aql_is_interrupted(lua_State *L);

// What a call may use, 0 for no bound: instructions (counted in steps of 1,000; work of C counts too), seconds (looked
// at with the instructions), bytes beyond those in use.
typedef struct {
  int64_t instructions;
  double seconds;
  size_t memory;
} aql_budget;

// What was in force before aql_enter.
typedef struct {
  lua_State *state;
  void (*hook)(lua_State *, lua_Debug *);
  int hook_mask, hook_count;
  aql_budget budget;
  int64_t instructions_left, instructions_given;
  double deadline;
  size_t limit;
  int is_counted, is_confined;
} aql_scope;

// Puts a budget into force, within the one that is, for what runs until aql_leave: scopes nest as calls do. When it is
// spent, every instruction raises an error, and the call ends with AQL_INSTRUCTIONS or AQL_TIME.
void aql_enter(lua_State *L, const aql_budget *budget, int is_confined, aql_scope *outer);
void aql_leave(lua_State *L, const aql_scope *outer);

// Makes SIGINT interrupt L and call `callback` (async-signal-safe itself); the SIGINT after `patience` of them ends
// the process.
void aql_catch_sigint(lua_State *L, void (*callback)(void *), void *context, int patience);
void aql_release_sigint(void);

// Stack access; indices as in Lua's manual. Every push reserves its slot.
int aql_top(lua_State *L);
void aql_pop(lua_State *L, int count);
int aql_absolute(lua_State *L, int index);
int aql_type(lua_State *L, int index);
int aql_is_integer(lua_State *L, int index);
int64_t aql_integer(lua_State *L, int index);
double aql_number(lua_State *L, int index);
int aql_boolean(lua_State *L, int index);
// The text of a string slot (never converts); valid while the slot is.
const char *aql_string(lua_State *L, int index, size_t *length);
size_t aql_length(lua_State *L, int index);
void aql_push_nil(lua_State *L);
// Pushes "path:line: " of the innermost script function, with the whole path (luaL_where shortens it), or "".
void aql_push_position(lua_State *L);
void aql_push_boolean(lua_State *L, int value);
void aql_push_integer(lua_State *L, int64_t value);
void aql_push_number(lua_State *L, double value);
void aql_push_string(lua_State *L, const char *bytes, size_t length);
void aql_push_copy(lua_State *L, int index);
void aql_push_table(lua_State *L, int array_count, int field_count);
// Raw access: table[key] without metamethods.
void aql_raw_get_index(lua_State *L, int table, int64_t key);
void aql_raw_set_index(lua_State *L, int table, int64_t key);
void aql_raw_get_field(lua_State *L, int table, const char *key);
void aql_raw_set_field(lua_State *L, int table, const char *key);
// Pops a key, pushes the next key and value; 0 at the end.
int aql_next(lua_State *L, int table);
void aql_push_globals(lua_State *L);
void aql_set_metatable(lua_State *L, int index);
// Whether the value's metatable has a field.
int aql_has_metafield(lua_State *L, int index, const char *name);

// References keep a value alive across calls.
int aql_reference(lua_State *L);
void aql_push_reference(lua_State *L, int reference);
void aql_drop_reference(lua_State *L, int reference);

// A native function: calls dispatch with `box`.
void aql_push_function(lua_State *L, void *box);
// The box of a native function; NULL for every other value.
void *aql_function_box(lua_State *L, int index);
// An __index function over `members` (a table on top of the stack, popped): functions are methods, light userdata are
// boxes of properties; integer keys go to `index_box`, unknown keys to `missing_box`.
void aql_push_index_function(lua_State *L, void *index_box, void *missing_box);
void aql_push_light(lua_State *L, void *pointer);

// Objects: a retained pointer with its type and its native size, in a userdata with the metatable `metatable` (a
// reference). Returns 0, or -1 when the memory limit does not allow `bytes` more (then nothing is pushed).
int aql_push_object(lua_State *L, void *retained, const void *type, size_t bytes, int metatable);
// The object in a slot when it is one of `type`; *state is 0 no object of ours, 1 another type, 2 closed, 3 found.
void *aql_object(lua_State *L, int index, const void *type, int *state);
const void *aql_object_type(lua_State *L, int index);
// Sets __gc and __close of the metatable in a slot to the finalizer.
void aql_set_finalizer(lua_State *L, int metatable);

// Loads a text chunk (never bytecode) and pushes the function, or pushes an error text. Its globals are in the table
// that `environment` refers to; 0 for the state's own. Returns AQL_OK, AQL_SYNTAX, AQL_MEMORY or AQL_UNREADABLE.
int aql_load(lua_State *L, const char *text, size_t length, const char *chunk_name, int environment);
// Calls the function below `arguments` values; pushes `results` values (all of them for -1) or one error text with a
// traceback behind it.
int aql_call(lua_State *L, int arguments, int results);

// Pushes a table with copies of the library tables as they were when the state was opened, the modules of the program
// in `native`, and what only sandboxes use.
void aql_push_libraries(lua_State *L);
// Gives strings the methods in the table on top of the stack (popped) while confined code runs, and hides the
// metatables of strings and files, which all environments share.
void aql_protect_shared_metatables(lua_State *L);

// Pushes the text that tostring() gives for a slot (may call metamethods, under protection).
void aql_push_description(lua_State *L, int index);
// "5.4.4" and the like.
const char *aql_lua_release(void);

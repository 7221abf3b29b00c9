// Requests to stop that come from another thread or from a signal.
#include "host.h"
#include <stdatomic.h>
#include <string.h>

// The innermost state that runs on this thread.
static _Thread_local lua_State *volatile running;

// Arming walks the stack of a coroutine, so only the thread that runs it may do so: others send it this signal, which
// is ignored by default and made for such use.
static void on_urgent(int number) {
  (void)number;
  if (running && is_stopped(host_of(running))) aql_arm(host_of(running)->current);
}

void aql_listen_for_interrupts(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_urgent;
  action.sa_flags = SA_RESTART;
  sigaction(SIGURG, &action, NULL);
}

lua_State *aql_begin_running(lua_State *L, host *h) {
  lua_State *outer = running;
  h->current = L;
  h->thread = pthread_self();
  running = L;
  h->depth++;
  atomic_thread_fence(memory_order_seq_cst);
  if (is_stopped(h)) aql_arm(L);
  return outer;
}

void aql_end_running(lua_State *outer, host *h) {
  h->depth--;
  running = outer;
}

void aql_interrupt(lua_State *L) {
  host *h = host_of(L);
  h->interrupted = 1;
  // A state that does not run yet is armed when it starts: either it sees the flag, or this sees that it runs.
  atomic_thread_fence(memory_order_seq_cst);
  if (!h->depth) return;
  if (pthread_equal(pthread_self(), h->thread))
    aql_arm(h->current);
  else
    pthread_kill(h->thread, SIGURG);
}

void aql_clear_interrupt(lua_State *L) {
  host *h = host_of(L);
  h->interrupted = 0;
  aql_apply_hook(L, h);
}

int aql_is_interrupted(lua_State *L) { return host_of(L)->interrupted; }

static lua_State *volatile sigint_state;
static void (*sigint_callback)(void *);
static void *sigint_context;
static volatile sig_atomic_t sigint_count, sigint_patience;

static void on_sigint(int number) {
  // Signals come on any thread; the one that runs Lua deals with them.
  if (sigint_state && !running) {
    host *h = host_of(sigint_state);
    if (h->depth && !pthread_equal(pthread_self(), h->thread)) {
      pthread_kill(h->thread, number);
      return;
    }
  }
  if (sigint_count++ >= sigint_patience) {
    signal(number, SIG_DFL);
    raise(number);
    return;
  }
  if (sigint_state) aql_interrupt(sigint_state);
  if (sigint_callback) sigint_callback(sigint_context);
}

void aql_catch_sigint(lua_State *L, void (*callback)(void *), void *context, int patience) {
  sigint_state = L;
  sigint_callback = callback;
  sigint_context = context;
  sigint_count = 0;
  sigint_patience = patience;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_sigint;
  sigaction(SIGINT, &action, NULL);
  // A parent that started this process from a thread with blocked signals has passed its mask on.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void aql_release_sigint(void) {
  signal(SIGINT, SIG_DFL);
  sigint_state = NULL;
  sigint_callback = NULL;
}

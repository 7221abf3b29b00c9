#include "aq_editor.h"

#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

struct aq_editor {
  EditLine *line;
  History *history;
  HistEvent event;
  aq_editor_complete complete;
  void *context;
  const char *prompt;
  char *text;             // of the line read last
  unsigned char outcome;  // what libedit does after a completion
  int is_silent;          // the terminal does not echo
};

static char *prompt_of(EditLine *line) {
  aq_editor *editor;
  el_get(line, EL_CLIENTDATA, &editor);
  return (char *)editor->prompt;
}

static unsigned char on_tab(EditLine *line, int key) {
  (void)key;
  aq_editor *editor;
  el_get(line, EL_CLIENTDATA, &editor);
  const LineInfo *info = el_line(line);
  char *text = strndup(info->buffer, (size_t)(info->lastchar - info->buffer));
  editor->outcome = CC_REFRESH;
  if (text) editor->complete(editor->context, editor, text, (size_t)(info->cursor - info->buffer));
  free(text);
  return editor->outcome;
}

static void bind_keys(EditLine *line) {
  el_set(line, EL_EDITOR, "emacs");
  el_set(line, EL_ADDFN, "augq-complete", "Complete names", on_tab);
  static const char *const keys[][2] = {
      {"^I", "augq-complete"},       {"^R", "em-inc-search-prev"}, {"\\e[1~", "ed-move-to-beg"},
      {"\\e[4~", "ed-move-to-end"},  {"\\e[H", "ed-move-to-beg"},  {"\\e[F", "ed-move-to-end"},
      {"\\e[3~", "ed-delete-next-char"}, {"\\e[1;5D", "ed-prev-word"}, {"\\e[1;5C", "em-next-word"}};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) el_set(line, EL_BIND, keys[i][0], keys[i][1], NULL);
}

static volatile sig_atomic_t was_interrupted, was_continued, was_resized;

static void on_signal(int number) {
  if (number == SIGINT)
    was_interrupted = 1;
  else if (number == SIGCONT)
    was_continued = 1;
  else
    was_resized = 1;
}

// Signals while a key is awaited; installed without SA_RESTART, so that they end the read.
enum { SIGNALS = 3 };
static const int signals[SIGNALS] = {SIGINT, SIGCONT, SIGWINCH};

static void catch_signals(struct sigaction before[SIGNALS]) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  was_interrupted = was_continued = was_resized = 0;
  for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &action, &before[i]);
}

static void release_signals(const struct sigaction before[SIGNALS]) {
  for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &before[i], NULL);
}

static void follow_terminal(EditLine *line) {
  if (was_continued) {
    // The shell has had the terminal: leave and enter the editing mode again.
    el_set(line, EL_PREP_TERM, 0);
    el_set(line, EL_PREP_TERM, 1);
  }
  if (was_resized) el_resize(line);
  if (was_continued || was_resized) el_set(line, EL_REFRESH);
  was_continued = was_resized = 0;
}

static int read_key(EditLine *line, wchar_t *key) {
  char bytes[8];
  mbstate_t state;
  for (size_t count = 0; count < sizeof bytes;) {
    if (was_interrupted) return -1;
    ssize_t got = read(STDIN_FILENO, bytes + count, 1);
    if (got < 0 && errno == EINTR) {
      follow_terminal(line);
      continue;
    }
    if (got <= 0) return (int)got;
    count++;
    memset(&state, 0, sizeof state);
    size_t length = mbrtowc(key, bytes, count, &state);
    if (length == (size_t)-1) count = 0;
    if (length <= sizeof bytes) return 1;
  }
  return 0;
}

aq_editor *aq_editor_open(int history_size, aq_editor_complete complete, void *context) {
  // Letters beyond ASCII need a UTF-8 locale; the C locale has none.
  setlocale(LC_CTYPE, "");
  if (strcmp(nl_langinfo(CODESET), "UTF-8")) setlocale(LC_CTYPE, "C.UTF-8");
  aq_editor *editor = calloc(1, sizeof *editor);
  if (!editor) return NULL;
  editor->complete = complete;
  editor->context = context;
  editor->history = history_init();
  editor->line = el_init("augq", stdin, stdout, stderr);
  if (!editor->line || !editor->history) {
    aq_editor_close(editor);
    return NULL;
  }
  history(editor->history, &editor->event, H_SETSIZE, history_size);
  history(editor->history, &editor->event, H_SETUNIQUE, 1);
  el_set(editor->line, EL_CLIENTDATA, editor);
  el_set(editor->line, EL_SIGNAL, 0);
  el_set(editor->line, EL_PROMPT, prompt_of);
  el_set(editor->line, EL_HIST, history, editor->history);
  el_set(editor->line, EL_GETCFN, read_key);
  bind_keys(editor->line);
  el_source(editor->line, NULL);
  return editor;
}

static void set_echo(aq_editor *editor, int on) {
  struct termios terminal;
  if (editor->is_silent != on || tcgetattr(STDIN_FILENO, &terminal)) return;
  if (on)
    terminal.c_lflag |= ECHO;
  else
    terminal.c_lflag &= ~(tcflag_t)ECHO;
  tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
  editor->is_silent = !on;
}

void aq_editor_close(aq_editor *editor) {
  set_echo(editor, 1);
  if (editor->line) el_end(editor->line);
  if (editor->history) history_end(editor->history);
  free(editor->text);
  free(editor);
}

aq_editor_status aq_editor_read(aq_editor *editor, const char *prompt, const char **line) {
  struct sigaction before[SIGNALS];
  catch_signals(before);
  set_echo(editor, 1);
  el_resize(editor->line);
  editor->prompt = prompt;
  // Keys typed between the prompt and the editing mode would mean something else: enter the mode first.
  el_set(editor->line, EL_PREP_TERM, 1);
  int count = 0;
  const char *text = el_gets(editor->line, &count);
  release_signals(before);
  if (was_interrupted) return AQ_EDITOR_INTERRUPTED;
  if (!text || count <= 0) return AQ_EDITOR_END;
  free(editor->text);
  editor->text = strndup(text, strcspn(text, "\n"));
  if (!editor->text) return AQ_EDITOR_END;
  *line = editor->text;
  // More input at once is a paste: its next lines are echoed when their turn comes, not twice.
  struct pollfd input = {STDIN_FILENO, POLLIN, 0};
  set_echo(editor, poll(&input, 1, 0) <= 0);
  return AQ_EDITOR_LINE;
}

void aq_editor_remember(aq_editor *editor, const char *line) {
  history(editor->history, &editor->event, H_ENTER, line);
}

void aq_editor_insert(aq_editor *editor, const char *text) { el_insertstr(editor->line, text); }

void aq_editor_list(aq_editor *editor, const char *text) {
  printf("\n%s", text);
  fflush(stdout);
  editor->outcome = CC_REDISPLAY;
}

int aq_editor_columns(void) {
  struct winsize size;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

// A thin C face on libedit: one line of input with editing, history and completion.
#pragma once
#include <stddef.h>

typedef struct aq_editor aq_editor;

// Called for TAB with the line and the cursor's byte in it; answers by aq_editor_insert and aq_editor_list.
typedef void (*aq_editor_complete)(void *context, aq_editor *editor, const char *line, size_t cursor);

// How reading a line ended.
typedef enum { AQ_EDITOR_LINE = 0, AQ_EDITOR_END = 1, AQ_EDITOR_INTERRUPTED = 2 } aq_editor_status;

// An editor on standard input and output that remembers `history_size` lines; NULL when there is no memory or no
// terminal description. Reads ~/.editrc.
aq_editor *aq_editor_open(int history_size, aq_editor_complete complete, void *context);
void aq_editor_close(aq_editor *editor);

// Reads one line; *line is valid until the next call and has no newline. Ctrl-C ends it as AQ_EDITOR_INTERRUPTED.
aq_editor_status aq_editor_read(aq_editor *editor, const char *prompt, const char **line);
// Makes a line the newest of the history.
void aq_editor_remember(aq_editor *editor, const char *line);

// For completion: inserts a text at the cursor; prints a text below the line, which is then drawn again.
void aq_editor_insert(aq_editor *editor, const char *text);
void aq_editor_list(aq_editor *editor, const char *text);
// Columns of the terminal, 80 when unknown.
int aq_editor_columns(void);

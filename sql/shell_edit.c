/* SPDX-License-Identifier: MIT */
/*
 * The line editor: libedit through histedit.h, which carries its state in a handle. Its readline
 * look-alike was rejected for its global variables and because it takes a Ctrl-C for the end of
 * input. Characters are read by a function of our own, which ends the line when it is interrupted.
 */
#include <histedit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell_internal.h"

#define SHELL_EDIT_HISTORY_LINES 2000

struct shell_editor {
  shell *sh;
  EditLine *line;
  History *history;
  char *history_path; /* NULL: not kept */
  char *typed;        /* the line handed out last */
  bool continued;
};

static shell_editor *shell_edit_of(EditLine *line) {
  void *editor = NULL;
  el_get(line, EL_CLIENTDATA, &editor);
  return editor;
}

/* A star stands for an open transaction. */
static char *shell_edit_prompt(EditLine *line) {
  static char ready[] = "trivet> ", in_transaction[] = "trivet*> ";
  static char more[] = "   ...> ", more_in_transaction[] = "    ...> ";
  const shell_editor *editor = shell_edit_of(line);
  bool open = editor->sh->sql != NULL && !sqlite3_get_autocommit(editor->sh->sql);
  if (editor->continued) return open ? more_in_transaction : more;
  return open ? in_transaction : ready;
}

/* One byte from the terminal; 1, 0 at the end, -1 when interrupted. */
static int shell_edit_byte(EditLine *line, unsigned char *byte) {
  shell_wait wait;
  while ((wait = shell_interrupt_wait(STDIN_FILENO)) == SHELL_WAIT_WOKEN) {
    el_set(line, EL_PREP_TERM, 0);
    el_set(line, EL_PREP_TERM, 1);
    el_resize(line);
    el_set(line, EL_REFRESH);
  }
  return wait == SHELL_WAIT_INTERRUPTED ? -1 : (int)read(STDIN_FILENO, byte, 1);
}

static int shell_edit_getc(EditLine *line, wchar_t *c) {
  char bytes[4];
  size_t size = 0, length = 1;
  while (size < length) {
    unsigned char byte;
    int n = shell_edit_byte(line, &byte);
    if (n <= 0) return n;
    if (size == 0) length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    bytes[size++] = (char)byte;
  }
  int32_t point;
  shell_utf8_next(bytes, size, &point);
  *c = point < 0 ? L'?' : (wchar_t)point;
  return 1;
}

/* ---- Completion ---- */

static size_t shell_edit_characters(const char *text, size_t size) {
  size_t count = 0;
  for (size_t i = 0; i < size; i++) {
    if ((text[i] & 0xc0) != 0x80) count++;
  }
  return count;
}

/* How many bytes all candidates have in common, case ignored. */
static size_t shell_edit_common(char *const *candidates, size_t n) {
  size_t common = strlen(candidates[0]);
  for (size_t i = 1; i < n; i++) {
    while (sqlite3_strnicmp(candidates[0], candidates[i], (int)common) != 0) common--;
  }
  while (common > 0 && (candidates[0][common] & 0xc0) == 0x80) common--;
  return common;
}

static void shell_edit_list(char *const *candidates, size_t n) {
  struct winsize window = {0};
  size_t width = 2, screen = 80;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) screen = window.ws_col;
  for (size_t i = 0; i < n; i++) {
    size_t size = shell_edit_characters(candidates[i], strlen(candidates[i])) + 2;
    if (size > width) width = size;
  }
  size_t columns = screen / width > 0 ? screen / width : 1;
  size_t lines = (n + columns - 1) / columns;
  fputc('\n', stdout);
  for (size_t l = 0; l < lines; l++) {
    for (size_t i = l; i < n; i += lines) {
      size_t size = shell_edit_characters(candidates[i], strlen(candidates[i]));
      int pad = i + lines < n ? (int)(width - size) : 0;
      fprintf(stdout, "%s%*s", candidates[i], pad, "");
    }
    fputc('\n', stdout);
  }
  fflush(stdout);
}

static unsigned char shell_edit_complete(EditLine *line, int key) {
  (void)key;
  shell_editor *editor = shell_edit_of(line);
  const LineInfo *info = el_line(line);
  char *before = shell_copy_bytes(tv_bytes(info->buffer, (size_t)(info->cursor - info->buffer)));
  char **candidates;
  size_t word;
  size_t n = shell_complete(editor->sh, before, &candidates, &word);
  unsigned char answer = CC_REFRESH_BEEP;
  size_t common = n > 0 ? shell_edit_common(candidates, n) : 0;
  const char *typed = before + strlen(before) - word;
  if (n == 1 || common > word) {
    shell_text put = {0};
    shell_text_add(&put, candidates[0], common);
    char last = common > 0 ? candidates[0][common - 1] : ' ';
    if (n == 1 && strchr("(/'.", last) == NULL) shell_text_char(&put, ' ');
    el_deletestr(line, (int)shell_edit_characters(typed, word));
    el_insertstr(line, put.data);
    shell_text_free(&put);
    answer = CC_REFRESH;
  } else if (n > 1) {
    shell_edit_list(candidates, n);
    answer = CC_REDISPLAY;
  }
  for (size_t i = 0; i < n; i++) shell_free(candidates[i]);
  shell_free(candidates);
  shell_free(before);
  return answer;
}

/* ---- History ---- */

static char *shell_edit_history_path(void) {
  const char *path = getenv("TRIVET_HISTORY");
  if (path != NULL) return path[0] != '\0' ? shell_copy(path) : NULL;
  const char *home = getenv("HOME");
  if (home == NULL || home[0] == '\0') return NULL;
  shell_text text = {0};
  shell_text_format(&text, "%s/.trivet_history", home);
  return text.data;
}

/* Written after each statement, so that a killed terminal loses nothing; readable by the user
 * alone, since statements hold data. */
static void shell_edit_history_save(const shell_editor *editor) {
  HistEvent event;
  if (editor->history_path == NULL) return;
  mode_t before = umask(077);
  history(editor->history, &event, H_SAVE, editor->history_path);
  umask(before);
}

void shell_editor_remember(shell_editor *editor, const char *statement) {
  HistEvent event;
  char *line = shell_copy(statement);
  size_t size = strlen(line);
  while (size > 0 && line[size - 1] == ' ') line[--size] = '\0';
  /* A statement of several lines comes back as one: line ends become blanks, except where a
   * comment or a text would change by it; those are remembered line by line. */
  bool joined = strstr(line, "--") == NULL && strchr(line, '\'') == NULL;
  for (char *at = line, *end; at != NULL && *at != '\0'; at = end) {
    end = strchr(at, '\n');
    while (joined && end != NULL) {
      *end = ' ';
      end = strchr(end, '\n');
    }
    if (end != NULL) *end++ = '\0';
    if (*at != '\0') history(editor->history, &event, H_ENTER, at);
  }
  shell_free(line);
  shell_edit_history_save(editor);
}

/* ---- Opening and reading ---- */

shell_editor *shell_editor_open(shell *sh) {
  HistEvent event;
  shell_editor *editor = shell_alloc(sizeof *editor);
  editor->sh = sh;
  editor->line = el_init("trivet", stdin, stdout, stderr);
  editor->history = history_init();
  if (editor->line == NULL || editor->history == NULL) {
    shell_editor_close(editor);
    return NULL;
  }
  editor->history_path = shell_edit_history_path();
  history(editor->history, &event, H_SETSIZE, SHELL_EDIT_HISTORY_LINES);
  history(editor->history, &event, H_SETUNIQUE, 1);
  if (editor->history_path != NULL) history(editor->history, &event, H_LOAD, editor->history_path);
  el_set(editor->line, EL_CLIENTDATA, editor);
  el_set(editor->line, EL_PROMPT, shell_edit_prompt);
  el_set(editor->line, EL_EDITOR, "emacs");
  el_set(editor->line, EL_HIST, history, editor->history);
  el_set(editor->line, EL_ADDFN, "trivet-complete", "Complete the word", shell_edit_complete);
  el_set(editor->line, EL_BIND, "^I", "trivet-complete", NULL);
  el_set(editor->line, EL_BIND, "^R", "em-inc-search-prev", NULL);
  el_source(editor->line, NULL); /* the user's ~/.editrc */
  el_set(editor->line, EL_GETCFN, shell_edit_getc);
  return editor;
}

void shell_editor_close(shell_editor *editor) {
  if (editor == NULL) return;
  if (editor->history != NULL) history_end(editor->history);
  if (editor->line != NULL) el_end(editor->line);
  shell_free(editor->history_path);
  shell_free(editor->typed);
  shell_free(editor);
}

const char *shell_editor_line(shell_editor *editor, bool continued) {
  int size = 0;
  editor->continued = continued;
  el_resize(editor->line);
  /* el_gets would do it after the prompt: what is typed in between would be taken as lines. */
  el_set(editor->line, EL_PREP_TERM, 1);
  const char *line = el_gets(editor->line, &size);
  shell_free(editor->typed);
  editor->typed = NULL;
  if (line == NULL || size <= 0) {
    fputc('\n', stdout);
    return NULL;
  }
  editor->typed = shell_copy(line);
  size_t length = strlen(editor->typed);
  while (length > 0 && editor->typed[length - 1] == '\n') editor->typed[--length] = '\0';
  return editor->typed;
}

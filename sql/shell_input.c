/* SPDX-License-Identifier: MIT */
/*
 * Where lines come from and how they become statements: a line that begins with a dot is a command,
 * others are gathered until SQLite calls them complete. Whether a statement is complete is asked
 * only where a line holds a semicolon: asking after each line would make a long INSERT quadratic.
 */
#include <stdlib.h>
#include <string.h>

#include "shell_internal.h"

char *shell_line_read(FILE *file) {
  char *line = NULL;
  size_t capacity = 0;
  ssize_t size = getline(&line, &capacity, file);
  if (size < 0) {
    free(line);
    return NULL;
  }
  while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r')) line[--size] = '\0';
  char *copy = shell_copy(line);
  free(line);
  return copy;
}

static bool shell_input_is_blank(const char *text) {
  return text[strspn(text, " \t\r\n\f\v")] == '\0';
}

/* A command or statement has ended: .once is over, and an interruption is dealt with. */
static int shell_input_settle(shell *sh, int rc) {
  if (rc != 0) sh->failed = true;
  if (sh->out_once > 0 && --sh->out_once == 0 && shell_output_to(sh, NULL) != 0) rc = 1;
  if (!sh->interactive && shell_interrupted()) sh->quit = true;
  fflush(sh->out);
  return rc;
}

int shell_input_text(shell *sh, const char *text) {
  const char *at = text + strspn(text, " \t\r\n");
  if (*at == '\0') return 0;
  int rc = *at == '.' ? shell_command_run(sh, at) : shell_sql_run(sh, at);
  return shell_input_settle(sh, rc);
}

static char *shell_input_line(shell *sh, shell_source *source, bool continued) {
  char *line;
  if (source->file != NULL) {
    line = shell_line_read(source->file);
  } else {
    const char *typed = shell_editor_line(sh->editor, continued);
    line = typed != NULL ? shell_copy(typed) : NULL;
  }
  if (line == NULL) return NULL;
  source->line++;
  static const char bom[] = "\xef\xbb\xbf";
  if (source->line == 1 && strncmp(line, bom, 3) == 0) memmove(line, line + 3, strlen(line) - 2);
  return line;
}

/* Takes one line in; runs what it completes. */
static int shell_input_take(shell *sh, shell_source *source, shell_text *pending,
                            const char *line) {
  if (sh->echo) fprintf(sh->out, "%s\n", line);
  if (pending->size == 0) {
    if (shell_input_is_blank(line) || line[0] == '#') return 0;
    source->start = source->line;
    if (line[0] == '.') {
      if (source->file == NULL) shell_editor_remember(sh->editor, line);
      return shell_input_text(sh, line);
    }
  }
  if (pending->size > 0) shell_text_char(pending, '\n');
  shell_text_str(pending, line);
  if (strchr(line, ';') == NULL || !sqlite3_complete(pending->data)) return 0;
  if (source->file == NULL) shell_editor_remember(sh->editor, pending->data);
  int rc = shell_input_text(sh, pending->data);
  pending->size = 0;
  return rc;
}

int shell_input_run(shell *sh, shell_source *source) {
  shell_source *outer = sh->source;
  shell_text pending = {0};
  int rc = 0;
  sh->source = source;
  while (!sh->quit) {
    if (source->file == NULL) shell_interrupt_clear();
    char *line = shell_input_line(sh, source, pending.size > 0);
    if (line == NULL && source->file == NULL && shell_interrupted()) {
      pending.size = 0; /* Ctrl-C at the prompt forgets what was typed */
      continue;
    }
    if (line == NULL) break;
    int failed = shell_input_take(sh, source, &pending, line);
    shell_free(line);
    if (failed) rc = 1;
    if (failed && sh->bail) break;
  }
  /* The last statement of a script may lack its semicolon. */
  bool stopped = sh->quit || (rc != 0 && sh->bail);
  if (pending.size > 0 && !stopped && shell_input_text(sh, pending.data) != 0) rc = 1;
  shell_text_free(&pending);
  sh->source = outer;
  return rc;
}

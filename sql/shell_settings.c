/* SPDX-License-Identifier: MIT */
/*
 * The commands that change how the shell behaves, and where its output goes. Settings live in the
 * state struct alone; nothing is read from or kept in a file, so that a script means the same
 * everywhere (sqlite3's ~/.sqliterc was rejected for that; -init FILE asks for it by name).
 */
#include <errno.h>
#include <string.h>

#include "shell_internal.h"

static void shell_settings_replace(char **setting, const char *value) {
  char *copy = shell_copy(value);
  shell_free(*setting);
  *setting = copy;
}

int shell_bail(shell *sh, const shell_args *args) {
  return shell_on_off(sh, args->v[0], &sh->bail);
}

int shell_changes(shell *sh, const shell_args *args) {
  return shell_on_off(sh, args->v[0], &sh->changes);
}

int shell_echo(shell *sh, const shell_args *args) {
  return shell_on_off(sh, args->v[0], &sh->echo);
}

int shell_timer(shell *sh, const shell_args *args) {
  return shell_on_off(sh, args->v[0], &sh->timer);
}

int shell_profile(shell *sh, const shell_args *args) {
  return shell_on_off(sh, args->v[0], &sh->profile);
}

int shell_headers(shell *sh, const shell_args *args) {
  bool on;
  if (shell_on_off(sh, args->v[0], &on) != 0) return 1;
  sh->format.headers = on ? 1 : 0;
  return 0;
}

int shell_null_value(shell *sh, const shell_args *args) {
  shell_settings_replace(&sh->format.null_value, args->v[0]);
  return 0;
}

/* \t and \n also where the word was not in double quotes. */
static char *shell_settings_separator(const char *word) {
  shell_text text = {0};
  shell_text_add(&text, "", 0);
  for (const char *c = word; *c != '\0'; c++) {
    bool escape = c[0] == '\\' && (c[1] == 't' || c[1] == 'n' || c[1] == 'r');
    if (escape) c++;
    shell_text_char(&text, !escape ? *c : *c == 't' ? '\t' : *c == 'n' ? '\n' : '\r');
  }
  return text.data;
}

int shell_separator(shell *sh, const shell_args *args) {
  char *column = shell_settings_separator(args->v[0]);
  shell_settings_replace(&sh->format.column_separator, column);
  shell_settings_replace(&sh->format.csv_separator, column);
  shell_free(column);
  if (args->n < 2) return 0;
  shell_free(sh->format.row_separator);
  sh->format.row_separator = shell_settings_separator(args->v[1]);
  return 0;
}

int shell_mode_command(shell *sh, const shell_args *args) {
  shell_mode mode = sh->format.mode;
  uint64_t wrap;
  if (args->n == 0 && args->options == 0) {
    fprintf(sh->out, "%s\n", shell_mode_name(mode));
    return 0;
  }
  if (args->n > 0 && !shell_mode_find(args->v[0], &mode)) {
    const char *names[SHELL_MODES];
    for (int i = 0; i < SHELL_MODES; i++) names[i] = shell_mode_name((shell_mode)i);
    const char *near = shell_nearest(args->v[0], names, SHELL_MODES);
    shell_text remedy = {0};
    if (near != NULL) shell_text_format(&remedy, "did you mean %s? ", near);
    shell_text_str(&remedy, ".help mode lists them");
    int rc = shell_fail(sh, remedy.data, "no such mode: %s", args->v[0]);
    shell_text_free(&remedy);
    return rc;
  }
  if (shell_option_count(sh, args, "--wrap", (uint64_t)sh->format.wrap, &wrap) != 0) return 1;
  sh->format.wrap = wrap > 100000 ? 100000 : (int)wrap;
  sh->format.mode = mode;
  if (mode == SHELL_INSERT)
    shell_settings_replace(&sh->format.insert_table, args->n > 1 ? args->v[1] : "table");
  return 0;
}

static const char *shell_settings_on(bool value) {
  return value ? "on" : "off";
}

static void shell_settings_quoted(shell *sh, const char *name, const char *value) {
  shell_text text = {0};
  shell_quote_json(&text, tv_str(value));
  fprintf(sh->out, "%12s: %s\n", name, text.data);
  shell_text_free(&text);
}

int shell_show(shell *sh, const shell_args *args) {
  (void)args;
  const shell_format *f = &sh->format;
  fprintf(sh->out, "%12s: %s\n", "store", sh->path);
  fprintf(sh->out, "%12s: %s\n", "readonly", shell_settings_on(sh->readonly));
  fprintf(sh->out, "%12s: %s\n", "mode", shell_mode_name(f->mode));
  fprintf(sh->out, "%12s: %d\n", "wrap", f->wrap);
  fprintf(sh->out, "%12s: %s\n", "headers",
          f->headers < 0 ? "auto" : shell_settings_on(f->headers));
  shell_settings_quoted(sh, "nullvalue", f->null_value);
  shell_settings_quoted(sh, "column", f->column_separator);
  shell_settings_quoted(sh, "row", f->row_separator);
  fprintf(sh->out, "%12s: %s\n", "bail", shell_settings_on(sh->bail));
  fprintf(sh->out, "%12s: %s\n", "changes", shell_settings_on(sh->changes));
  fprintf(sh->out, "%12s: %s\n", "echo", shell_settings_on(sh->echo));
  fprintf(sh->out, "%12s: %s\n", "timer", shell_settings_on(sh->timer));
  fprintf(sh->out, "%12s: %s\n", "profile", shell_settings_on(sh->profile));
  fprintf(sh->out, "%12s: %s\n", "output", sh->out_name != NULL ? sh->out_name : "stdout");
  return 0;
}

/* ---- Output ---- */

static int shell_settings_close_output(shell *sh) {
  int rc = 0;
  if (sh->out != stdout) {
    bool failed = ferror(sh->out) != 0;
    int ended = sh->out_is_pipe ? pclose(sh->out) : fclose(sh->out);
    sh->out = stdout;
    if (failed || ended != 0)
      rc = shell_fail(sh, NULL, sh->out_is_pipe ? "the command failed: %s" : "cannot write %s",
                      sh->out_name);
  }
  shell_free(sh->out_name);
  sh->out_name = NULL;
  sh->out_is_pipe = false;
  sh->out_once = 0;
  return rc;
}

int shell_output_to(shell *sh, const char *target) {
  int rc = shell_settings_close_output(sh);
  if (target == NULL || strcmp(target, "stdout") == 0) return rc;
  bool is_pipe = target[0] == '|';
  fflush(NULL);
  FILE *out = is_pipe ? popen(target + 1, "w") : fopen(target, "we");
  if (out == NULL)
    return shell_fail(sh, "check the path and its permissions", "cannot open %s: %s", target,
                      strerror(errno));
  sh->out = out;
  sh->out_is_pipe = is_pipe;
  sh->out_name = shell_copy(target);
  return rc;
}

/* The file, or the rest of the line as one command behind its bar. */
static int shell_settings_target(shell *sh, const shell_args *args) {
  shell_text target = {0};
  if (args->n > 1 && args->v[0][0] != '|')
    return shell_fail(sh, "quote a name that has blanks", "unexpected argument: %s", args->v[1]);
  for (int i = 0; i < args->n; i++)
    shell_text_format(&target, "%s%s", i > 0 ? " " : "", args->v[i]);
  int rc = shell_output_to(sh, target.data);
  shell_text_free(&target);
  return rc;
}

int shell_output(shell *sh, const shell_args *args) {
  return shell_settings_target(sh, args);
}

int shell_once(shell *sh, const shell_args *args) {
  int rc = shell_settings_target(sh, args);
  if (rc == 0 && args->n > 0) sh->out_once = 2; /* this command, and the one after it */
  return rc;
}

int shell_print(shell *sh, const shell_args *args) {
  for (int i = 0; i < args->n; i++) fprintf(sh->out, "%s%s", i > 0 ? " " : "", args->v[i]);
  fputc('\n', sh->out);
  return 0;
}

/* ---- Reading and leaving ---- */

int shell_read_command(shell *sh, const shell_args *args) {
  enum { DEPTH_MAX = 16 };
  if (sh->depth == DEPTH_MAX)
    return shell_fail(sh, "does a file read itself?", "more than %d files read by one another",
                      DEPTH_MAX);
  FILE *file = fopen(args->v[0], "re");
  if (file == NULL)
    return shell_fail(sh, "check the path", "cannot open %s: %s", args->v[0], strerror(errno));
  char *name = shell_copy(args->v[0]);
  shell_source source = {.file = file, .name = name};
  sh->depth++;
  int rc = shell_input_run(sh, &source);
  sh->depth--;
  fclose(file);
  shell_free(name);
  return rc;
}

int shell_quit(shell *sh, const shell_args *args) {
  (void)args;
  sh->quit = true;
  return 0;
}

int shell_version(shell *sh, const shell_args *args) {
  (void)args;
  fprintf(sh->out, "Trivet %s\nSQLite %s %s\n", TV_VERSION_STRING, sqlite3_libversion(),
          sqlite3_sourceid());
  return 0;
}

int shell_limits(shell *sh, const shell_args *args) {
  (void)args;
  static const char *const names[] = {"limit", "value"};
  static const struct {
    const char *name;
    int64_t value;
  } limits[] = {{"bytes of a key", TV_KEY_BYTES_MAX},
                {"bytes of a name", TV_NAME_BYTES_MAX},
                {"stores in a file", TV_STORES_MAX},
                {"stores created in one transaction", TV_STORES_PER_TXN_MAX},
                {"nested savepoints", TV_SAVEPOINTS_MAX}};
  shell_rows_begin(sh, 2, names);
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    shell_cell cells[] = {shell_cell_str(limits[i].name), shell_cell_int(limits[i].value)};
    shell_rows_add(sh, cells);
  }
  return shell_rows_end(sh);
}

/* SPDX-License-Identifier: MIT */
/*
 * trivet FILE [SQL...]: the shell's beginning and end. Options are read by a small table of our own
 * in sqlite3's spelling (-csv, -header, ...), which getopt_long cannot take without also taking
 * abbreviations that would collide.
 */
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "shell_internal.h"
#include "trivet_sql.h"

/* ---- Opening a store ---- */

static void shell_main_path(shell *sh, const char *path) {
  char *copy = shell_copy(path);
  shell_free(sh->path);
  sh->path = copy;
}

int shell_close(shell *sh) {
  tv_error error = {0};
  shell_interrupt_watch(NULL);
  if (sh->sql != NULL && sqlite3_close(sh->sql) != SQLITE_OK) {
    shell_interrupt_watch(sh->sql);
    return shell_fail_sql(sh, NULL);
  }
  sh->sql = NULL;
  int status = sh->db != NULL ? tv_close(sh->db, &error) : TV_OK;
  if (status == TV_OK) sh->db = NULL;
  return status == TV_OK ? 0 : shell_fail_status(sh, status, &error, sh->path);
}

int shell_open(shell *sh, const char *path, unsigned flags, int durability) {
  tv_error error = {0};
  tv_options options = {.flags = flags, .durability = durability};
  tv_db *db = NULL;
  sqlite3 *sql = NULL;
  int status = tv_open(path, &options, &db, &error);
  if (status != TV_OK) return shell_fail_status(sh, status, &error, path);
  bool readonly = (flags & TV_OPEN_READONLY) != 0;
  status = tv_sql_open(db, TV_SQL_THREAD_BOUND | (readonly ? TV_SQL_READONLY : 0u), &sql, &error);
  if (status != TV_OK) {
    tv_close(db, NULL);
    return shell_fail_status(sh, status, &error, path);
  }
  if (shell_close(sh) != 0) {
    sqlite3_close(sql);
    tv_close(db, NULL);
    return 1;
  }
  sh->db = db;
  sh->sql = sql;
  sh->readonly = readonly;
  shell_main_path(sh, path);
  shell_interrupt_watch(sql);
  return 0;
}

int shell_open_command(shell *sh, const shell_args *args) {
  unsigned flags = 0;
  if (shell_has(args, "--readonly")) flags |= TV_OPEN_READONLY;
  if (shell_has(args, "--new")) flags |= TV_OPEN_NEW;
  if (!sqlite3_get_autocommit(sh->sql))
    return shell_fail(sh, "end it with COMMIT or ROLLBACK first", "a transaction is open");
  int durability = shell_has(args, "--bulk")   ? TV_BULK
                   : shell_has(args, "--lazy") ? TV_LAZY
                                               : TV_SYNC;
  if (shell_has(args, "--bulk") && shell_has(args, "--lazy"))
    return shell_fail(sh, "give one of them", "--lazy and --bulk do not go together");
  return shell_open(sh, args->v[0], flags, durability);
}

/* ---- Options ---- */

enum { SHELL_MAIN_TEXTS_MAX = 256 };

typedef struct shell_main_options {
  const char *path;
  const char *init;
  const char *commands[SHELL_MAIN_TEXTS_MAX]; /* -cmd */
  int command_count;
  int first_text; /* index in argv of the first SQL argument */
  int bail;       /* 1, 0, or -1: by default */
  bool mode_given, wants_terminal, wants_batch;
} shell_main_options;

static const char shell_main_usage[] =
    "Usage: trivet [OPTIONS] [FILE [SQL...]]\n"
    "Opens the store FILE (created when it is not there; without FILE, or for :memory:, one in\n"
    "memory). Runs each SQL argument, which may also be a dot command, and leaves; without any it\n"
    "reads statements from standard input. Exits with 1 when something failed.\n"
    "\n"
    "  -readonly           open FILE without writing to it\n"
    "  -cmd TEXT           run TEXT before the rest (any number of times)\n"
    "  -init FILE          run the statements in FILE before the rest\n"
    "  -bail, -no-bail     stop at the first error, or go on (scripts stop, the terminal goes on)\n"
    "  -list -csv -tabs -json -jsonl -line -quote -table -box -column -markdown\n"
    "                      how rows are printed (default: list; at a terminal: box)\n"
    "  -header, -noheader  with or without column names\n"
    "  -nullvalue TEXT     what NULL is printed as\n"
    "  -separator TEXT     what stands between the columns of list and csv\n"
    "  -echo               print each line before it runs\n"
    "  -interactive        behave as at a terminal\n"
    "  -batch              behave as in a script\n"
    "  -version, -help\n";

/* Options with a value. Returns 1 when it took it, 0 when the option is another. */
static int shell_main_valued(shell *sh, shell_main_options *o, const char *name, char *value) {
  if (strcmp(name, "cmd") == 0) {
    o->commands[o->command_count++] = value;
  } else if (strcmp(name, "init") == 0) {
    o->init = value;
  } else if (strcmp(name, "nullvalue") == 0) {
    shell_args args = {.n = 1, .v = {value}};
    shell_null_value(sh, &args);
  } else if (strcmp(name, "separator") == 0) {
    shell_args args = {.n = 1, .v = {value}};
    shell_separator(sh, &args);
  } else {
    return 0;
  }
  return 1;
}

static int shell_main_switch(shell *sh, shell_main_options *o, const char *name) {
  if (shell_mode_find(name, &sh->format.mode)) {
    o->mode_given = true;
  } else if (strcmp(name, "readonly") == 0) {
    sh->readonly = true;
  } else if (strcmp(name, "header") == 0 || strcmp(name, "headers") == 0) {
    sh->format.headers = 1;
  } else if (strcmp(name, "noheader") == 0 || strcmp(name, "no-header") == 0) {
    sh->format.headers = 0;
  } else if (strcmp(name, "bail") == 0) {
    o->bail = 1;
  } else if (strcmp(name, "no-bail") == 0 || strcmp(name, "nobail") == 0) {
    o->bail = 0;
  } else if (strcmp(name, "echo") == 0) {
    sh->echo = true;
  } else if (strcmp(name, "interactive") == 0) {
    o->wants_terminal = true;
  } else if (strcmp(name, "batch") == 0) {
    o->wants_batch = true;
  } else if (strcmp(name, "version") == 0) {
    printf("Trivet %s, SQLite %s\n", TV_VERSION_STRING, sqlite3_libversion());
    sh->quit = true;
  } else if (strcmp(name, "help") == 0 || strcmp(name, "h") == 0) {
    fputs(shell_main_usage, stdout);
    sh->quit = true;
  } else {
    return 0;
  }
  return 1;
}

static int shell_main_parse(shell *sh, shell_main_options *o, int argc, char **argv) {
  int at = 1;
  while (at < argc && !sh->quit) {
    const char *name = argv[at] + 1 + (argv[at][0] == '-' && argv[at][1] == '-');
    if (argv[at][0] != '-') {
      if (o->path != NULL) break;
      o->path = argv[at++];
      continue;
    }
    if (strcmp(argv[at], "--") == 0) {
      at++;
      if (o->path == NULL && at < argc) o->path = argv[at++];
      break;
    }
    if (at + 1 < argc && o->command_count < SHELL_MAIN_TEXTS_MAX &&
        shell_main_valued(sh, o, name, argv[at + 1])) {
      at += 2;
    } else if (shell_main_switch(sh, o, name)) {
      at++;
    } else {
      return shell_fail(sh, "trivet -help lists the options",
                        "unknown option, or its value is missing: %s", argv[at]);
    }
  }
  o->first_text = at;
  return 0;
}

/* ---- Running ---- */

static int shell_main_init_file(shell *sh, const char *path) {
  shell_args *args = shell_alloc(sizeof *args);
  args->n = 1;
  args->v[0] = shell_copy(path);
  int rc = shell_read_command(sh, args);
  shell_free(args->v[0]);
  shell_free(args);
  return rc;
}

static int shell_main_terminal(shell *sh) {
  sh->editor = shell_editor_open(sh);
  if (sh->editor == NULL) return shell_fail(sh, "is TERM set?", "the line editor cannot start");
  printf("Trivet %s (SQLite %s) - %s%s\nType .help for help, .quit or Ctrl-D to leave.\n",
         TV_VERSION_STRING, sqlite3_libversion(),
         strcmp(sh->path, ":memory:") == 0 ? "in memory, gone at the end" : sh->path,
         sh->readonly ? " (read-only)" : "");
  shell_source source = {0};
  int rc = shell_input_run(sh, &source);
  shell_editor_close(sh->editor);
  sh->editor = NULL;
  return rc;
}

static int shell_main_work(shell *sh, const shell_main_options *o, int argc, char **argv) {
  int rc = 0;
  if (o->init != NULL) rc |= shell_main_init_file(sh, o->init);
  for (int i = 0; i < o->command_count && !sh->quit && !(rc != 0 && sh->bail); i++)
    rc |= shell_input_text(sh, o->commands[i]);
  for (int i = o->first_text; i < argc && !sh->quit && !(rc != 0 && sh->bail); i++)
    rc |= shell_input_text(sh, argv[i]);
  if (sh->quit || o->first_text < argc || (rc != 0 && sh->bail)) return rc;
  if (sh->interactive) {
    shell_main_terminal(sh);
    return 0; /* whoever sat there has seen the errors */
  }
  shell_source source = {.file = stdin};
  return rc | shell_input_run(sh, &source);
}

/* Ends what is open. A script that forgets its COMMIT must not look as if it had worked. */
static int shell_main_end(shell *sh) {
  int rc = 0;
  bool open = sh->sql != NULL && !sqlite3_get_autocommit(sh->sql);
  if (open && !sh->failed) {
    rc = shell_fail(sh, "end it with COMMIT", "the open transaction was rolled back");
    if (sh->interactive) rc = 0;
  }
  if (open) sqlite3_exec(sh->sql, "ROLLBACK", NULL, NULL, NULL);
  rc |= shell_output_to(sh, NULL);
  rc |= shell_close(sh);
  if (fflush(stdout) != 0) rc |= shell_fail(sh, NULL, "cannot write to standard output");
  shell_free(sh->path);
  shell_free(sh->format.null_value);
  shell_free(sh->format.column_separator);
  shell_free(sh->format.row_separator);
  shell_free(sh->format.csv_separator);
  shell_free(sh->format.insert_table);
  return rc;
}

/* Text is UTF-8 whatever the environment says; where it says nothing, C.UTF-8 tells widths. */
static bool shell_main_locale(void) {
  setlocale(LC_CTYPE, "");
  if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return true;
  return setlocale(LC_CTYPE, "C.UTF-8") != NULL;
}

int main(int argc, char **argv) {
  shell_main_options o = {.bail = -1};
  shell *sh = shell_alloc(sizeof *sh);
  sh->out = stdout;
  sh->format.headers = -1;
  sh->format.null_value = shell_copy("");
  sh->format.column_separator = shell_copy("|");
  sh->format.row_separator = shell_copy("\n");
  sh->format.csv_separator = shell_copy(",");
  sh->format.insert_table = shell_copy("table");
  bool is_utf8 = shell_main_locale();
  int rc = shell_main_parse(sh, &o, argc, argv);
  if (rc == 0 && !sh->quit) {
    bool has_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    sh->interactive = o.first_text >= argc && !o.wants_batch && (has_terminal || o.wants_terminal);
    sh->bail = o.bail >= 0 ? o.bail == 1 : !sh->interactive;
    if (sh->interactive && !o.mode_given) sh->format.mode = is_utf8 ? SHELL_BOX : SHELL_TABLE;
    if (sh->interactive) sh->format.wrap = 60;
    shell_interrupt_install();
    rc = shell_open(sh, o.path != NULL ? o.path : ":memory:", sh->readonly ? TV_OPEN_READONLY : 0u,
                    TV_SYNC);
    if (rc == 0) rc = shell_main_work(sh, &o, argc, argv);
  }
  bool interrupted = shell_interrupted() && !sh->interactive;
  rc |= shell_main_end(sh);
  shell_free(sh);
  return interrupted ? 130 : rc;
}

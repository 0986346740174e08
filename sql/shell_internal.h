/* SPDX-License-Identifier: MIT */
/*
 * The shell's inside: one state struct, passed to everything, and what its files offer each other.
 * The shell is a program on the public headers alone; it is no part of the library.
 *
 *   shell.c           options, start, end              shell_signal.c    Ctrl-C
 *   shell_input.c     sources, statement assembly      shell_edit.c      line editing, history
 *   shell_complete.c  completion                       shell_words.c     words and options
 *   shell_commands.c  the table of commands            shell_run.c       SQL statements
 *   shell_output.c    rows, the streaming modes        shell_aligned.c   table, box, column,
 * markdown shell_text.c      strings, quoting, UTF-8          shell_error.c     errors and their
 * remedies shell_settings.c  .mode and the other switches     shell_schema.c    .tables .schema ...
 *   shell_plan.c      EXPLAIN QUERY PLAN           shell_csv.c       reading CSV
 *   shell_kv.c, shell_graph.c, shell_graph_edit.c, shell_graph_files.c, shell_graph_index.c,
 *   shell_import*.c, shell_export.c, shell_dump.c,
 *   shell_admin.c, shell_stat.c, shell_check*.c, shell_watch.c,
 *   shell_feed.c, shell_samples.c     the commands' work
 *
 * Functions that return int return 0, or 1 when they failed and have told the user why; those that
 * return a tv_status say so.
 */
#ifndef TRIVET_SHELL_INTERNAL_H
#define TRIVET_SHELL_INTERNAL_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "sqlite_internal.h"
#include "trivet.h"
#include "trivet_graph_algo.h"
#include "trivet_kv.h"

typedef struct shell shell;
typedef struct shell_editor shell_editor;

/* ---- Strings (shell_text.c). Out of memory ends the program: it holds no state to save. ---- */

void *shell_alloc(size_t bytes);
void *shell_realloc(void *old, size_t bytes);
void shell_free(void *old);
char *shell_copy(const char *text);
char *shell_copy_bytes(tv_slice bytes);

/* A growing string; all zero is empty. data is NUL-terminated once something was appended. */
typedef struct shell_text {
  char *data;
  size_t size, capacity;
} shell_text;
void shell_text_add(shell_text *text, const void *data, size_t size);
void shell_text_str(shell_text *text, const char *str);
void shell_text_char(shell_text *text, char c);
void shell_text_format(shell_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void shell_text_free(shell_text *text);
/* "" rather than NULL. */
const char *shell_text_get(const shell_text *text);

/* Decodes one character; *point is -1 for a byte that is not UTF-8. Returns the bytes used, >= 1.
 */
size_t shell_utf8_next(const char *at, size_t size, int32_t *point);
/* Columns that a terminal gives a character. */
int shell_utf8_width(int32_t point);
/* UTF-8 without control characters other than tab and line ends: fit to be shown as it is. */
bool shell_is_readable(tv_slice bytes);
bool shell_is_integer(const char *text, int64_t *value);
bool shell_is_real(const char *text, double *value);

void shell_quote_sql(shell_text *out, tv_slice bytes);    /* 'it''s' */
void shell_quote_name(shell_text *out, const char *name); /* a SQL name, quoted where needed */
void shell_quote_blob(shell_text *out, tv_slice bytes);   /* x'00ff' */
void shell_quote_json(shell_text *out, tv_slice bytes);   /* "a\n" */
void shell_quote_csv(shell_text *out, tv_slice bytes, const char *separator);
/* Turns x'00ff' in place into its bytes; anything else stays as it is. */
tv_slice shell_unquote_bytes(char *word);
/* The shortest decimal form that reads back as the same double. */
void shell_format_real(shell_text *out, double value);

/* ---- Rows (shell_output.c, shell_aligned.c) ---- */

typedef enum shell_mode {
  SHELL_LIST,
  SHELL_CSV,
  SHELL_TABS,
  SHELL_JSON,
  SHELL_JSONL,
  SHELL_LINE,
  SHELL_QUOTE,
  SHELL_INSERT,
  SHELL_TABLE,
  SHELL_BOX,
  SHELL_COLUMN,
  SHELL_MARKDOWN,
  SHELL_MODES
} shell_mode;

const char *shell_mode_name(shell_mode mode);
bool shell_mode_find(const char *name, shell_mode *mode);

/* type is SQLITE_INTEGER, _FLOAT, _TEXT, _BLOB or _NULL. */
typedef struct shell_cell {
  int type;
  int64_t integer;
  double real;
  tv_slice bytes;
} shell_cell;

shell_cell shell_cell_int(int64_t value);
shell_cell shell_cell_count(uint64_t value);
shell_cell shell_cell_real(double value);
shell_cell shell_cell_str(const char *text); /* NULL: null */
shell_cell shell_cell_bytes(tv_slice bytes); /* text when readable, else blob */
shell_cell shell_cell_null(void);

typedef struct shell_format {
  shell_mode mode;
  int headers; /* 1, 0, or -1: as the mode has it */
  int wrap;    /* most characters on one line of a cell in aligned modes; 0: any number */
  char *null_value;
  char *column_separator; /* of list mode */
  char *row_separator;
  char *csv_separator;
  char *insert_table;
} shell_format;

/* The rows being printed. In the aligned modes they are kept until the end. */
typedef struct shell_rows {
  size_t columns;
  char **names;
  uint64_t count;
  char **kept; /* rendered cells, row after row */
  size_t kept_size, kept_capacity;
  bool *is_text; /* per column: some cell is no number */
} shell_rows;

void shell_rows_begin(shell *sh, size_t columns, const char *const *names);
void shell_rows_add(shell *sh, const shell_cell *cells);
/* Returns 1 when the output could not be written. */
int shell_rows_end(shell *sh);
/* Forgets the rows begun, after a failure. What streaming modes wrote stays. */
void shell_rows_drop(shell *sh);
/* What a cell reads as in list mode. */
void shell_cell_print(const shell *sh, const shell_cell *cell, shell_text *out);
/* A cell as a SQL literal. */
void shell_cell_sql(const shell_cell *cell, shell_text *out);
void shell_aligned_print(shell *sh);

/* ---- State ---- */

typedef struct shell_source {
  FILE *file;       /* NULL: the line editor */
  const char *name; /* for messages; NULL: standard input */
  long line;        /* last line read */
  long start;       /* line where the pending statement began */
} shell_source;

struct shell {
  tv_db *db;
  sqlite3 *sql;
  char *path; /* ":memory:" when in memory */
  bool readonly;

  bool interactive;
  bool bail;
  bool echo;
  bool timer;
  bool profile;
  bool changes;
  bool quit;
  bool failed;          /* some command or statement failed */
  int depth;            /* nested .read */
  shell_source *source; /* NULL: a command-line argument */
  shell_editor *editor;

  shell_format format;
  shell_rows rows;
  FILE *out;
  bool out_is_pipe;
  int out_once; /* commands or statements until output goes back to standard output; 0: never */
  char *out_name;

  tv_error error; /* of the last shell_read, shell_write */
};

/* ---- Words and options (shell_words.c) ---- */

#define SHELL_WORDS_MAX 256
#define SHELL_OPTIONS_MAX 64

/* A dot command's line, taken apart. */
typedef struct shell_words {
  char *line; /* owns the text */
  int n;
  char *v[SHELL_WORDS_MAX];
  bool quoted[SHELL_WORDS_MAX]; /* so that "--x" in quotes is no option */
} shell_words;

/* What a command is called with, checked against its usage. */
typedef struct shell_args {
  int n;
  char *v[SHELL_WORDS_MAX];
  int options;
  const char *option[SHELL_OPTIONS_MAX]; /* "--limit" */
  char *value[SHELL_OPTIONS_MAX];        /* NULL for a switch */
} shell_args;

int shell_words_split(shell *sh, const char *line, shell_words *words);
void shell_words_free(shell_words *words);
/*
 * Sorts words from `first` on into positions and options as `usage` allows:
 * NAME [NAME] NAME... [--switch] [--option VALUE] [--many VALUE]... ; what does not fit is told to
 * the user together with the usage.
 */
int shell_args_bind(shell *sh, const shell_words *words, int first, const char *command,
                    const char *usage, shell_args *args);
bool shell_has(const shell_args *args, const char *option);
/* The value of an option, NULL when it was not given. */
char *shell_option(const shell_args *args, const char *option);
/* A whole number >= 0 as an option's value; `otherwise` when it was not given. */
int shell_option_count(shell *sh, const shell_args *args, const char *option, uint64_t otherwise,
                       uint64_t *value);
int shell_on_off(shell *sh, const char *word, bool *value);

/* ---- Commands (shell_commands.c) ---- */

typedef struct shell_command {
  const char *name;  /* ".kv" */
  const char *sub;   /* "get", or NULL */
  const char *usage; /* as shell_args_bind reads it */
  const char *help;  /* one line */
  int (*run)(shell *sh, const shell_args *args);
} shell_command;

const shell_command *shell_command_table(size_t *count);
int shell_command_run(shell *sh, const char *line);
int shell_help(shell *sh, const shell_args *args);

/* ---- Errors (shell_error.c) ---- */

/* Prints "Error: near line N: <message> - <remedy>" and returns 1. remedy may be NULL. */
int shell_fail(shell *sh, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Explains a tv_status; `name` is the bucket, graph or file in question (may be NULL). */
int shell_fail_status(shell *sh, int status, const tv_error *error, const char *name);
/* Explains the failure of the last call on sh->sql; `sql` is the statement's text (may be NULL). */
int shell_fail_sql(shell *sh, const char *sql);
/* The candidate nearest to `word` if it is near enough to be meant; else NULL. */
const char *shell_nearest(const char *word, const char *const *candidates, size_t count);

/* ---- SQL (shell_run.c) ---- */

/* Runs all statements of a text and prints their rows. */
int shell_sql_run(shell *sh, const char *sql);
/* The same for statements of the shell's own, without output. */
int shell_sql_quiet(shell *sh, const char *sql);
/* A prepared statement with up to n texts bound, or NULL after telling why. */
sqlite3_stmt *shell_sql_prepare(shell *sh, const char *sql, int n, const char *const *texts);
/* Steps a prepared statement, prints its rows, finalizes it. */
int shell_sql_print(shell *sh, sqlite3_stmt *statement);
shell_cell shell_cell_column(sqlite3_stmt *statement, int column);
/* What .timer shows. */
typedef struct shell_clock {
  struct timespec real;
  struct rusage used;
} shell_clock;
void shell_clock_start(shell_clock *clock);
void shell_clock_print(const shell *sh, const shell_clock *start);
/* EXPLAIN QUERY PLAN as a tree (shell_plan.c); finalizes the statement. */
int shell_plan_print(shell *sh, sqlite3_stmt *statement);

/* ---- Transactions for .kv and .graph (shell_run.c) ---- */

typedef int (*shell_work_fn)(tv_txn *txn, void *ctx);
/*
 * Runs work in the transaction that SQL's BEGIN began, else in one of its own. A writing work may
 * be run twice, so it prints nothing. Returns a tv_status, whose explanation is in sh->error.
 */
int shell_read(shell *sh, shell_work_fn work, void *ctx);
int shell_write(shell *sh, shell_work_fn work, void *ctx);
/* For a work that finds a fault itself: puts the sentence into sh->error and returns status. */
int shell_refuse(shell *sh, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- Input (shell_input.c, shell_edit.c, shell_complete.c) ---- */

/* Reads and runs a source to its end, to .quit, or to the first error when sh->bail. */
int shell_input_run(shell *sh, shell_source *source);
/* One line that stands alone: a dot command or SQL. */
int shell_input_text(shell *sh, const char *text);
/* Reads a line of any length without its line end; NULL at the end. Free with shell_free. */
char *shell_line_read(FILE *file);

shell_editor *shell_editor_open(shell *sh);
void shell_editor_close(shell_editor *editor);
/* Lifetime: until the next call. NULL: end of input, or interrupted (shell_interrupted()). */
const char *shell_editor_line(shell_editor *editor, bool continued);
void shell_editor_remember(shell_editor *editor, const char *statement);

/* The candidates for the word that ends `line`, each of which begins with it; *word gets its
 * length in bytes. Free each and the array with shell_free. */
size_t shell_complete(shell *sh, const char *line, char ***candidates, size_t *word);

/* ---- Interruption (shell_signal.c) ---- */

/* How a wait for input ended: WOKEN after Ctrl-Z and fg, or a change of the window's size. */
typedef enum shell_wait { SHELL_WAIT_READY, SHELL_WAIT_INTERRUPTED, SHELL_WAIT_WOKEN } shell_wait;

void shell_interrupt_install(void);
shell_wait shell_interrupt_wait(int fd);
void shell_interrupt_watch(sqlite3 *sql); /* whom Ctrl-C interrupts; NULL: nobody */
bool shell_interrupted(void);
void shell_interrupt_clear(void);
const int *shell_interrupt_flag(void); /* for tv_limits.cancel */

/* ---- Database and output (shell.c, shell_settings.c) ---- */

/* durability: tv_durability. */
int shell_open(shell *sh, const char *path, unsigned flags, int durability);
int shell_close(shell *sh);
/* Sends output to a file, a command ("|less"), or back to standard output (NULL). */
int shell_output_to(shell *sh, const char *target);

/* ---- CSV reading (shell_csv.c) ---- */

typedef struct shell_csv {
  FILE *file;
  char separator;
  long line;       /* line where the last record began */
  long next;       /* line where the next one begins */
  int n;           /* fields of the last record */
  bool keep_blank; /* an empty line is a record of one empty field, and not skipped */
  shell_text bytes;
  size_t *starts; /* n + 1 offsets into bytes; each field ends in NUL */
  bool *bare;     /* per field: not quoted */
  int capacity;
  const char *problem; /* set when a record is malformed */
} shell_csv;
/* Returns 1: a record; 0: the end; -1: malformed, csv->problem says how. */
int shell_csv_next(shell_csv *csv);
tv_slice shell_csv_field(const shell_csv *csv, int index);
void shell_csv_free(shell_csv *csv);

/* ---- Shared by .dump, .export, .schema ---- */

/* Prints what recreates table `name` (its rows only, when create is NULL) as SQL. */
int shell_dump_rows(shell *sh, const char *name);
int shell_dump_all(shell *sh, const char *like);

/* ---- Names of buckets, graphs, stores (shell_admin.c) ---- */

/* All zero but for `like` (NULL: all) is empty. */
typedef struct shell_names {
  const char *like;
  char **v;
  size_t n;
} shell_names;
int shell_names_collect(void *ctx, tv_slice name); /* for tv_kv_list and the like; ctx: the names */
void shell_names_free(shell_names *names);

/* ---- .check (shell_check.c, shell_check_graph.c) ---- */

typedef struct shell_check_run {
  shell *sh;
  tv_txn *txn;
  bool shows_progress;
  uint64_t problems;        /* all so far */
  uint64_t told;            /* of them, printed */
  uint64_t things, records; /* of the layer being checked */
} shell_check_run;
void shell_check_problem(void *ctx, const char *sentence);
/* Shows where the check is; true when Ctrl-C asks to end. */
bool shell_check_progress(const shell_check_run *run, const char *what, const char *name,
                          uint64_t count);
/* Checks all graphs through their public interface. A tv_status. */
int shell_check_graphs(shell_check_run *run);

#define SHELL_COMMAND(name) int shell_##name(shell *sh, const shell_args *args)
SHELL_COMMAND(backup);
SHELL_COMMAND(bail);
SHELL_COMMAND(buckets);
SHELL_COMMAND(changes);
SHELL_COMMAND(check);
SHELL_COMMAND(complete_command);
SHELL_COMMAND(databases);
SHELL_COMMAND(dump);
SHELL_COMMAND(echo);
SHELL_COMMAND(export);
SHELL_COMMAND(feed);
SHELL_COMMAND(graphs);
SHELL_COMMAND(headers);
SHELL_COMMAND(import);
SHELL_COMMAND(indexes);
SHELL_COMMAND(limits);
SHELL_COMMAND(metrics);
SHELL_COMMAND(mode_command);
SHELL_COMMAND(null_value);
SHELL_COMMAND(once);
SHELL_COMMAND(open_command);
SHELL_COMMAND(output);
SHELL_COMMAND(print);
SHELL_COMMAND(quit);
SHELL_COMMAND(read_command);
SHELL_COMMAND(readers);
SHELL_COMMAND(schema);
SHELL_COMMAND(separator);
SHELL_COMMAND(show);
SHELL_COMMAND(stat);
SHELL_COMMAND(stores);
SHELL_COMMAND(sync_command);
SHELL_COMMAND(tables);
SHELL_COMMAND(timer);
SHELL_COMMAND(profile);
SHELL_COMMAND(version);

SHELL_COMMAND(kv_append);
SHELL_COMMAND(kv_count);
SHELL_COMMAND(kv_create);
SHELL_COMMAND(kv_del);
SHELL_COMMAND(kv_drop);
SHELL_COMMAND(kv_get);
SHELL_COMMAND(kv_incr);
SHELL_COMMAND(kv_info);
SHELL_COMMAND(kv_log);
SHELL_COMMAND(kv_put);
SHELL_COMMAND(kv_rename);
SHELL_COMMAND(kv_scan);
SHELL_COMMAND(kv_sweep);

SHELL_COMMAND(graph_add_edge);
SHELL_COMMAND(graph_add_node);
SHELL_COMMAND(graph_compact);
SHELL_COMMAND(graph_create);
SHELL_COMMAND(graph_degree);
SHELL_COMMAND(graph_del_edge);
SHELL_COMMAND(graph_del_node);
SHELL_COMMAND(graph_drop);
SHELL_COMMAND(graph_edges);
SHELL_COMMAND(graph_export);
SHELL_COMMAND(graph_index);
SHELL_COMMAND(graph_indexes);
SHELL_COMMAND(graph_khop);
SHELL_COMMAND(graph_load);
SHELL_COMMAND(graph_neighbors);
SHELL_COMMAND(graph_node);
SHELL_COMMAND(graph_nodes);
SHELL_COMMAND(graph_path);
SHELL_COMMAND(graph_rename);
SHELL_COMMAND(graph_set);
SHELL_COMMAND(graph_stat);
SHELL_COMMAND(graph_unindex);

/* ---- Keys and values of buckets (shell_kv.c) ---- */

/* Opens a bucket and learns how it types its keys and values. A tv_status. */
int shell_kv_open(tv_txn *txn, const char *name, unsigned flags, tv_bucket **bucket,
                  tv_bucket_options *options);
/* A key as typed, in the bucket's form: x'00ff' are bytes, and integers where keys are integers.
 * `room` (8 bytes) holds those. A tv_status. */
int shell_kv_key(shell *sh, const tv_bucket_options *options, tv_slice typed, unsigned char *room,
                 tv_slice *key);
shell_cell shell_kv_key_cell(const tv_bucket_options *options, tv_slice key);
shell_cell shell_kv_value_cell(const tv_bucket_options *options, tv_slice value);

/* A dictionary trained on a file's lines, or on a bucket's values (shell_samples.c). Free its data
 * with shell_free. */
int shell_samples_train(shell *sh, const char *file, const char *bucket, tv_slice *dictionary);

/* ---- Properties of graphs (shell_graph_edit.c, shell_graph.c) ---- */

/* NAME=VALUE as typed; the slices point into `word`, which is changed. Returns 0 or 1 (told). */
int shell_property_parse(shell *sh, char *word, tv_property *out);
/* {"name":value,...} */
int shell_property_json(void *ctx, const char *name, tv_value value); /* a tv_property_fn */

/* .import's kinds, in files of their own. */
typedef struct shell_import_call {
  shell *sh;
  const shell_args *args;
  const char *path, *name; /* FILE and NAME */
  FILE *file;
  char separator;
  uint64_t skip;  /* lines to leave out */
  uint64_t batch; /* entries a transaction; 0: all in one */
  uint64_t rows;  /* imported so far */
} shell_import_call;
int shell_import_bucket(shell_import_call *call);
/* The rest of the file, from that offset and line, into a columnar table at once. *taken: false
 * when it is another table, or no file. */
int shell_import_columnar(shell_import_call *call, long from, long line, bool *taken);
int shell_import_graph(shell_import_call *call);
/* Starts reading from the beginning, behind the lines to skip; the line number then is *line. */
void shell_import_rewind(shell_import_call *call, long *line);
/* Counts a row and shows progress at a terminal; true when Ctrl-C asks to end. */
bool shell_import_tick(shell_import_call *call);
/* "FILE:LINE: what" into sh->error; TV_EINVAL. */
int shell_import_line_bad(const shell_import_call *call, long line, const char *what);
/* The first record is a header of these two names. */
bool shell_import_is_title(const shell_csv *csv, const char *left, const char *right);
/* Explains a status of the work of an import. */
int shell_import_fail(shell_import_call *call, int status);
extern const char shell_import_nothing[]; /* the remedy: nothing was imported */

#endif

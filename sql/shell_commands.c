/* SPDX-License-Identifier: MIT */
/*
 * The table of dot commands: name, usage, help, and what runs. It is the one source for parsing
 * (shell_words.c reads the usage), for completion, for .help, and for docs/shell.md, which a test
 * compares with it. A chain of strcmp, as sqlite3's shell has it, was rejected: there usage, help
 * and behaviour are three texts.
 */
#include <string.h>

#include "shell_internal.h"

static const shell_command shell_commands_table[] = {
    {".backup", NULL, "FILE [--compact]", "Write a consistent copy of the store to a new file",
     shell_backup},
    {".bail", NULL, "on|off", "Stop at the first error (scripts: on; terminal: off)", shell_bail},
    {".buckets", NULL, "[LIKE]", "List buckets: entries, bytes, options", shell_buckets},
    {".changes", NULL, "on|off", "Show how many rows each statement changed", shell_changes},
    {".check", NULL, "[FILE]", "Check pages, buckets, graphs and tables for damage", shell_check},
    {".complete", NULL, "LINE", "Print what the Tab key offers after LINE", shell_complete_command},
    {".databases", NULL, "", "List the store and attached databases", shell_databases},
    {".dump", NULL, "[LIKE]", "Print tables as SQL that sqlite3 reads too", shell_dump},
    {".echo", NULL, "on|off", "Print each line of input before it runs", shell_echo},
    {".exit", NULL, "", "Leave the shell", shell_quit},
    {".export", NULL, "FILE [NAME] [--bucket] [--graph]",
     "Write a table or query as .csv .tsv .json .jsonl .md .sql, a bucket as .jsonl or .dump, "
     "a"
     " graph's edges as .csv",
     shell_export},
    {".feed", NULL, "[SINCE] [--since TXN] [--follow] [--limit N]",
     "List logged changes since a transaction, or go on until Ctrl-C", shell_feed},
    {".graph", "add-edge", "GRAPH FROM TO TYPE [NAME=VALUE...]", "Add an edge, print its id",
     shell_graph_add_edge},
    {".graph", "add-node", "GRAPH NODE [NAME=VALUE...] [--label LABEL]...",
     "Add a node, or labels and properties to one", shell_graph_add_node},
    {".graph", "compact", "GRAPH", "Merge the delta into segments, print how many blocks",
     shell_graph_compact},
    {".graph", "create", "GRAPH", "Create a graph", shell_graph_create},
    {".graph", "degree", "GRAPH NODE [--type TYPE]...", "Count a node's edges out and in",
     shell_graph_degree},
    {".graph", "del-edge", "GRAPH EDGE", "Delete an edge by its id", shell_graph_del_edge},
    {".graph", "del-node", "GRAPH NODE", "Delete a node with its edges", shell_graph_del_node},
    {".graph", "drop", "GRAPH", "Delete a graph and all in it", shell_graph_drop},
    {".graph", "edges", "GRAPH [NODE] [--type TYPE] [--limit N]",
     "List edges, all or those at a node", shell_graph_edges},
    {".graph", "export",
     "GRAPH FILE [--nodes] [--label LABEL] [--type TYPE]... [--from NODE] [--depth N] [--in] "
     "[--both]",
     "Write a graph, or what is around a node, as .dot .graphml or typed .csv (edges, or --nodes)",
     shell_graph_export},
    {".graph", "index", "GRAPH PROPERTY [--label LABEL] [--edges] [--type TYPE] [--unique]",
     "Index a property of nodes (of LABEL), or of edges (of TYPE)", shell_graph_index},
    {".graph", "indexes", "GRAPH", "List a graph's indexes", shell_graph_indexes},
    {".graph", "khop", "GRAPH NODE DEPTH [--in] [--both] [--type TYPE]... [--limit N]",
     "List nodes within DEPTH steps (DEPTH may be all)", shell_graph_khop},
    {".graph", "list", "[LIKE]", "List graphs: nodes, edges, bytes", shell_graphs},
    {".graph", "load",
     "GRAPH FILE [--nodes] [--create-nodes] [--label LABEL] [--type TYPE] [--separator C] "
     "[--weight NAME] [--skip-bad]",
     "Read typed .csv of edges (or --nodes), .mtx (Matrix Market) or an edge list of SNAP into a "
     "graph",
     shell_graph_load},
    {".graph", "neighbors", "GRAPH NODE [--in] [--both] [--type TYPE]...",
     "List neighbours with the edges to them", shell_graph_neighbors},
    {".graph", "node", "GRAPH NODE", "Show a node's labels and properties", shell_graph_node},
    {".graph", "nodes", "GRAPH [--label LABEL] [--limit N]", "List nodes", shell_graph_nodes},
    {".graph", "path", "GRAPH FROM TO [--in] [--both] [--type TYPE]...", "Show a shortest path",
     shell_graph_path},
    {".graph", "rename", "GRAPH NEW", "Rename a graph", shell_graph_rename},
    {".graph", "set", "GRAPH NODE NAME=VALUE...", "Set properties (NAME=null removes one)",
     shell_graph_set},
    {".graph", "stat", "GRAPH", "Count nodes, edges, labels, types, bytes, segments",
     shell_graph_stat},
    {".graph", "unindex", "GRAPH PROPERTY [--label LABEL] [--edges] [--type TYPE]", "Drop an index",
     shell_graph_unindex},
    {".graphs", NULL, "[LIKE]", "List graphs: nodes, edges, bytes", shell_graphs},
    {".headers", NULL, "on|off", "Print column names (default: as the mode has it)", shell_headers},
    {".help", NULL, "[COMMAND]", "Show this list, or one command's lines", shell_help},
    {".import", NULL,
     "FILE NAME [--columnar] [--bucket] [--graph] [--csv] [--skip N] [--separator C] [--nulls] "
     "[--type "
     "TYPE]"
     " [--label LABEL] [--batch N]",
     "Read CSV into a table; .jsonl, .dump or CSV into a bucket; an edge list into a graph",
     shell_import},
    {".indexes", NULL, "[TABLE]", "List indexes", shell_indexes},
    {".kv", "append", "BUCKET KEY VALUE", "Append to a value", shell_kv_append},
    {".kv", "count", "BUCKET [PREFIX] [--from KEY] [--to KEY] [--estimate]",
     "Count entries, or estimate how many a range has", shell_kv_count},
    {".kv", "create",
     "BUCKET [--compress lz4|lz4hc] [--ttl MS] [--versioned] [--key TYPE] [--value TYPE]"
     " [--samples FILE] [--samples-of BUCKET]",
     "Create a bucket (TYPE: text, blob, integer)", shell_kv_create},
    {".kv", "del", "BUCKET [KEY...] [--prefix PREFIX] [--from KEY] [--to KEY]", "Delete entries",
     shell_kv_del},
    {".kv", "drop", "BUCKET", "Delete a bucket and all in it", shell_kv_drop},
    {".kv", "get", "BUCKET KEY...", "Print values", shell_kv_get},
    {".kv", "incr", "BUCKET KEY [DELTA]", "Add to a counter, print the sum", shell_kv_incr},
    {".kv", "info", "BUCKET KEY", "Show an entry's size, expiry and version", shell_kv_info},
    {".kv", "list", "[LIKE]", "List buckets: entries, bytes, options", shell_buckets},
    {".kv", "log", "BUCKET on|off", "Log the bucket's changes for .feed, or no longer",
     shell_kv_log},
    {".kv", "put", "BUCKET KEY VALUE [--ttl MS] [--absent] [--equal OLD] [--version N]",
     "Write a value, on a condition if given", shell_kv_put},
    {".kv", "rename", "BUCKET NEW", "Rename a bucket", shell_kv_rename},
    {".kv", "scan", "BUCKET [PREFIX] [--from KEY] [--to KEY] [--limit N] [--reverse] [--keys]",
     "List entries in the order of keys", shell_kv_scan},
    {".kv", "sweep", "BUCKET [--limit N]", "Remove expired entries now", shell_kv_sweep},
    {".limits", NULL, "", "Show the limits of a store", shell_limits},
    {".metrics", NULL, "[on|off|show]",
     "Measure calls of the library; alone: show what was measured", shell_metrics},
    {".mode", NULL, "[MODE] [TABLE] [--wrap N]",
     "Choose how rows look: list csv tabs json jsonl line quote insert table box column "
     "markdown",
     shell_mode_command},
    {".nullvalue", NULL, "TEXT", "Print TEXT for NULL", shell_null_value},
    {".once", NULL, "[FILE...]", "Send the next output to FILE, or through |COMMAND", shell_once},
    {".open", NULL, "FILE [--readonly] [--new] [--lazy] [--bulk]",
     "Close this store and open another; commits are durable, or --lazy, or only at .sync "
     "(--bulk)",
     shell_open_command},
    {".output", NULL, "[FILE...]", "Send output to FILE, or through |COMMAND; alone: back here",
     shell_output},
    {".print", NULL, "[TEXT...]", "Print text", shell_print},
    {".profile", NULL, "on|off", "Show what each operator of a query did, and its time",
     shell_profile},
    {".quit", NULL, "", "Leave the shell", shell_quit},
    {".read", NULL, "FILE", "Run the statements and commands in FILE", shell_read_command},
    {".readers", NULL, "[--reap]", "List open read transactions; free those of dead processes",
     shell_readers},
    {".schema", NULL, "[LIKE]", "Print the CREATE statements", shell_schema},
    {".separator", NULL, "COLUMN [ROW]", "Set the separators of list and csv mode",
     shell_separator},
    {".show", NULL, "", "Show the settings", shell_show},
    {".stat", NULL, "", "Show the file, pages, readers and every store's size", shell_stat},
    {".stores", NULL, "[LIKE]", "List plain stores of the engine", shell_stores},
    {".sync", NULL, "", "Make all commits so far durable", shell_sync_command},
    {".tables", NULL, "[LIKE]", "List tables and views", shell_tables},
    {".timer", NULL, "on|off", "Show how long each statement and command takes", shell_timer},
    {".version", NULL, "", "Show the versions of Trivet and SQLite", shell_version},
};

const shell_command *shell_command_table(size_t *count) {
  *count = sizeof shell_commands_table / sizeof shell_commands_table[0];
  return shell_commands_table;
}

/* ".kv get" */
static void shell_commands_title(const shell_command *command, shell_text *out) {
  shell_text_str(out, command->name);
  if (command->sub != NULL) shell_text_format(out, " %s", command->sub);
}

/* ---- .help ---- */

static void shell_commands_help_line(shell *sh, const shell_command *command, bool is_short) {
  shell_text left = {0};
  shell_commands_title(command, &left);
  if (command->usage[0] != '\0') shell_text_format(&left, " %s", command->usage);
  if (!is_short || left.size > 34) {
    fprintf(sh->out, "%s\n%*s%s\n", left.data, 36, "", command->help);
  } else {
    fprintf(sh->out, "%-36s%s\n", left.data, command->help);
  }
  shell_text_free(&left);
}

int shell_help(shell *sh, const shell_args *args) {
  size_t count, shown = 0;
  const shell_command *table = shell_command_table(&count);
  const char *asked = args->n > 0 ? args->v[0] : "";
  if (asked[0] == '.') asked++;
  for (size_t i = 0; i < count; i++) {
    if (args->n > 0 && strcmp(table[i].name + 1, asked) != 0) continue;
    shell_commands_help_line(sh, &table[i], true);
    shown++;
  }
  if (shown == 0) return shell_fail(sh, ".help lists all commands", "no such command: .%s", asked);
  if (args->n == 0) fputs("\nAnything else is SQL and ends with a semicolon.\n", sh->out);
  return 0;
}

/* ---- Finding and running ---- */

/* Names of commands, or of one command's parts, without repeats; at most `max`. */
static size_t shell_commands_names(const char *command, const char **names, size_t max) {
  size_t count, n = 0;
  const shell_command *table = shell_command_table(&count);
  for (size_t i = 0; i < count && n < max; i++) {
    if (command != NULL && strcmp(table[i].name, command) != 0) continue;
    const char *name = command != NULL ? table[i].sub : table[i].name;
    if (name != NULL && (n == 0 || strcmp(names[n - 1], name) != 0)) names[n++] = name;
  }
  return n;
}

/* The one name that `word` is, or abbreviates. NULL after telling why there is none. */
static const char *shell_commands_pick(shell *sh, const char *command, const char *word) {
  enum { NAMES_MAX = 128 };
  const char *names[NAMES_MAX];
  size_t n = shell_commands_names(command, names, NAMES_MAX), size = strlen(word), found = 0;
  const char *match = NULL;
  shell_text remedy = {0};
  for (size_t i = 0; i < n; i++) {
    if (strcmp(names[i], word) == 0) return names[i];
    if (strncmp(names[i], word, size) != 0) continue;
    match = names[i];
    found++;
    shell_text_format(&remedy, "%s%s", found > 1 ? ", " : "it could be ", names[i]);
  }
  if (found == 1) {
    shell_text_free(&remedy);
    return match;
  }
  if (found == 0) {
    const char *near = shell_nearest(word, names, n);
    const char *help = command != NULL ? command + 1 : "";
    if (near != NULL) shell_text_format(&remedy, "did you mean %s? ", near);
    shell_text_format(&remedy, ".help%s%s lists them", help[0] != '\0' ? " " : "", help);
  }
  if (command == NULL) {
    shell_fail(sh, remedy.data, "unknown command: %s", word);
  } else {
    shell_fail(sh, remedy.data, "unknown command: %s %s", command, word);
  }
  shell_text_free(&remedy);
  return NULL;
}

static const shell_command *shell_commands_find(shell *sh, const shell_words *words) {
  size_t count;
  const shell_command *table = shell_command_table(&count);
  const char *sub = NULL;
  const char *name = shell_commands_pick(sh, NULL, words->v[0]);
  if (name == NULL) return NULL;
  for (size_t i = 0; i < count; i++) {
    if (table[i].name != name && strcmp(table[i].name, name) != 0) continue;
    if (table[i].sub == NULL) return &table[i];
    if (sub == NULL) {
      if (words->n < 2) {
        shell_text remedy = {0};
        shell_text_format(&remedy, ".help %s lists what it does", name + 1);
        shell_fail(sh, remedy.data, "%s what?", name);
        shell_text_free(&remedy);
        return NULL;
      }
      sub = shell_commands_pick(sh, name, words->v[1]);
    }
    if (sub == NULL) return NULL;
    if (strcmp(table[i].sub, sub) == 0) return &table[i];
  }
  return NULL;
}

int shell_command_run(shell *sh, const char *line) {
  shell_words words;
  shell_text title = {0};
  int rc = shell_words_split(sh, line, &words);
  if (rc != 0) return rc;
  size_t size = strlen(words.v[0]);
  if (words.n == 1 && size > 1 && words.v[0][size - 1] == ';') words.v[0][size - 1] = '\0';
  const shell_command *command = shell_commands_find(sh, &words);
  if (command != NULL) {
    shell_args *args = shell_alloc(sizeof *args);
    shell_commands_title(command, &title);
    rc =
        shell_args_bind(sh, &words, command->sub != NULL ? 2 : 1, title.data, command->usage, args);
    bool timed = sh->timer && command->run != shell_timer && command->run != shell_read_command;
    shell_clock clock;
    shell_clock_start(&clock);
    if (rc == 0) rc = command->run(sh, args);
    if (timed && sh->timer) shell_clock_print(sh, &clock);
    shell_free(args);
  }
  shell_text_free(&title);
  shell_words_free(&words);
  return command == NULL ? 1 : rc;
}

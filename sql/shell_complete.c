/* SPDX-License-Identifier: MIT */
/*
 * What a word may become: for a dot command, what its usage text says stands at that place (a
 * bucket, a graph, a file, a mode, ...); for SQL, keywords, functions, tables, columns, and within
 * quotes the names of buckets and graphs. The text goes in and candidates come out, without any
 * terminal, so that `.complete` and the tests see what the Tab key sees.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shell_internal.h"

/* Candidates being gathered for a word. */
typedef struct shell_complete_set {
  shell *sh;
  const char *word;
  size_t word_size;
  char **names;
  size_t n, capacity;
} shell_complete_set;

static void shell_complete_add(shell_complete_set *set, const char *name, size_t size) {
  if (size < set->word_size || sqlite3_strnicmp(name, set->word, (int)set->word_size) != 0) return;
  if (set->n == set->capacity) {
    set->capacity = set->capacity * 2 + 32;
    set->names = shell_realloc(set->names, set->capacity * sizeof *set->names);
  }
  set->names[set->n++] = shell_copy_bytes(tv_bytes(name, size));
}

static void shell_complete_str(shell_complete_set *set, const char *name) {
  shell_complete_add(set, name, strlen(name));
}

/* ---- Names from the store ---- */

/* The first column of a query; a failure yields fewer candidates and no message. */
static void shell_complete_query(shell_complete_set *set, const char *sql, const char *bound) {
  sqlite3_stmt *statement = NULL;
  if (set->sh->sql == NULL) return;
  if (sqlite3_prepare_v2(set->sh->sql, sql, -1, &statement, NULL) != SQLITE_OK) return;
  if (bound != NULL) sqlite3_bind_text(statement, 1, bound, -1, SQLITE_TRANSIENT);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(statement, 0);
    if (name != NULL) shell_complete_str(set, name);
  }
  sqlite3_finalize(statement);
}

static void shell_complete_tables(shell_complete_set *set) {
  shell_complete_query(set, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')", NULL);
  shell_complete_query(set, "SELECT name FROM sqlite_temp_schema WHERE type IN ('table', 'view')",
                       NULL);
}

static void shell_complete_columns(shell_complete_set *set) {
  /* One query a table: a virtual table that cannot be opened spoils only its own. */
  shell_complete_set tables = {.sh = set->sh, .word = ""};
  shell_complete_tables(&tables);
  for (size_t i = 0; i < tables.n; i++) {
    shell_complete_query(set, "SELECT name FROM pragma_table_info(?1)", tables.names[i]);
    shell_free(tables.names[i]);
  }
  shell_free(tables.names);
}

static int shell_complete_visit(void *ctx, tv_slice name) {
  shell_complete_add(ctx, name.data, name.size);
  return 0;
}

static int shell_complete_read_buckets(tv_txn *txn, void *ctx) {
  return tv_kv_list(txn, shell_complete_visit, ctx);
}

static int shell_complete_read_graphs(tv_txn *txn, void *ctx) {
  return tv_graph_list(txn, shell_complete_visit, ctx);
}

static void shell_complete_buckets(shell_complete_set *set) {
  if (set->sh->db != NULL) shell_read(set->sh, shell_complete_read_buckets, set);
}

static void shell_complete_graphs(shell_complete_set *set) {
  if (set->sh->db != NULL) shell_read(set->sh, shell_complete_read_graphs, set);
}

static void shell_complete_files(shell_complete_set *set) {
  const char *slash = strrchr(set->word, '/');
  size_t size = slash != NULL ? (size_t)(slash - set->word) + 1 : 0;
  char *folder = size > 0 ? shell_copy_bytes(tv_bytes(set->word, size)) : shell_copy("");
  DIR *dir = opendir(size > 0 ? folder : ".");
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    struct stat about;
    shell_text path = {0};
    bool hidden = entry->d_name[0] == '.' && set->word[size] != '.';
    if (hidden) continue;
    shell_text_format(&path, "%s%s", folder, entry->d_name);
    if (stat(path.data, &about) == 0 && S_ISDIR(about.st_mode)) shell_text_char(&path, '/');
    shell_complete_str(set, path.data);
    shell_text_free(&path);
  }
  if (dir != NULL) closedir(dir);
  shell_free(folder);
}

/* ---- SQL ---- */

static void shell_complete_keywords(shell_complete_set *set) {
  /* In the case in which the word is being typed. */
  char last = set->word[set->word_size - 1];
  bool lower = last >= 'a' && last <= 'z';
  for (int i = 0; i < sqlite3_keyword_count(); i++) {
    const char *keyword;
    int size;
    if (sqlite3_keyword_name(i, &keyword, &size) != SQLITE_OK) continue;
    char *name = shell_copy_bytes(tv_bytes(keyword, (size_t)size));
    for (char *c = name; lower && *c != '\0'; c++) {
      if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + ('a' - 'A'));
    }
    shell_complete_str(set, name);
    shell_free(name);
  }
}

/* Where the text begins that is still open at the end of the line; NULL when none is. */
static const char *shell_complete_open_text(const char *line) {
  const char *start = NULL;
  for (const char *c = line; *c != '\0'; c++) {
    if (*c == '\'') start = start == NULL ? c + 1 : NULL;
  }
  return start;
}

static void shell_complete_sql(shell_complete_set *set, const char *line) {
  const char *at = shell_complete_open_text(line);
  if (at != NULL) {
    set->word = at;
    set->word_size = strlen(at);
    shell_complete_buckets(set);
    shell_complete_graphs(set);
    return;
  }
  at = line + strlen(line);
  while (at > line && (at[-1] == '_' || (at[-1] & 0x80) != 0 || (at[-1] >= '0' && at[-1] <= '9') ||
                       (at[-1] >= 'a' && at[-1] <= 'z') || (at[-1] >= 'A' && at[-1] <= 'Z')))
    at--;
  set->word = at;
  set->word_size = strlen(at);
  bool after_dot = at > line && at[-1] == '.';
  if (after_dot) {
    shell_complete_columns(set);
    return;
  }
  shell_complete_tables(set);
  if (set->word_size == 0) return; /* all keywords would only be noise */
  shell_complete_columns(set);
  shell_complete_keywords(set);
  shell_complete_query(set, "SELECT DISTINCT name || '(' FROM pragma_function_list", NULL);
  shell_complete_query(set, "SELECT name || '(' FROM pragma_module_list WHERE name NOT LIKE 'fts%'",
                       NULL);
}

/* ---- Dot commands ---- */

static void shell_complete_options(shell_complete_set *set, const char *usage) {
  for (const char *at = strstr(usage, "--"); at != NULL; at = strstr(at + 2, "--"))
    shell_complete_add(set, at, strcspn(at, " ]"));
}

/* What stands at position `index` of a usage text, "" when nothing does. */
static void shell_complete_place(const char *usage, int index, char *place, size_t size) {
  place[0] = '\0';
  for (const char *at = usage + strspn(usage, " "); *at != '\0'; at += strspn(at, " ")) {
    bool optional = *at == '[';
    const char *name = optional ? at + 1 : at;
    size_t length = strcspn(name, optional ? "]." : " .");
    at += strcspn(at, optional ? "]" : " ");
    at += strspn(at, "].");
    if (strncmp(name, "--", 2) == 0) continue;
    snprintf(place, size, "%.*s", (int)length, name);
    if (index-- == 0) return; /* the last one may repeat: keep it */
  }
}

static void shell_complete_argument(shell_complete_set *set, const char *usage, int index) {
  char place[64];
  if (set->word_size >= 2 && strncmp(set->word, "--", 2) == 0) {
    shell_complete_options(set, usage);
    return;
  }
  shell_complete_place(usage, index, place, sizeof place);
  if (strcmp(place, "BUCKET") == 0) {
    shell_complete_buckets(set);
  } else if (strcmp(place, "GRAPH") == 0) {
    shell_complete_graphs(set);
  } else if (strcmp(place, "FILE") == 0) {
    shell_complete_files(set);
  } else if (strcmp(place, "TABLE") == 0 || strcmp(place, "LIKE") == 0) {
    shell_complete_tables(set);
  } else if (strcmp(place, "NAME") == 0) {
    shell_complete_tables(set);
    shell_complete_buckets(set);
    shell_complete_graphs(set);
  } else if (strcmp(place, "on|off") == 0) {
    shell_complete_str(set, "on");
    shell_complete_str(set, "off");
  } else if (strcmp(place, "MODE") == 0) {
    for (int i = 0; i < SHELL_MODES; i++) shell_complete_str(set, shell_mode_name((shell_mode)i));
  } else if (strcmp(place, "COMMAND") == 0) {
    size_t count;
    const shell_command *table = shell_command_table(&count);
    for (size_t i = 0; i < count; i++) shell_complete_str(set, table[i].name + 1);
  }
}

static bool shell_complete_same(const char *name, const char *word, size_t size) {
  return name != NULL && strlen(name) == size && strncmp(name, word, size) == 0;
}

static void shell_complete_dot(shell_complete_set *set, const char *line) {
  size_t count;
  const shell_command *table = shell_command_table(&count);
  size_t name_size = strcspn(line, " ");
  const char *sub = line + name_size + strspn(line + name_size, " ");
  size_t sub_size = strcspn(sub, " ");
  const char *last = strrchr(line, ' ');
  set->word = last != NULL ? last + 1 : line;
  set->word_size = strlen(set->word);
  int index = 0; /* words between the command and the one being typed */
  for (const char *at = sub; at < set->word; at += strspn(at, " ")) {
    at += strcspn(at, " ");
    index++;
  }
  for (size_t i = 0; i < count; i++) {
    if (last == NULL) {
      shell_complete_str(set, table[i].name);
    } else if (!shell_complete_same(table[i].name, line, name_size)) {
      continue;
    } else if (table[i].sub == NULL) {
      shell_complete_argument(set, table[i].usage, index);
    } else if (index == 0) {
      shell_complete_str(set, table[i].sub);
    } else if (shell_complete_same(table[i].sub, sub, sub_size)) {
      shell_complete_argument(set, table[i].usage, index - 1);
    }
  }
}

/* ---- */

static int shell_complete_order(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t shell_complete(shell *sh, const char *line, char ***candidates, size_t *word) {
  shell_complete_set set = {.sh = sh, .word = ""};
  if (line[0] == '.') {
    shell_complete_dot(&set, line);
  } else {
    shell_complete_sql(&set, line);
  }
  size_t n = 0;
  if (set.n > 0) qsort(set.names, set.n, sizeof *set.names, shell_complete_order);
  for (size_t i = 0; i < set.n; i++) {
    if (n > 0 && strcmp(set.names[n - 1], set.names[i]) == 0) {
      shell_free(set.names[i]);
    } else {
      set.names[n++] = set.names[i];
    }
  }
  *candidates = set.names;
  *word = set.word_size;
  return n;
}

int shell_complete_command(shell *sh, const shell_args *args) {
  char **candidates;
  size_t word;
  size_t n = shell_complete(sh, args->v[0], &candidates, &word);
  for (size_t i = 0; i < n; i++) {
    fprintf(sh->out, "%s\n", candidates[i]);
    shell_free(candidates[i]);
  }
  shell_free(candidates);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The shell at a terminal: a pseudo-terminal stands for it, keys go in and the screen's bytes come
 * out. Also what the Tab key would offer, asked through .complete without a terminal.
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <time.h>

#include "test_shell_drive.h"

/* A shell at a terminal. */
typedef struct terminal {
  int fd;
  pid_t pid;
  char screen[65536]; /* all that was printed since the last terminal_expect */
  size_t size;
} terminal;

static void terminal_child(const char *folder) {
  const char *const words[] = {"s.tv", NULL};
  char history[512], leaks[512], options[600];
  /* libedit never frees the names of added functions (map_addfunc copies them by wcsdup). */
  test_path(leaks, sizeof leaks, folder, "leaks");
  drive_write(leaks, "leak:wcsdup\n");
  snprintf(options, sizeof options, "suppressions=%s:print_suppressions=0", leaks);
  setenv("LSAN_OPTIONS", options, 1);
  test_path(history, sizeof history, folder, "history");
  setenv("TERM", "xterm", 1);
  setenv("HOME", folder, 1);
  setenv("TRIVET_HISTORY", history, 1);
  drive_child(folder, words, 0, 1, 2);
}

static void terminal_type(terminal *t, const char *keys) {
  assert_int_equal(write(t->fd, keys, strlen(keys)), strlen(keys));
}

/* Waits until `text` is on the screen; what stands up to it is forgotten. */
static void terminal_expect(terminal *t, const char *text) {
  time_t end = time(NULL) + 20;
  char *found;
  while ((found = strstr(t->screen, text)) == NULL) {
    struct pollfd waiting = {.fd = t->fd, .events = POLLIN};
    if (time(NULL) > end) fail_msg("\"%s\" did not come; the screen: %s", text, t->screen);
    if (poll(&waiting, 1, 1000) <= 0) continue;
    ssize_t got = read(t->fd, t->screen + t->size, sizeof t->screen - 1 - t->size);
    if (got <= 0) fail_msg("the shell ended before \"%s\" came; the screen: %s", text, t->screen);
    t->size += (size_t)got;
    t->screen[t->size] = '\0';
  }
  size_t used = (size_t)(found - t->screen) + strlen(text);
  memmove(t->screen, t->screen + used, t->size - used + 1);
  t->size -= used;
}

static terminal *terminal_open(const char *folder) {
  terminal *t = calloc(1, sizeof *t);
  struct winsize window = {.ws_row = 40, .ws_col = 120};
  t->pid = forkpty(&t->fd, NULL, NULL, &window);
  assert_true(t->pid >= 0);
  if (t->pid == 0) terminal_child(folder);
  terminal_expect(t, "trivet> ");
  return t;
}

/* Waits for the shell's end; returns its exit code. */
static int terminal_close(terminal *t) {
  int state;
  char rest[4096];
  struct pollfd waiting = {.fd = t->fd, .events = POLLIN};
  for (;;) {
    if (poll(&waiting, 1, 20000) <= 0) {
      kill(t->pid, SIGKILL);
      fail_msg("the shell did not end; the screen: %s", t->screen);
    }
    if (read(t->fd, rest, sizeof rest) <= 0) break;
  }
  assert_int_equal(waitpid(t->pid, &state, 0), t->pid);
  close(t->fd);
  free(t);
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

/* ---- At the terminal ---- */

static void a_session_greets_prompts_and_ends_by_ctrl_d(void **state) {
  const char *folder = *state;
  terminal *t = calloc(1, sizeof *t);
  t->pid = forkpty(&t->fd, NULL, NULL, NULL);
  if (t->pid == 0) terminal_child(folder);
  terminal_expect(t, "Trivet " TV_VERSION_STRING " (SQLite 3.");
  terminal_expect(t, ") - s.tv");
  terminal_expect(t, "Type .help for help");
  terminal_expect(t, "trivet> ");
  terminal_type(t, "select 6 * 7 as answer;\r");
  terminal_expect(t, "│ answer │");
  terminal_expect(t, "│     42 │");
  terminal_expect(t, "trivet> ");
  terminal_type(t, "\x04");
  assert_int_equal(terminal_close(t), 0);
}

static void statements_may_have_several_lines_and_transactions_show(void **state) {
  terminal *t = terminal_open(*state);
  terminal_type(t, "select 1,\r");
  terminal_expect(t, "   ...> ");
  terminal_type(t, "  20 + 2;\r");
  terminal_expect(t, "22 │");
  terminal_type(t, "begin;\r");
  terminal_expect(t, "trivet*> ");
  terminal_type(t, "rollback;\r");
  terminal_expect(t, "trivet> ");
  terminal_type(t, "select nope;\r");
  terminal_expect(t, "Error: no such column: nope");
  terminal_expect(t, "trivet> ");
  terminal_type(t, ".quit\r");
  assert_int_equal(terminal_close(t), 0);
}

static void tab_completes_a_name_and_lists_several(void **state) {
  drive_expect(*state, "create table aardvark(wingspan);\n.kv create users\n", "");
  terminal *t = terminal_open(*state);
  terminal_type(t, "select count(*) || '!' from aard\t;\r");
  terminal_expect(t, "vark ");
  terminal_expect(t, "0!");
  terminal_type(t, ".kv \t");
  terminal_expect(t, "append");
  terminal_expect(t, "rename");
  terminal_type(t, "cou\tus\t\r");
  terminal_expect(t, "entries");
  terminal_expect(t, "0 │");
  terminal_type(t, ".quit\r");
  assert_int_equal(terminal_close(t), 0);
}

static void history_outlives_the_session(void **state) {
  char path[512];
  terminal *t = terminal_open(*state);
  terminal_type(t, "select 'first' ||\r");
  terminal_expect(t, "...> ");
  terminal_type(t, "'-time';\r");
  terminal_expect(t, "first-time");
  terminal_type(t, "select 40 + 2;\r");
  terminal_expect(t, "42 │");
  terminal_expect(t, "trivet> ");
  terminal_type(t, "\x04");
  terminal_close(t);
  test_path(path, sizeof path, *state, "history");
  assert_int_equal(access(path, R_OK), 0);
  t = terminal_open(*state);
  terminal_type(t, "\x10"); /* Ctrl-P, the one before */
  terminal_expect(t, "select 40 + 2;");
  terminal_type(t, "\r");
  terminal_expect(t, "42 │");
  terminal_type(t, ".quit\r");
  assert_int_equal(terminal_close(t), 0);
}

static void ctrl_c_ends_the_statement_and_keeps_the_shell(void **state) {
  struct timespec pause = {.tv_nsec = 300000000};
  terminal *t = terminal_open(*state);
  terminal_type(t,
                "with recursive c(x) as (select 1 union all select x + 1 from c)"
                " select count(*) from c;\r");
  terminal_expect(t, "count(*) from c;");
  nanosleep(&pause, NULL);
  terminal_type(t, "\x03");
  terminal_expect(t, "Error: interrupted");
  terminal_expect(t, "trivet> ");
  terminal_type(t, "select 'half a line");
  terminal_expect(t, "half a line");
  terminal_type(t, "\x03");
  terminal_expect(t, "trivet> ");
  terminal_type(t, "select 5 + 5;\r");
  terminal_expect(t, "10 │");
  terminal_type(t, ".quit\r");
  assert_int_equal(terminal_close(t), 0);
}

static void ctrl_c_ends_a_script_with_its_transaction(void **state) {
  struct timespec pause = {.tv_nsec = 300000000};
  int in[2], state_of_child;
  drive_expect(*state, "create table t(a);\n", "");
  assert_int_equal(pipe(in), 0);
  pid_t pid = fork();
  if (pid == 0) {
    const char *const words[] = {"s.tv", NULL};
    int null = open("/dev/null", O_WRONLY);
    close(in[1]);
    drive_child(*state, words, in[0], null, null);
  }
  close(in[0]);
  static const char script[] =
      "begin;\ninsert into t values(1);\n"
      "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from "
      "c;\ncommit;\n";
  assert_int_equal(write(in[1], script, sizeof script - 1), sizeof script - 1);
  nanosleep(&pause, NULL);
  kill(pid, SIGINT);
  assert_int_equal(waitpid(pid, &state_of_child, 0), pid);
  close(in[1]);
  assert_true(WIFEXITED(state_of_child));
  assert_int_equal(WEXITSTATUS(state_of_child), 130);
  drive_expect(*state, "select count(*) from t;\n", "0\n");
}

/* ---- Completion without a terminal ---- */

static void complete_expect(void **state, const char *line, const char *expected) {
  char script[512];
  snprintf(script, sizeof script, ".complete \"%s\"\n", line);
  drive_expect(*state, script, expected);
}

static void completion_knows_commands_options_and_places(void **state) {
  char path[512];
  drive_expect(
      *state,
      "create table people(surname, born);\ncreate view pets as select 1;\n.kv create users\n"
      ".kv create urls\n.graph create social\n",
      "");
  test_path(path, sizeof path, *state, "script.sql");
  drive_write(path, "");
  complete_expect(state, ".ki", "");
  complete_expect(state, ".head", ".headers\n");
  complete_expect(state, ".gr", ".graph\n.graphs\n");
  complete_expect(state, ".kv s", "scan\nsweep\n");
  complete_expect(state, ".kv scan u", "urls\nusers\n");
  complete_expect(state, ".kv scan users --", "--from\n--keys\n--limit\n--reverse\n--to\n");
  complete_expect(state, ".graph path so", "social\n");
  complete_expect(state, ".graph path social a --t", "--type\n");
  complete_expect(state, ".mode j", "json\njsonl\n");
  complete_expect(state, ".timer o", "off\non\n");
  complete_expect(state, ".help li", "limits\n");
  complete_expect(state, ".schema pe", "people\npets\n");
  complete_expect(state, ".read scr", "script.sql\n");
  complete_expect(state, ".export x.csv so", "social\n");
}

static void completion_knows_sql(void **state) {
  drive_expect(*state,
               "create table people(surname, born);\n.kv create users\n.graph create social\n", "");
  complete_expect(state, "sele", "select\n");
  complete_expect(state, "SELE", "SELECT\n");
  complete_expect(state, "select sur", "surname\n");
  complete_expect(state, "select * from peop", "people\n");
  complete_expect(state, "select people.b", "born\n");
  complete_expect(state, "select * from graph_k", "graph_khop(\n");
  complete_expect(state, "select * from kv('us", "users\n");
  complete_expect(state, "select * from ", "people\n");
  complete_expect(state, "select group_c", "group_concat(\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      drive_test(a_session_greets_prompts_and_ends_by_ctrl_d),
      drive_test(statements_may_have_several_lines_and_transactions_show),
      drive_test(tab_completes_a_name_and_lists_several),
      drive_test(history_outlives_the_session),
      drive_test(ctrl_c_ends_the_statement_and_keeps_the_shell),
      drive_test(ctrl_c_ends_a_script_with_its_transaction),
      drive_test(completion_knows_commands_options_and_places),
      drive_test(completion_knows_sql),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

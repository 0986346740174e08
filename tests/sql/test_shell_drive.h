/* SPDX-License-Identifier: MIT */
/*
 * Runs the built shell as a user does: arguments, standard input, what comes out, the exit code.
 * Input and output go through files, so that neither side can wait for the other.
 */
#ifndef TRIVET_TEST_SHELL_DRIVE_H
#define TRIVET_TEST_SHELL_DRIVE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_store.h"

#define DRIVE_WORDS_MAX 16

/* What a run of the shell left behind. */
typedef struct drive_run {
  int code; /* exit code; 128 + signal when killed */
  char *out, *err;
} drive_run;

/* The shell: TRIVET_BIN, else beside this program's folder (BUILD/tests/sql/x -> BUILD/trivet). */
static inline void drive_binary(char *path, size_t size) {
  const char *given = getenv("TRIVET_BIN");
  if (given != NULL) {
    snprintf(path, size, "%s", given);
    return;
  }
  ssize_t length = readlink("/proc/self/exe", path, size - 1);
  assert_true(length > 0);
  path[length] = '\0';
  for (int i = 0; i < 3; i++) *strrchr(path, '/') = '\0';
  size_t used = strlen(path);
  snprintf(path + used, size - used, "/trivet");
  if (access(path, X_OK) != 0) fail_msg("%s is not built: make it first, or set TRIVET_BIN", path);
}

/* The whole file as a string; binary zeros are kept, *size (may be NULL) gets the length. */
static inline char *drive_read(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail_msg("cannot read %s", path);
  char *text = calloc(1, 1 << 20);
  size_t length = fread(text, 1, (1 << 20) - 1, file);
  fclose(file);
  if (size != NULL) *size = length;
  return text;
}

static inline void drive_write(const char *path, const char *text) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static inline void drive_child(const char *folder, const char *const *words, int in, int out,
                               int err) {
  char binary[512];
  const char *argv[DRIVE_WORDS_MAX + 2] = {"trivet"};
  drive_binary(binary, sizeof binary);
  for (int i = 0; i < DRIVE_WORDS_MAX && words[i] != NULL; i++) argv[i + 1] = words[i];
  if (chdir(folder) != 0) _exit(126);
  dup2(in, 0);
  dup2(out, 1);
  dup2(err, 2);
  execv(binary, (char *const *)argv);
  _exit(127);
}

/* Runs `trivet words...` in `folder` with `input` on its standard input. */
static inline drive_run drive(const char *folder, const char *input, const char *const *words) {
  char paths[3][512];
  static const char *const names[] = {"drive.in", "drive.out", "drive.err"};
  int fds[3], state;
  for (int i = 0; i < 3; i++) test_path(paths[i], sizeof paths[i], folder, names[i]);
  drive_write(paths[0], input);
  fds[0] = open(paths[0], O_RDONLY);
  for (int i = 1; i < 3; i++) fds[i] = open(paths[i], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) drive_child(folder, words, fds[0], fds[1], fds[2]);
  for (int i = 0; i < 3; i++) close(fds[i]);
  assert_int_equal(waitpid(pid, &state, 0), pid);
  drive_run run = {.code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state)};
  run.out = drive_read(paths[1], NULL);
  run.err = drive_read(paths[2], NULL);
  return run;
}

static inline void drive_free(drive_run *run) {
  free(run->out);
  free(run->err);
}

/* A script on the store `s.tv` of the folder. */
static inline drive_run drive_script(const char *folder, const char *script) {
  const char *const words[] = {"s.tv", NULL};
  return drive(folder, script, words);
}

/* The script succeeds, says nothing on standard error, and prints exactly `expected`. */
static inline void drive_expect(const char *folder, const char *script, const char *expected) {
  drive_run run = drive_script(folder, script);
  if (run.code != 0 || run.err[0] != '\0') print_message("exit %d: %s\n", run.code, run.err);
  assert_string_equal(run.out, expected);
  assert_string_equal(run.err, "");
  assert_int_equal(run.code, 0);
  drive_free(&run);
}

/* The script fails with exit code 1 and a message that contains `part`. */
static inline void drive_expect_error(const char *folder, const char *script, const char *part) {
  drive_run run = drive_script(folder, script);
  if (strstr(run.err, part) == NULL) fail_msg("expected \"%s\" in: %s", part, run.err);
  assert_int_equal(run.code, 1);
  drive_free(&run);
}

/* A file of the test's folder: writes it, and holds it to its bytes. */
static inline void files_write(void **state, const char *name, const char *text) {
  char path[512];
  test_path(path, sizeof path, *state, name);
  drive_write(path, text);
}

static inline void files_expect(void **state, const char *name, const char *expected) {
  char path[512];
  test_path(path, sizeof path, *state, name);
  char *text = drive_read(path, NULL);
  assert_string_equal(text, expected);
  free(text);
}

/* cmocka fixtures: a folder a test. */
static inline int drive_setup(void **state) {
  *state = test_folder_make();
  return 0;
}

static inline int drive_teardown(void **state) {
  test_folder_remove(*state);
  return 0;
}

#define drive_test(name) cmocka_unit_test_setup_teardown(name, drive_setup, drive_teardown)

#endif

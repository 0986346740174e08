/* SPDX-License-Identifier: MIT */
/*
 * A dictionary for .kv create, trained on samples: the lines of a file, or the values of a bucket
 * that is there already. Of a large bucket they are taken all over the range of its keys: its
 * beginning alone was rejected, as values near each other are alike.
 */
#include <errno.h>
#include <string.h>

#include "shell_internal.h"

enum { SHELL_SAMPLES_MAX = 10000, SHELL_SAMPLES_BYTES_MAX = 16 << 20 };

typedef struct shell_samples {
  const char *bucket;
  char *v[SHELL_SAMPLES_MAX];
  tv_slice slices[SHELL_SAMPLES_MAX];
  size_t n, bytes;
} shell_samples;

/* Copies a sample; false when there are enough. */
static bool shell_samples_add(shell_samples *samples, tv_slice sample) {
  if (samples->n == SHELL_SAMPLES_MAX || samples->bytes + sample.size > SHELL_SAMPLES_BYTES_MAX)
    return false;
  if (sample.size == 0) return true;
  samples->v[samples->n] = shell_copy_bytes(sample);
  samples->slices[samples->n] = tv_bytes(samples->v[samples->n], sample.size);
  samples->n++;
  samples->bytes += sample.size;
  return true;
}

static int shell_samples_of_file(shell *sh, shell_samples *samples, const char *path) {
  FILE *file = fopen(path, "re");
  char *line;
  bool more = true;
  if (file == NULL)
    return shell_fail(sh, "check the path", "cannot open %s: %s", path, strerror(errno));
  while (more && (line = shell_line_read(file)) != NULL) {
    more = shell_samples_add(samples, tv_str(line));
    shell_free(line);
  }
  fclose(file);
  return 0;
}

static int shell_samples_of_bucket_work(tv_txn *txn, void *ctx) {
  shell_samples *samples = ctx;
  tv_range whole = {{NULL, 0}, {NULL, 0}};
  tv_kv_cursor *cursor;
  tv_bucket *bucket;
  uint64_t count = 0, at = 0;
  int status = tv_kv_open(txn, samples->bucket, 0, NULL, &bucket);
  if (status == TV_OK) status = tv_kv_count(bucket, &count);
  if (status == TV_OK) status = tv_kv_cursor_open(bucket, whole, &cursor);
  if (status != TV_OK) return status;
  uint64_t step = count / SHELL_SAMPLES_MAX + 1;
  while (status == TV_OK) {
    tv_slice key, value;
    status = shell_interrupted() ? TV_EINTR : tv_kv_cursor_next(cursor, &key, &value);
    if (status == TV_OK && at++ % step == 0 && !shell_samples_add(samples, value)) status = TV_END;
  }
  tv_kv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

static int shell_samples_dictionary(shell *sh, const shell_samples *samples, tv_slice *out) {
  tv_error error = {0};
  size_t size = 0;
  if (samples->n == 0)
    return shell_fail(sh, "give some hundred values, one a line", "there are no samples");
  void *dictionary = shell_alloc(TV_DICTIONARY_BYTES_MAX);
  int status =
      tv_kv_train(samples->n, samples->slices, dictionary, TV_DICTIONARY_BYTES_MAX, &size, &error);
  *out = tv_bytes(dictionary, size);
  if (status == TV_OK && size > 0) return 0;
  shell_free(dictionary);
  *out = tv_bytes(NULL, 0);
  return status == TV_OK
             ? shell_fail(sh, "leave the samples out", "the samples have nothing in common")
             : shell_fail_status(sh, status, &error, NULL);
}

int shell_samples_train(shell *sh, const char *file, const char *bucket, tv_slice *dictionary) {
  shell_samples *samples = shell_alloc(sizeof *samples);
  samples->bucket = bucket;
  int status = TV_OK, rc = 0;
  if (file != NULL) rc = shell_samples_of_file(sh, samples, file);
  if (bucket != NULL) status = shell_read(sh, shell_samples_of_bucket_work, samples);
  if (status != TV_OK) rc = shell_fail_status(sh, status, &sh->error, bucket);
  if (rc == 0) rc = shell_samples_dictionary(sh, samples, dictionary);
  for (size_t i = 0; i < samples->n; i++) shell_free(samples->v[i]);
  shell_free(samples);
  return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * External sorting for bulk loads. Pairs are gathered in one buffer; when it is full they are
 * sorted (merge sort over 16-byte references that hold the first 8 bytes of the key) and written as
 * one run to a temporary file, which is unlinked as soon as it is open. Then all runs are
 * merged at once, each read through a window of the same memory. Rejected: merging in several
 * passes; with the windows of 16 KiB or more, 64 MiB of memory merge 4,096 runs, that is 256 GiB.
 *
 *   record in buffer and file: le32 key size, le32 value size, key, value
 */
#include "sorted_runs_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encode_internal.h"

#define RUNS_RECORD_HEAD ((size_t)8)
#define RUNS_WINDOW_BYTES_MIN ((size_t)16 * 1024)

/* A pair in the buffer: the key's first 8 bytes as a number, and where the record is. */
typedef struct runs_ref {
  uint64_t first;
  size_t at;
} runs_ref;

/* A run being read. The one in memory has its records in runs->buffer, in the order of the refs. */
typedef struct runs_reader {
  uint64_t begin, end;  /* in the file */
  uint64_t at, mark;    /* of the current record; of the marked one */
  unsigned char *bytes; /* window */
  size_t capacity, size;
  uint64_t window_at; /* where in the file the window begins */
  tv_slice key, value;
} runs_reader;

struct tvi_runs {
  size_t memory_bytes;
  char *folder;
  tvi_buffer buffer;
  runs_ref *refs, *refs_spare;
  size_t ref_count, ref_capacity;
  int file; /* -1: none */
  uint64_t file_bytes;
  runs_reader *readers; /* in the order of their making: later ones win */
  size_t reader_count, reader_capacity;
  size_t *heap; /* readers by their current key, the least first */
  size_t heap_count;
  int heap_stale; /* 1: readers were moved, or one failed: the heap is to be filled anew */
  int reading;
  size_t ref_at, ref_mark;          /* reading from memory alone */
  size_t last_size, last_mark_size; /* the key handed out last */
  unsigned char last[TV_KEY_BYTES_MAX], last_mark[TV_KEY_BYTES_MAX];
};

tvi_runs *tvi_runs_make(size_t memory_bytes, const char *folder) {
  tvi_runs *runs = tvi_zalloc(sizeof *runs);
  size_t size;

  if (runs == NULL) return NULL;
  if (folder == NULL) folder = getenv("TMPDIR");
  if (folder == NULL || folder[0] == '\0') folder = "/tmp";
  size = strlen(folder) + 1;
  runs->folder = tvi_alloc(size);
  if (runs->folder == NULL) {
    tvi_free(runs);
    return NULL;
  }
  memcpy(runs->folder, folder, size);
  runs->memory_bytes = memory_bytes;
  runs->file = -1;
  return runs;
}

void tvi_runs_free(tvi_runs *runs) {
  size_t i;
  if (runs == NULL) return;
  if (runs->file >= 0) (void)close(runs->file);
  for (i = 0; i < runs->reader_count; i++) tvi_free(runs->readers[i].bytes);
  tvi_free(runs->readers);
  tvi_free(runs->heap);
  tvi_free(runs->refs);
  tvi_free(runs->refs_spare);
  tvi_buffer_free(&runs->buffer);
  tvi_free(runs->folder);
  tvi_free(runs);
}

/* ---- Sorting in memory ---- */

static tv_slice runs_key_of(const unsigned char *record) {
  return tv_bytes(record + RUNS_RECORD_HEAD, tvi_load_le32(record));
}

static tv_slice runs_value_of(const unsigned char *record) {
  return tv_bytes(record + RUNS_RECORD_HEAD + tvi_load_le32(record), tvi_load_le32(record + 4));
}

static int runs_key_order(tv_slice a, tv_slice b) {
  size_t n = a.size < b.size ? a.size : b.size;
  int order = memcmp(a.data, b.data, n);
  return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int runs_ref_order(const tvi_runs *runs, const runs_ref *a, const runs_ref *b) {
  if (a->first != b->first) return a->first < b->first ? -1 : 1;
  return runs_key_order(runs_key_of(runs->buffer.data + a->at),
                        runs_key_of(runs->buffer.data + b->at));
}

/* Bottom-up merge sort: stable, so that of equal keys the last one added comes last. */
static void runs_sort(tvi_runs *runs) {
  size_t n = runs->ref_count, width, i;

  for (width = 1; width < n; width *= 2) {
    runs_ref *from = runs->refs, *to = runs->refs_spare;
    for (i = 0; i < n; i += 2 * width) {
      size_t middle = n - i < width ? n : i + width;
      size_t end = n - i < 2 * width ? n : i + 2 * width;
      size_t a = i, b = middle, k;
      for (k = i; k < end; k++) {
        int left = b == end || (a < middle && runs_ref_order(runs, &from[a], &from[b]) <= 0);
        to[k] = from[left ? a++ : b++];
      }
    }
    runs->refs = to;
    runs->refs_spare = from;
  }
  /* Of equal keys only the last stays. */
  for (i = 0, width = 0; i < n; i++)
    if (i + 1 == n || runs_ref_order(runs, &runs->refs[i], &runs->refs[i + 1]) != 0)
      runs->refs[width++] = runs->refs[i];
  runs->ref_count = width;
}

/* ---- Spilling ---- */

static int runs_file_fail(tvi_runs *runs, tv_error *err, int code, const char *what) {
  char text[128];
  int status = code == ENOSPC || code == EDQUOT                   ? TV_ENOSPC
               : code == EACCES || code == EROFS || code == EPERM ? TV_EACCES
                                                                  : TV_EIO;
  return tvi_error_set(err, status, code, "%s a temporary file in '%s': %s", what, runs->folder,
                       strerror_r(code, text, sizeof text)); /* glibc's: it returns the text */
}

static int runs_file_make(tvi_runs *runs, tv_error *err) {
  static const char tail[] = "/trivet-load-XXXXXX";
  size_t size = strlen(runs->folder);
  char *path = tvi_alloc(size + sizeof tail);
  int code;

  if (path == NULL) return tvi_error_set(err, TV_ENOMEM, 0, "out of memory for a load");
  memcpy(path, runs->folder, size);
  memcpy(path + size, tail, sizeof tail);
  runs->file = mkostemp(path, O_CLOEXEC);
  code = errno;
  if (runs->file >= 0) (void)unlink(path);
  tvi_free(path);
  return runs->file >= 0 ? TV_OK : runs_file_fail(runs, err, code, "cannot make");
}

static int runs_file_write(tvi_runs *runs, uint64_t at, const unsigned char *data, size_t size,
                           tv_error *err) {
  while (size > 0) {
    ssize_t n = pwrite(runs->file, data, size, (off_t)at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return runs_file_fail(runs, err, n < 0 ? errno : ENOSPC, "cannot write to");
    data += n;
    size -= (size_t)n;
    at += (uint64_t)n;
  }
  return TV_OK;
}

/* Room for one more run; more runs than the memory has windows for are refused. */
static int runs_reader_reserve(tvi_runs *runs, tv_error *err) {
  size_t capacity = runs->reader_capacity == 0 ? 16 : 2 * runs->reader_capacity;
  runs_reader *readers;

  if (runs->reader_count >= runs->memory_bytes / RUNS_WINDOW_BYTES_MIN)
    return tvi_error_set(err, TV_ELIMIT, 0,
                         "a load of %zu sorted runs needs more memory_bytes than %zu",
                         runs->reader_count + 1, runs->memory_bytes);
  if (runs->reader_count < runs->reader_capacity) return TV_OK;
  readers = tvi_realloc(runs->readers, capacity * sizeof *readers);
  if (readers == NULL) return tvi_error_set(err, TV_ENOMEM, 0, "out of memory for a load");
  runs->readers = readers;
  runs->reader_capacity = capacity;
  return TV_OK;
}

/* Writes the sorted pairs through the part of the buffer that is left over or, at least, a window.
 */
static int runs_spill(tvi_runs *runs, tv_error *err) {
  tvi_buffer out = {0};
  uint64_t at = runs->file_bytes;
  size_t i;
  int status = runs_reader_reserve(runs, err);

  if (status == TV_OK && runs->file < 0) status = runs_file_make(runs, err);
  if (status != TV_OK) return status;
  runs_sort(runs);
  for (i = 0; i < runs->ref_count && status == TV_OK; i++) {
    const unsigned char *record = runs->buffer.data + runs->refs[i].at;
    size_t size = RUNS_RECORD_HEAD + tvi_load_le32(record) + tvi_load_le32(record + 4);
    if (out.size + size > RUNS_WINDOW_BYTES_MIN) {
      status = runs_file_write(runs, at, out.data, out.size, err);
      at += out.size;
      out.size = 0;
    }
    if (status == TV_OK && size > RUNS_WINDOW_BYTES_MIN) {
      status = runs_file_write(runs, at, record, size, err);
      at += size;
    } else if (status == TV_OK && tvi_buffer_append(&out, record, size) != TV_OK) {
      status = tvi_error_set(err, TV_ENOMEM, 0, "out of memory for a load");
    }
  }
  if (status == TV_OK) status = runs_file_write(runs, at, out.data, out.size, err);
  at += out.size;
  tvi_buffer_free(&out);
  if (status != TV_OK) return status;
  runs->readers[runs->reader_count++] =
      (runs_reader){.begin = runs->file_bytes, .end = at, .at = runs->file_bytes};
  runs->file_bytes = at;
  runs->buffer.size = 0;
  runs->ref_count = 0;
  return TV_OK;
}

/* ---- Adding ---- */

static int runs_refs_reserve(tvi_runs *runs) {
  size_t capacity = runs->ref_capacity == 0 ? 256 : 2 * runs->ref_capacity;
  runs_ref *refs, *spare;

  if (runs->ref_count < runs->ref_capacity) return TV_OK;
  refs = tvi_realloc(runs->refs, capacity * sizeof *refs);
  if (refs == NULL) return TV_ENOMEM;
  runs->refs = refs;
  spare = tvi_realloc(runs->refs_spare, capacity * sizeof *spare);
  if (spare == NULL) return TV_ENOMEM;
  runs->refs_spare = spare;
  runs->ref_capacity = capacity;
  return TV_OK;
}

int tvi_runs_add(tvi_runs *runs, tv_slice key, tv_slice value, tv_error *err) {
  unsigned char head[RUNS_RECORD_HEAD];
  unsigned char first[8] = {0};
  size_t at, need = RUNS_RECORD_HEAD + key.size + value.size;
  size_t held = runs->buffer.size + runs->ref_count * 2 * sizeof(runs_ref);
  int status;

  if (runs->ref_count > 0 && held + need > runs->memory_bytes) {
    status = runs_spill(runs, err);
    if (status != TV_OK) return status;
  }
  at = runs->buffer.size;
  status = runs_refs_reserve(runs);
  if (status == TV_OK) status = tvi_buffer_reserve(&runs->buffer, at + need);
  if (status != TV_OK) return tvi_error_set(err, status, 0, "out of memory for a load");
  tvi_store_le32(head, (uint32_t)key.size);
  tvi_store_le32(head + 4, (uint32_t)value.size);
  (void)tvi_buffer_append(&runs->buffer, head, sizeof head);
  (void)tvi_buffer_append(&runs->buffer, key.data, key.size);
  (void)tvi_buffer_append(&runs->buffer, value.data, value.size);
  memcpy(first, key.data, key.size < sizeof first ? key.size : sizeof first);
  runs->refs[runs->ref_count++] = (runs_ref){tvi_load_be64(first), at};
  return TV_OK;
}

/* ---- Reading runs ---- */

static int runs_window_fill(tvi_runs *runs, runs_reader *reader, size_t need, tv_error *err) {
  uint64_t left = reader->end - reader->at;

  if (reader->capacity < need) {
    unsigned char *bytes = tvi_realloc(reader->bytes, need);
    if (bytes == NULL) return tvi_error_set(err, TV_ENOMEM, 0, "out of memory for a load");
    reader->bytes = bytes;
    reader->capacity = need;
  }
  reader->window_at = reader->at;
  reader->size = 0;
  if (need > left) return tvi_error_set(err, TV_EIO, 0, "the temporary file of a load was changed");
  if (left > reader->capacity) left = reader->capacity;
  while (reader->size < left) {
    ssize_t n = pread(runs->file, reader->bytes + reader->size, (size_t)left - reader->size,
                      (off_t)(reader->window_at + reader->size));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return runs_file_fail(runs, err, n < 0 ? errno : EIO, "cannot read from");
    reader->size += (size_t)n;
  }
  return TV_OK;
}

/* Makes `need` bytes at the current record available; returns where they are. */
static int runs_window(tvi_runs *runs, runs_reader *reader, size_t need, unsigned char **out,
                       tv_error *err) {
  if (reader->at < reader->window_at || reader->at + need > reader->window_at + reader->size) {
    int status = runs_window_fill(runs, reader, need, err);
    if (status != TV_OK) return status;
  }
  *out = reader->bytes + (reader->at - reader->window_at);
  return TV_OK;
}

/* Decodes the current record. TV_END behind the last one. */
static int runs_reader_load(tvi_runs *runs, runs_reader *reader, tv_error *err) {
  unsigned char *record;
  size_t size;
  int status;

  if (reader->at == reader->end) return TV_END;
  status = runs_window(runs, reader, RUNS_RECORD_HEAD, &record, err);
  if (status != TV_OK) return status;
  size = RUNS_RECORD_HEAD + tvi_load_le32(record) + tvi_load_le32(record + 4);
  status = runs_window(runs, reader, size, &record, err);
  if (status != TV_OK) return status;
  reader->key = runs_key_of(record);
  reader->value = runs_value_of(record);
  return TV_OK;
}

static void runs_reader_step(runs_reader *reader) {
  reader->at += RUNS_RECORD_HEAD + reader->key.size + reader->value.size;
}

/* ---- Merging: a heap of readers, by key, of equal keys the latest run first ---- */

static int runs_heap_before(const tvi_runs *runs, size_t a, size_t b) {
  int order = runs_key_order(runs->readers[a].key, runs->readers[b].key);
  return order != 0 ? order < 0 : a > b;
}

static void runs_heap_sink(tvi_runs *runs, size_t at) {
  size_t *heap = runs->heap, item = heap[at];
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= runs->heap_count) break;
    if (child + 1 < runs->heap_count && runs_heap_before(runs, heap[child + 1], heap[child]))
      child++;
    if (!runs_heap_before(runs, heap[child], item)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = item;
}

static int runs_heap_fill(tvi_runs *runs, tv_error *err) {
  size_t i;
  runs->heap_count = 0;
  for (i = 0; i < runs->reader_count; i++) {
    int status = runs_reader_load(runs, &runs->readers[i], err);
    if (status == TV_END) continue;
    if (status != TV_OK) return status;
    runs->heap[runs->heap_count++] = i;
  }
  for (i = runs->heap_count / 2; i-- > 0;) runs_heap_sink(runs, i);
  return TV_OK;
}

/* Moves the least reader on. */
static int runs_heap_advance(tvi_runs *runs, tv_error *err) {
  runs_reader *reader = &runs->readers[runs->heap[0]];
  int status;
  runs_reader_step(reader);
  status = runs_reader_load(runs, reader, err);
  if (status == TV_END) {
    runs->heap[0] = runs->heap[--runs->heap_count];
    status = TV_OK;
  }
  if (status == TV_OK && runs->heap_count > 0) runs_heap_sink(runs, 0);
  return status;
}

/* Ends the adding: sorts what is in memory or, where runs were spilled, spills it too. */
static int runs_read_begin(tvi_runs *runs, tv_error *err) {
  size_t i, window;
  int status;

  if (runs->reader_count == 0) {
    runs_sort(runs);
    return TV_OK;
  }
  if (runs->ref_count > 0) {
    status = runs_spill(runs, err);
    if (status != TV_OK) return status;
  }
  tvi_buffer_free(&runs->buffer);
  tvi_free(runs->refs);
  tvi_free(runs->refs_spare);
  runs->refs = NULL;
  runs->refs_spare = NULL;
  runs->ref_capacity = 0;
  if (runs->heap == NULL) runs->heap = tvi_alloc(runs->reader_count * sizeof *runs->heap);
  window = runs->memory_bytes / runs->reader_count;
  for (i = 0; i < runs->reader_count && runs->heap != NULL; i++) {
    runs_reader *reader = &runs->readers[i];
    if (reader->bytes == NULL) reader->bytes = tvi_alloc(window);
    if (reader->bytes == NULL) break;
    reader->capacity = window;
    reader->mark = reader->begin;
  }
  if (runs->heap == NULL || i < runs->reader_count)
    return tvi_error_set(err, TV_ENOMEM, 0, "out of memory for a load");
  runs->heap_stale = 1;
  return TV_OK;
}

/* The pair last handed out, and older values of its key in other runs, are passed over only now:
 * what was handed out lies in a reader's window. */
static int runs_pass_last(tvi_runs *runs, tv_error *err) {
  tv_slice last = tv_bytes(runs->last, runs->last_size);
  while (runs->last_size > 0 && runs->heap_count > 0 &&
         runs_key_order(runs->readers[runs->heap[0]].key, last) == 0) {
    int status = runs_heap_advance(runs, err);
    if (status != TV_OK) return status;
  }
  return TV_OK;
}

static int runs_next_merged(tvi_runs *runs, tv_slice *key, tv_slice *value, tv_error *err) {
  const runs_reader *least;
  int status = runs->heap_stale ? runs_heap_fill(runs, err) : TV_OK;

  runs->heap_stale = 1; /* unless all goes well */
  if (status == TV_OK) status = runs_pass_last(runs, err);
  if (status != TV_OK) return status;
  runs->heap_stale = 0;
  if (runs->heap_count == 0) return TV_END;
  least = &runs->readers[runs->heap[0]];
  *key = least->key;
  *value = least->value;
  runs->last_size = key->size;
  memcpy(runs->last, key->data, key->size);
  return TV_OK;
}

int tvi_runs_next(tvi_runs *runs, tv_slice *key, tv_slice *value, tv_error *err) {
  const unsigned char *record;

  if (!runs->reading) {
    int status = runs_read_begin(runs, err);
    if (status != TV_OK) return status;
    runs->reading = 1;
  }
  if (runs->reader_count > 0) return runs_next_merged(runs, key, value, err);
  if (runs->ref_at == runs->ref_count) return TV_END;
  record = runs->buffer.data + runs->refs[runs->ref_at++].at;
  *key = runs_key_of(record);
  *value = runs_value_of(record);
  return TV_OK;
}

int tvi_runs_reading(const tvi_runs *runs) {
  return runs->reading;
}

void tvi_runs_mark(tvi_runs *runs) {
  size_t i;
  for (i = 0; i < runs->reader_count; i++) runs->readers[i].mark = runs->readers[i].at;
  memcpy(runs->last_mark, runs->last, runs->last_size);
  runs->last_mark_size = runs->last_size;
  runs->ref_mark = runs->ref_at;
}

void tvi_runs_back(tvi_runs *runs) {
  size_t i;
  for (i = 0; i < runs->reader_count; i++) runs->readers[i].at = runs->readers[i].mark;
  memcpy(runs->last, runs->last_mark, runs->last_mark_size);
  runs->last_size = runs->last_mark_size;
  runs->ref_at = runs->ref_mark;
  runs->heap_stale = 1;
}

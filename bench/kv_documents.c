/* SPDX-License-Identifier: MIT */
/*
 * Documents: the stanzas of the machine's Debian package index as JSON objects, compressed by
 * LZ4-HC with a dictionary against raw LMDB, which stores them as they are. Generated documents
 * stand in where there is no index; real ones are preferred, since compression of made-up text
 * shows what its maker put into it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deb_control.h"
#include "deb_source.h"
#include "interrupt.h"
#include "json_write.h"
#include "kv_bench.h"
#include "tool_heap.h"
#include "trivet_kv.h"

#define KV_DOCUMENTS_QUICK 12000
#define KV_DICTIONARY_SAMPLES 4000

typedef struct kv_document {
  tv_slice key, value;
} kv_document;

typedef struct kv_documents {
  kv_document *items;
  size_t n, capacity;
  char dictionary[TV_DICTIONARY_BYTES_MAX];
  size_t dictionary_size;
} kv_documents;

static void kv_documents_add(kv_documents *documents, tv_slice key, char *json, size_t size) {
  heap_grow(&documents->items, &documents->capacity, documents->n + 1, sizeof *documents->items);
  documents->items[documents->n].key = tv_bytes(heap_text(key.data, key.size), key.size);
  documents->items[documents->n].value = tv_bytes(json, size);
  documents->n++;
}

/* A stanza as one JSON object, its fields as members of text. */
static void kv_documents_stanza(kv_documents *documents, tv_slice stanza) {
  deb_reader reader = deb_reader_of(stanza);
  deb_field field;
  tv_slice key = {NULL, 0};
  char *json = NULL;
  size_t size = 0;
  json_write writer;
  FILE *out = open_memstream(&json, &size);
  int rc;
  if (out == NULL) heap_stop("out of memory");
  json_begin(&writer, out);
  writer.compact = 1;
  json_object(&writer, NULL);
  while ((rc = deb_field_next(&reader, &field)) != 0) {
    char *name, *value;
    if (rc < 0) continue;
    if (deb_same_name(field.name, "Package")) key = field.value;
    name = heap_text(field.name.data, field.name.size);
    value = heap_text(field.value.data, field.value.size);
    json_text(&writer, name, value);
    free(name);
    free(value);
  }
  json_object_end(&writer);
  if (fclose(out) != 0) heap_stop("out of memory");
  if (key.size > 0 && key.size <= TV_KEY_BYTES_MAX)
    kv_documents_add(documents, key, json, size);
  else
    free(json);
}

static int kv_documents_order(const void *a, const void *b) {
  const kv_document *x = a, *y = b;
  size_t n = x->key.size < y->key.size ? x->key.size : y->key.size;
  int order = memcmp(x->key.data, y->key.data, n);
  if (order != 0) return order;
  return (x->key.size > y->key.size) - (x->key.size < y->key.size);
}

static void kv_documents_generate(kv_documents *documents, uint64_t seed) {
  static const char *const words[] = {"library", "for",  "development", "files",  "data",
                                      "shared",  "tool", "runtime",     "plugin", "documentation"};
  uint64_t state = seed;
  char stanza[1024];
  int i, w;
  for (i = 0; i < KV_DOCUMENTS_QUICK; i++) {
    int size =
        snprintf(stanza, sizeof stanza,
                 "Package: generated-%06d\nVersion: %u.%u-%u\nInstalled-Size: %u\n"
                 "Maintainer: Team %u <team@example.org>\nArchitecture: all\nDescription:",
                 i, (unsigned)kv_random_below(&state, 9), (unsigned)kv_random_below(&state, 99),
                 (unsigned)kv_random_below(&state, 9), (unsigned)kv_random_below(&state, 100000),
                 (unsigned)kv_random_below(&state, 40));
    for (w = 0; w < 40; w++)
      size += snprintf(stanza + size, sizeof stanza - (size_t)size, " %s",
                       words[kv_random_below(&state, 10)]);
    kv_documents_stanza(documents, tv_bytes(stanza, (size_t)size));
  }
}

/* Returns 1: from the package index; 0: generated. */
static int kv_documents_read(const kv_bench *bench, kv_documents *documents) {
  tv_slice text, stanza;
  deb_reader reader;
  char why[256];
  size_t i, at = 0, kept = 0;
  int real = deb_source_read(NULL, &text, why) == 0;
  if (real) {
    reader = deb_reader_of(text);
    while (deb_stanza_next(&reader, &stanza) && !interrupt_seen())
      if (!bench->quick || at++ % 5 == 0) kv_documents_stanza(documents, stanza);
    deb_source_free(text);
  } else {
    kv_documents_generate(documents, bench->seed);
  }
  qsort(documents->items, documents->n, sizeof *documents->items, kv_documents_order);
  for (i = 0; i < documents->n; i++) { /* of several with one key the first stays */
    if (kept > 0 && kv_documents_order(&documents->items[kept - 1], &documents->items[i]) == 0) {
      free((void *)documents->items[i].key.data);
      free((void *)documents->items[i].value.data);
    } else {
      documents->items[kept++] = documents->items[i];
    }
  }
  documents->n = kept;
  return real;
}

static void kv_documents_train(const kv_bench *bench, kv_documents *documents) {
  tv_slice *samples = heap_take(KV_DICTIONARY_SAMPLES * sizeof *samples);
  uint64_t state = bench->seed;
  tv_error err = {0};
  size_t i;
  for (i = 0; i < KV_DICTIONARY_SAMPLES; i++)
    samples[i] = documents->items[kv_random_below(&state, documents->n)].value;
  if (tv_kv_train(KV_DICTIONARY_SAMPLES, samples, documents->dictionary,
                  sizeof documents->dictionary, &documents->dictionary_size, &err) != TV_OK)
    heap_stop("cannot make a dictionary: %s", err.message);
  free(samples);
}

static void kv_documents_record(const void *ctx, uint64_t i, void *key_room, tv_slice *key,
                                tv_slice *value) {
  const kv_documents *documents = ctx;
  (void)key_room;
  *key = documents->items[i].key;
  *value = documents->items[i].value;
}

typedef struct kv_documents_side {
  const kv_bench *bench;
  const kv_documents *documents;
  const peer_engine *engine;
  peer_store *store;
  peer_session *session;
  uint64_t gets;
} kv_documents_side;

static int kv_documents_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kv_documents_side *side = ctx;
  uint64_t state = side->bench->seed + round, n, sum = 0;
  for (n = 0; n < side->gets; n++) {
    const kv_document *wanted =
        &side->documents->items[kv_random_below(&state, side->documents->n)];
    tv_slice value = {NULL, 0};
    if (side->engine->get(side->session, wanted->key, &value) != TV_OK) {
      snprintf(why, PAIRED_TEXT_BYTES, "a get failed or found nothing: %.150s",
               side->engine->error(side->store));
      return -1;
    }
    sum += peer_touch(value);
  }
  *answer = sum;
  return 0;
}

static int kv_documents_gets(const kv_bench *bench, const kv_documents *documents,
                             const kv_stores *stores) {
  kv_documents_side side[KV_ENGINES_MAX];
  paired_plan plan = {0};
  const size_t engines = bench->engines;
  size_t s;
  int stop;
  plan.name = "get JSON documents, LZ4-HC, dictionary";
  plan.operation = "get";
  plan.operations = bench->records < KV_RECORDS_FEW ? 2000 : 40000;
  plan.own_time = 1;
  kv_rounds(bench, &plan, 7);
  plan.sides = engines;
  for (s = 0; s < engines; s++) {
    side[s] = (kv_documents_side){bench, documents,      bench->engine[s], stores->store[s],
                                  NULL,  plan.operations};
    if (side[s].engine->session_open(side[s].store, 1, &side[s].session) != 0)
      heap_stop("%s: %s", side[s].engine->name, side[s].engine->error(side[s].store));
    plan.side[s] = (paired_side){bench->engine[s]->name, NULL, kv_documents_run, NULL, &side[s]};
  }
  stop = kv_measure(bench, &plan);
  for (s = 0; s < engines; s++) side[s].engine->session_close(side[s].session);
  return stop;
}

static void kv_documents_space(const kv_bench *bench, const kv_stores *stores) {
  paired_plan plan = {0};
  paired_result result;
  double bytes[KV_ENGINES_MAX];
  size_t s;
  plan.name = "space of JSON documents, LZ4-HC, dictionary";
  plan.operation = "store";
  plan.sides = bench->engines;
  kv_bar_set(bench, &plan);
  for (s = 0; s < bench->engines; s++) {
    plan.side[s].name = bench->engine[s]->name;
    bytes[s] = (double)bench->engine[s]->bytes(stores->store[s]);
  }
  paired_counts(&plan, PAIRED_SPACE, bytes, &result);
  paired_report_add(bench->report, &result);
}

int kv_measure_documents(const kv_bench *bench) {
  kv_documents *documents = heap_take(sizeof *documents);
  peer_source source = {kv_documents_record, documents};
  peer_batch batch = {&source, NULL, 0, 0, 10000, 1}; /* sorted: every engine packs its pages */
  peer_setup setup = {0};
  kv_stores stores;
  size_t i;
  int stop, real = kv_documents_read(bench, documents);
  stop = interrupt_seen() || documents->n == 0;
  if (!stop) {
    kv_documents_train(bench, documents);
    paired_report_setting(bench->report, "documents", "%zu %s as JSON, dictionary of %zu bytes",
                          documents->n,
                          real ? "stanzas of the Debian package index" : "generated stanzas",
                          documents->dictionary_size);
    setup.compressed = 1;
    setup.dictionary = tv_bytes(documents->dictionary, documents->dictionary_size);
    batch.n = documents->n;
    kv_stores_open(bench, "documents", &setup, &stores);
    stop = kv_stores_fill(bench, "storing JSON documents", &batch, &stores);
    if (!stop) kv_documents_space(bench, &stores);
    if (!stop) stop = kv_documents_gets(bench, documents, &stores);
    kv_stores_close(bench, &stores);
  }
  for (i = 0; i < documents->n; i++) {
    free((void *)documents->items[i].key.data);
    free((void *)documents->items[i].value.data);
  }
  free(documents->items);
  free(documents);
  return stop;
}

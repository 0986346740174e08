/* SPDX-License-Identifier: MIT */
/*
 * Which engines take part. One that is not installed is named in one line and the rest runs: a
 * benchmark that needs everything installed is run by nobody.
 */
#include <stdio.h>
#include <string.h>

#include "kv_bench.h"

static const peer_engine *const kv_peers[] = {&peer_lmdb, &peer_rocksdb, &peer_leveldb,
                                              &peer_sqlite};
#define KV_PEERS (sizeof kv_peers / sizeof kv_peers[0])

static const peer_engine *kv_peers_named(const char *word, size_t size) {
  size_t i;
  for (i = 0; i < KV_PEERS; i++)
    if (strlen(kv_peers[i]->word) == size && memcmp(kv_peers[i]->word, word, size) == 0)
      return kv_peers[i];
  return NULL;
}

static void kv_peers_add(kv_bench *bench, const peer_engine *engine) {
  char version[128];
  size_t i;
  for (i = 0; i < bench->engines; i++)
    if (bench->engine[i] == engine) return;
  if (engine->version(version, sizeof version) == 0) {
    bench->engine[bench->engines++] = engine;
    return;
  }
  fprintf(stderr, "trivet-bench kv: %s: %s\n", engine->name, version);
  paired_report_setting(bench->report, engine->name, "%s", version);
}

int kv_peers_choose(kv_bench *bench, const char *list) {
  size_t i, size;
  bench->engine[0] = &peer_trivet;
  bench->engines = 1;
  for (i = 0; i < KV_PEERS && list == NULL; i++) kv_peers_add(bench, kv_peers[i]);
  while (list != NULL && *list != '\0') {
    const peer_engine *engine;
    size = strcspn(list, ",");
    engine = kv_peers_named(list, size);
    if (engine == NULL) {
      fprintf(stderr, "trivet-bench kv: no such peer: %.*s (lmdb, rocksdb, leveldb, sqlite)\n",
              (int)size, list);
      return -1;
    }
    kv_peers_add(bench, engine);
    list += size + (list[size] == ',');
  }
  if (bench->engines > 1) return 0;
  fputs("trivet-bench kv: nothing to compare with\n", stderr);
  return -1;
}

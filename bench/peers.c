/* SPDX-License-Identifier: MIT */
/*
 * Which engines take part. One that is not installed is named in one line and the rest runs: a
 * benchmark that needs everything installed is run by nobody.
 */
#include "peers.h"

#include <stdio.h>
#include <string.h>

static const peer_engine *const peers_known[] = {&peer_lmdb, &peer_rocksdb, &peer_leveldb,
                                                 &peer_sqlite};
#define PEERS_KNOWN (sizeof peers_known / sizeof peers_known[0])

static const peer_engine *peers_named(const char *word, size_t size) {
  size_t i;
  for (i = 0; i < PEERS_KNOWN; i++)
    if (strlen(peers_known[i]->word) == size && memcmp(peers_known[i]->word, word, size) == 0)
      return peers_known[i];
  return NULL;
}

static void peers_add(peers_chosen *chosen, const peer_engine *engine) {
  char version[128];
  size_t i;
  for (i = 0; i < chosen->n; i++)
    if (chosen->engine[i] == engine) return;
  if (engine->version(version, sizeof version) == 0) {
    chosen->engine[chosen->n++] = engine;
    return;
  }
  fprintf(stderr, "%s: %s: %s\n", chosen->command, engine->name, version);
  if (chosen->report != NULL) paired_report_setting(chosen->report, engine->name, "%s", version);
}

int peers_choose(peers_chosen *chosen, const char *list) {
  size_t i, size;
  chosen->engine[0] = &peer_trivet;
  chosen->n = 1;
  for (i = 0; i < PEERS_KNOWN && list == NULL; i++) peers_add(chosen, peers_known[i]);
  while (list != NULL && *list != '\0') {
    const peer_engine *engine;
    size = strcspn(list, ",");
    engine = peers_named(list, size);
    if (engine == NULL) {
      fprintf(stderr, "%s: no such peer: %.*s (lmdb, rocksdb, leveldb, sqlite)\n", chosen->command,
              (int)size, list);
      return -1;
    }
    peers_add(chosen, engine);
    list += size + (list[size] == ',');
  }
  if (chosen->n > 1) return 0;
  fprintf(stderr, "%s: nothing to compare with\n", chosen->command);
  return -1;
}

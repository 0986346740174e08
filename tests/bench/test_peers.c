/* SPDX-License-Identifier: MIT */
/*
 * Every engine behind the adapter, by one set of expectations: what a benchmark relies on must hold
 * for each, or its times compare different things. An engine that is not installed is skipped.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kv_bench.h"
#include "peer.h"
#include "peer_library.h"
#include "peers.h"
#include "test_store.h"

#define RECORDS 5000

static kv_source source_of_test;
static const peer_source records = {kv_source_record, &source_of_test};

typedef struct peer_case {
  char *folder;
  const peer_engine *engine;
  peer_store *store;
} peer_case;

/* Opens a store of the engine, or skips the test with the reason. */
static peer_case case_open(void **state, int durable) {
  peer_case it = {NULL, *state, NULL};
  peer_setup setup = {0};
  char text[PEER_WHY_BYTES] = "";
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  if (it.engine == &peer_rocksdb || it.engine == &peer_leveldb) {
    print_message("skipped: %s is not built for sanitizers\n", it.engine->name);
    skip();
  }
#endif
  if (it.engine->version(text, sizeof text) != 0) {
    print_message("skipped: %s is %s\n", it.engine->name, text);
    skip();
  }
  it.folder = test_folder_make();
  setup.folder = it.folder;
  setup.durable = durable;
  if (it.engine->open(&setup, &it.store, text) != 0) fail_msg("%s", text);
  return it;
}

static void case_close(peer_case *it) {
  it->engine->close(it->store);
  test_folder_remove(it->folder);
}

static void write_records(const peer_case *it, uint64_t from, uint64_t n, uint64_t each,
                          int sorted) {
  peer_batch batch = {&records, NULL, from, n, each, sorted};
  if (it->engine->write(it->store, &batch) != 0) fail_msg("%s", it->engine->error(it->store));
}

/* 1: record i has the value that the salt of the source gives. */
static int holds(const peer_case *it, peer_session *session, uint64_t i) {
  unsigned char room[PEER_KEY_ROOM];
  tv_slice key, wanted, value = {NULL, 0};
  kv_source_record(&source_of_test, i, room, &key, &wanted);
  assert_int_equal(it->engine->get(session, key, &value), TV_OK);
  return value.size == wanted.size && memcmp(value.data, wanted.data, wanted.size) == 0;
}

static void test_a_load_is_read_back_by_gets_and_by_a_scan(void **state) {
  peer_case it = case_open(state, 0);
  peer_session *session;
  uint64_t rows, answer, i, expected = 0;
  tv_slice absent = tv_bytes("absent", 6), value = {NULL, 0};
  source_of_test.salt = 0;
  write_records(&it, 0, 3000, 1000, 1);
  write_records(&it, 3000, RECORDS - 3000, 700, 1); /* a load goes on; its last part is short */
  if (it.engine->settle != NULL) it.engine->settle(it.store, 1);
  assert_int_equal(it.engine->session_open(it.store, 1, &session), 0);
  for (i = 0; i < RECORDS; i++) {
    unsigned char room[PEER_KEY_ROOM];
    tv_slice key, wanted;
    assert_true(holds(&it, session, i));
    kv_source_record(&source_of_test, i, room, &key, &wanted);
    expected = peer_fold(expected, key, wanted);
  }
  assert_int_equal(it.engine->get(session, absent, &value), TV_NOTFOUND);
  assert_int_equal(it.engine->scan(session, &rows, &answer), 0);
  assert_int_equal(rows, RECORDS);
  assert_true(answer == expected);
  it.engine->session_close(session);
  assert_true(it.engine->bytes(it.store) >= RECORDS * (KV_KEY_BYTES + KV_VALUE_BYTES) * 9 / 10);
  case_close(&it);
}

static void test_a_session_stands_on_its_snapshot_until_renewed(void **state) {
  peer_case it = case_open(state, 0);
  peer_session *session;
  source_of_test.salt = 0;
  write_records(&it, 0, 100, 1000, 1);
  assert_int_equal(it.engine->session_open(it.store, 0, &session), 0);
  assert_true(holds(&it, session, 7));
  source_of_test.salt = 99;
  write_records(&it, 0, 100, 30, 0);
  assert_false(holds(&it, session, 7));
  assert_int_equal(it.engine->renew(session), 0);
  assert_true(holds(&it, session, 7));
  assert_true(holds(&it, session, 99));
  it.engine->session_close(session);
  case_close(&it);
}

static void *write_by_thread(void *ctx) {
  const peer_case *it = ctx;
  peer_batch batch = {&records, NULL, 0, 20, 1, 0};
  return (void *)(intptr_t)it->engine->write(it->store, &batch);
}

static void test_threads_write_durably_side_by_side(void **state) {
  peer_case it = case_open(state, 1);
  pthread_t thread[4];
  peer_session *session;
  void *failed;
  uint64_t i;
  int t;
  source_of_test.salt = 5;
  for (t = 0; t < 4; t++)
    assert_int_equal(pthread_create(&thread[t], NULL, write_by_thread, &it), 0);
  for (t = 0; t < 4; t++) {
    assert_int_equal(pthread_join(thread[t], &failed), 0);
    assert_null(failed);
  }
  assert_int_equal(it.engine->session_open(it.store, 1, &session), 0);
  for (i = 0; i < 20; i++) assert_true(holds(&it, session, i));
  it.engine->session_close(session);
  case_close(&it);
}

static void test_a_library_that_is_missing_or_other_is_named_with_a_remedy(void **state) {
  static const char *const none[] = {"libtrivet-no-such-peer.so", NULL};
  static const char *const some[] = {"libc.so.6", NULL};
  static const peer_symbol symbols[] = {{"malloc", 0}, {"trivet_no_such_function", 0}};
  void *calls[1];
  peer_library missing = {none, symbols, 1, calls, 0, ""};
  peer_library other = {some, symbols, 2, calls, 0, ""};
  peer_library right = {some, symbols, 1, calls, 0, ""};
  char why[128] = "";
  (void)state;
  assert_int_equal(peer_library_load(&missing, why, sizeof why), -1);
  assert_string_equal(why, "not installed: make deps-peers");
  assert_int_equal(peer_library_load(&other, why, sizeof why), -1);
  assert_non_null(strstr(why, "it has no trivet_no_such_function"));
  assert_int_equal(peer_library_load(&right, why, sizeof why), 0);
  assert_non_null(calls[0]);
}

static void test_the_list_of_peers_sets_their_order_and_refuses_strangers(void **state) {
  peers_chosen chosen = {.command = "test"};
  paired_report report;
  (void)state;
  paired_report_begin(&report, "test");
  chosen.report = &report;
  assert_int_equal(peers_choose(&chosen, "sqlite,lmdb,sqlite"), 0);
  assert_int_equal(chosen.n, 3);
  assert_ptr_equal(chosen.engine[0], &peer_trivet);
  assert_ptr_equal(chosen.engine[1], &peer_sqlite);
  assert_ptr_equal(chosen.engine[2], &peer_lmdb);
  assert_int_equal(peers_choose(&chosen, NULL), 0);
  assert_ptr_equal(chosen.engine[1], &peer_lmdb);
  assert_int_equal(peers_choose(&chosen, "lmdb,oracle"), -1);
  assert_int_equal(peers_choose(&chosen, ""), -1);
  paired_report_free(&report);
}

/* ---- Ranges and changes ---- */

static tv_slice add_one_byte(void *ctx, tv_slice old) {
  unsigned char *room = ctx;
  memcpy(room, old.data, old.size);
  room[old.size] = 'x';
  return tv_bytes(room, old.size + 1);
}

static void test_a_range_begins_at_its_key_and_ends_after_its_rows(void **state) {
  peer_case it = case_open(state, 0);
  unsigned char room[PEER_KEY_ROOM];
  peer_session *session;
  uint64_t rows, answer, sum = 0, i;
  tv_slice key, value;
  write_records(&it, 0, 100, 100, 1);
  assert_int_equal(it.engine->session_open(it.store, 1, &session), 0);
  for (i = 90; i < 95; i++) {
    kv_source_record(&source_of_test, i, room, &key, &value);
    sum = peer_fold(sum, key, value);
  }
  kv_source_record(&source_of_test, 90, room, &key, &value);
  assert_int_equal(it.engine->range(session, key, 5, &rows, &answer), 0);
  assert_int_equal(rows, 5);
  assert_true(answer == sum);
  assert_int_equal(it.engine->range(session, key, 50, &rows, &answer), 0);
  assert_int_equal(rows, 10);
  assert_int_equal(it.engine->range(session, tv_str("zzz"), 5, &rows, &answer), 0);
  assert_int_equal(rows, 0);
  it.engine->session_close(session);
  case_close(&it);
}

static void test_a_change_sees_the_value_and_replaces_it(void **state) {
  peer_case it = case_open(state, 0);
  unsigned char room[PEER_KEY_ROOM], change[KV_VALUE_BYTES + 8];
  peer_session *session;
  tv_slice key, value, now;
  write_records(&it, 0, 10, 10, 1);
  kv_source_record(&source_of_test, 7, room, &key, &value);
  assert_int_equal(it.engine->modify(it.store, key, add_one_byte, change), 0);
  assert_int_equal(it.engine->modify(it.store, key, add_one_byte, change), 0);
  assert_int_equal(it.engine->session_open(it.store, 1, &session), 0);
  assert_int_equal(it.engine->get(session, key, &now), TV_OK);
  assert_int_equal(now.size, KV_VALUE_BYTES + 2);
  assert_memory_equal(now.data, value.data, value.size);
  assert_memory_equal((const char *)now.data + value.size, "xx", 2);
  it.engine->session_close(session);
  assert_int_equal(it.engine->modify(it.store, tv_str("none"), add_one_byte, change), -1);
  case_close(&it);
}

#define OF_ENGINE(test, engine) \
  { #test " (" #engine ")", test, NULL, NULL, (void *)(uintptr_t)&peer_##engine }
#define OF_EACH(test)                                                       \
  OF_ENGINE(test, trivet), OF_ENGINE(test, lmdb), OF_ENGINE(test, rocksdb), \
      OF_ENGINE(test, leveldb), OF_ENGINE(test, sqlite)

int main(void) {
  const struct CMUnitTest tests[] = {
      OF_EACH(test_a_load_is_read_back_by_gets_and_by_a_scan),
      OF_EACH(test_a_session_stands_on_its_snapshot_until_renewed),
      OF_EACH(test_threads_write_durably_side_by_side),
      OF_EACH(test_a_range_begins_at_its_key_and_ends_after_its_rows),
      OF_EACH(test_a_change_sees_the_value_and_replaces_it),
      cmocka_unit_test(test_a_library_that_is_missing_or_other_is_named_with_a_remedy),
      cmocka_unit_test(test_the_list_of_peers_sets_their_order_and_refuses_strangers),
  };
  int failed;
  kv_source_begin(&source_of_test, 1);
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  kv_source_end(&source_of_test);
  return failed;
}

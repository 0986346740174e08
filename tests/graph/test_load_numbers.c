/* SPDX-License-Identifier: MIT */
/* Numbers in edge lists: weights of every format, what is a number and what is not, keys that look
 * alike, and loads that exceed the memory allowed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge_list_internal.h"
#include "test_store.h"

typedef struct fixture {
  uint64_t seed;
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
} fixture;

static int set_up(void **state) {
  static fixture f;
  f.seed = test_seed();
  f.db = test_open_memory();
  f.txn = test_begin(f.db, TV_WRITE);
  test_ok(tv_graph_open(f.txn, "g", TV_CREATE, &f.g));
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  tv_abort(f->txn);
  test_close(f->db);
  return 0;
}

typedef struct text {
  const char *at;
  size_t left;
} text;

static int read_text(void *ctx, void *buffer, size_t capacity, size_t *got) {
  text *t = ctx;
  *got = t->left < capacity ? t->left : capacity;
  memcpy(buffer, t->at, *got);
  t->at += *got;
  t->left -= *got;
  return 0;
}

static int load(tv_graph *g, int format, const char *content, const char *weight, uint64_t memory,
                tv_load_report *report) {
  text t = {content, strlen(content)};
  tv_load_options options = {.format = format,
                             .type = "e",
                             .read = read_text,
                             .ctx = &t,
                             .weight = weight,
                             .memory_bytes_max = memory};
  return tv_graph_load(g, &options, report);
}

static int take_edge(void *ctx, const tv_edge_ref *edge) {
  *(tv_edge_ref *)ctx = *edge;
  return 1;
}

static tv_value value_at(fixture *f, const char *key, const char *name) {
  static const tv_types all = {0, NULL};
  tv_edge_ref ref;
  tv_value value;
  tv_node node;
  test_ok(tv_graph_node_find(f->g, tv_str(key), &node));
  test_status(tv_graph_edges_at(f->g, node, TV_OUT, all, take_edge, &ref), TV_STOP);
  test_ok(tv_graph_edge_get(f->g, &ref, name, &value));
  return value;
}

static void is_real(tv_value value, double expected) {
  assert_int_equal(value.type, TV_DOUBLE);
  assert_true(value.as.real == expected);
}

static void a_snap_list_may_have_weights(void **state) {
  fixture *f = *state;
  tv_load_report report;
  test_ok(load(f->g, TV_LOAD_SNAP, "# c\n1 2 0.5\n2\t3\t7 more\n", "w", 0, &report));
  is_real(value_at(f, "1", "w"), 0.5);
  is_real(value_at(f, "2", "w"), 7);
  test_status(load(f->g, TV_LOAD_SNAP, "4 5 x\n", "w", 0, &report), TV_EINVAL);
  assert_int_equal(report.first_bad_line, 1);
  test_status(load(f->g, TV_LOAD_SNAP, "4 5\n", "w", 0, &report), TV_EINVAL);
}

static void a_matrix_may_have_weights(void **state) {
  static const char content[] =
      "%%MatrixMarket matrix coordinate real symmetric\n3 3 2\n2 1 -1.5\n3 3 4\n";
  fixture *f = *state;
  test_ok(load(f->g, TV_LOAD_MATRIX_MARKET, content, "w", 0, NULL));
  is_real(value_at(f, "1", "w"), -1.5);
  is_real(value_at(f, "2", "w"), -1.5);
  is_real(value_at(f, "3", "w"), 4);
}

static void a_csv_header_names_numbers(void **state) {
  static const char content[] =
      "from,to,since:int,name,cost:double,w\n"
      "a,b,1999,\"x, y\",2.5,3\n"
      "b,c,-7,z,1e3,4\n";
  fixture *f = *state;
  tv_load_report report;
  test_ok(load(f->g, TV_LOAD_CSV, content, "w", 0, NULL));
  assert_int_equal(value_at(f, "a", "since").type, TV_INT64);
  assert_int_equal(value_at(f, "a", "since").as.integer, 1999);
  assert_int_equal(value_at(f, "b", "since").as.integer, -7);
  is_real(value_at(f, "a", "cost"), 2.5);
  is_real(value_at(f, "b", "cost"), 1000);
  is_real(value_at(f, "b", "w"), 4);
  test_status(load(f->g, TV_LOAD_CSV, "a,b,c:int\n1,2,3\n4,5,x\n", NULL, 0, &report), TV_EINVAL);
  assert_int_equal(report.first_bad_line, 3);
  test_status(load(f->g, TV_LOAD_CSV, "a,b,c:int\n1,2\n", NULL, 0, &report), TV_EINVAL);
  test_status(load(f->g, TV_LOAD_CSV, "a,b,c\n1,2,3\n", "w", 0, &report), TV_EINVAL);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "weight"));
}

static int number(const char *word, int32_t type, uint64_t *bits) {
  return tvi_text_number(tv_str(word), type, bits);
}

static void what_is_no_number_is_refused(void **state) {
  static const char *const no_integers[] = {
      "", "-", "+", "1.0", "9223372036854775808", "-9223372036854775809", "0x1", " 1", "1 ", "1e3"};
  static const char *const no_reals[] = {"",    "-",     ".",   "nan", "inf", "0x1p3", "1e",
                                         "1e+", "1.2.3", "1,5", "e5",  "--1", "1e999"};
  uint64_t bits;
  size_t i;
  (void)state;
  for (i = 0; i < sizeof no_integers / sizeof no_integers[0]; i++)
    assert_false(number(no_integers[i], TV_INT64, &bits));
  for (i = 0; i < sizeof no_reals / sizeof no_reals[0]; i++)
    assert_false(number(no_reals[i], TV_DOUBLE, &bits));
  assert_true(number("-9223372036854775808", TV_INT64, &bits));
  assert_int_equal((int64_t)bits, INT64_MIN);
  assert_true(number("+9223372036854775807", TV_INT64, &bits));
  assert_int_equal((int64_t)bits, INT64_MAX);
}

static void every_double_is_read_as_strtod_reads_it(void **state) {
  static const char *const formats[] = {"%.17g", "%g", "%.3f", "%e", "%.19e", "%.0f"};
  fixture *f = *state;
  int i;
  for (i = 0; i < 20000; i++) {
    double real = ((double)(test_random(&f->seed) >> 11) - 4e15), expected, read;
    char word[400];
    uint64_t bits;
    int scale = (int)(test_random(&f->seed) % 80) - 40;
    for (; scale > 0; scale--) real *= 7;
    for (; scale < 0; scale++) real /= 7;
    snprintf(word, sizeof word, formats[test_random(&f->seed) % 6], real);
    if (strlen(word) > 300) continue;
    expected = strtod(word, NULL);
    assert_true(number(word, TV_DOUBLE, &bits));
    memcpy(&read, &bits, sizeof read);
    if (read != expected) fail_msg("%s was read as %.17g", word, read);
  }
}

static void keys_that_look_alike_are_nodes_of_their_own(void **state) {
  static const char *const keys[] = {
      "7",         "07",        "007",       "70",         "7\x01",
      "1234567",   "12345678",  "123456789", "1234567890", "99999999999999999999",
      "0",         "00",        "-7",        "7.0",        "abcdefgh",
      "abcdefghi", "abcdefgh0", "524287",    "524288",     "4000000",
      "8388608"};
  enum { N = sizeof keys / sizeof keys[0] };
  fixture *f = *state;
  char content[4096] = "";
  tv_graph_stat stat;
  size_t i, round;
  for (round = 0; round < 3; round++)
    for (i = 0; i < N; i++)
      snprintf(content + strlen(content), sizeof content - strlen(content), "%s %s\n", keys[i],
               keys[(i * 5 + 1) % N]);
  test_ok(load(f->g, TV_LOAD_SNAP, content, NULL, 0, NULL));
  test_ok(tv_graph_stat_get(f->g, &stat));
  assert_int_equal(stat.nodes, N);
  assert_int_equal(stat.edges, 3 * N);
  for (i = 0; i < N; i++) {
    tv_node node;
    uint64_t degree;
    test_ok(tv_graph_node_find(f->g, tv_str(keys[i]), &node));
    test_ok(tv_graph_degree(f->g, node, TV_OUT, (tv_types){0, NULL}, &degree));
    assert_int_equal(degree, 3);
  }
}

/* Numbers far apart first, so that the array of numbers comes to reach what was hashed. */
static void numbers_in_any_order_are_found_again(void **state) {
  enum { N = 3000 };
  fixture *f = *state;
  char *content = malloc((size_t)N * 64);
  tv_graph_stat stat;
  size_t used = 0;
  int i;
  assert_non_null(content);
  for (i = 0; i < N; i++)
    used += (size_t)sprintf(content + used, "%d %d\n", 600000 + i * 97, (N - i) * 211);
  for (i = 0; i < N; i++)
    used += (size_t)sprintf(content + used, "%d %d\n", (N - i) * 211, 600000 + i * 97);
  test_ok(load(f->g, TV_LOAD_SNAP, content, NULL, 0, NULL));
  test_ok(tv_graph_stat_get(f->g, &stat));
  assert_in_range(stat.nodes, 2 * N - 100, 2 * N);
  for (i = 0; i < N; i++) {
    char key[16];
    tv_node node;
    snprintf(key, sizeof key, "%d", 600000 + i * 97);
    test_ok(tv_graph_node_find(f->g, tv_str(key), &node));
  }
  test_ok(tv_graph_check(f->g, NULL, NULL, NULL));
  free(content);
}

/* ---- More than the memory allowed ---- */

typedef struct listing {
  tv_graph *g;
  uint64_t digest, n;
} listing;

/* A sum that depends on the order, the ids and the numbers. */
static int list_edge(void *ctx, const tv_edge_ref *edge) {
  listing *l = ctx;
  tv_value value;
  uint64_t bits;
  test_ok(tv_graph_edge_get(l->g, edge, "w", &value));
  memcpy(&bits, &value.as.integer, sizeof bits);
  l->digest = (l->digest ^ bits ^ edge->from << 40 ^ edge->to << 20 ^ edge->edge) *
              UINT64_C(0x9E3779B97F4A7C15);
  l->digest ^= l->digest >> 31;
  l->n++;
  return 0;
}

static listing listed(tv_graph *g) {
  listing l = {g, 0, 0};
  test_ok(tv_graph_edges(g, NULL, list_edge, &l));
  return l;
}

static void a_load_beyond_memory_is_the_same_as_one_within(void **state) {
  enum { N = 60000 };
  static const uint64_t memories[] = {0, 1, 300000, 1500000};
  fixture *f = *state;
  char *content = malloc((size_t)N * 40);
  listing first = {NULL, 0, 0};
  size_t used = 0, m;
  int i;
  assert_non_null(content);
  for (i = 0; i < N; i++)
    used += (size_t)sprintf(content + used, "%d %d %d\n", (int)(test_random(&f->seed) % 9000),
                            (int)(test_random(&f->seed) % 9000), i);
  for (m = 0; m < sizeof memories / sizeof memories[0]; m++) {
    tv_graph *g;
    listing l;
    test_ok(tv_graph_open(f->txn, "m", TV_CREATE, &g));
    test_ok(load(g, TV_LOAD_SNAP, content, "w", memories[m], NULL));
    /* Again, beside what is there. */
    test_ok(load(g, TV_LOAD_SNAP, content, "w", memories[m], NULL));
    test_ok(tv_graph_check(g, NULL, NULL, NULL));
    l = listed(g);
    assert_int_equal(l.n, 2 * N);
    if (m == 0) first = l;
    assert_int_equal(l.digest, first.digest);
    test_ok(tv_graph_drop(f->txn, "m"));
  }
  free(content);
}

#define with_graph(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_graph(a_snap_list_may_have_weights),
      with_graph(a_matrix_may_have_weights),
      with_graph(a_csv_header_names_numbers),
      with_graph(what_is_no_number_is_refused),
      with_graph(every_double_is_read_as_strtod_reads_it),
      with_graph(keys_that_look_alike_are_nodes_of_their_own),
      with_graph(numbers_in_any_order_are_found_again),
      with_graph(a_load_beyond_memory_is_the_same_as_one_within),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

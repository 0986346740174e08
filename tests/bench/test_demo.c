/* SPDX-License-Identifier: MIT */
/*
 * The demo's answers against closure_oracle.pl, which computes them from the same stanzas in
 * another language by other algorithms, and against the stock sqlite3 tool on the same rows: over a
 * fixture with every difficulty in it, over generated indexes, and over real stanzas where apt has
 * any.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deb_source.h"
#include "demo_screen.h"
#include "interrupt.h"
#include "paired.h"
#include "test_store.h"

/* Cycles, alternatives, virtual packages with one, two and no provider, a package that provides a
 * real one, a dependency on itself, versions, qualifiers, a name nobody carries, a missing size. */
static const char fixture[] =
    "Package: base\nVersion: 2.36-9\nSection: libs\nInstalled-Size: 100\nMaintainer: M One\n\n"
    "Package: base\nVersion: 2.36-8\nSection: old\nInstalled-Size: 999\nDepends: tool\n\n"
    "Package: compat-base\nVersion: 1\nSection: libs\nInstalled-Size: 7\nProvides: base-alt (= "
    "1)\n\n"
    "Package: lib-a\nVersion: 1\nSection: libs\nInstalled-Size: 10\nDepends: base (>= 2.36), "
    "lib-b\n"
    "Maintainer: M, \"Two\"\n\n"
    "Package: lib-b\nVersion: 1\nSection: libs\nInstalled-Size: 20\nDepends: lib-a (= 1)\n\n"
    "Package: tool\nVersion: 1:1\nSection: utils\nInstalled-Size: 30\nPre-Depends: base:any,\n"
    "Depends: lib-a | lib-c, mailer\nRecommends: doc\nConflicts: old-tool (<< 1)\n\n"
    "Package: mta-one\nVersion: 1\nSection: mail\nInstalled-Size: 40\nDepends: base\n"
    "Provides: mailer, mta-one (= 2)\n\n"
    "Package: mta-two\nVersion: 1\nSection: mail\nInstalled-Size: 41\nProvides: mailer\n\n"
    "Package: needs-alt\nVersion: 1\nSection: utils\nInstalled-Size: 1\nDepends: base | "
    "compat-base\n\n"
    "Package: needs-virtual\nVersion: 1\nSection: utils\nDepends: base-alt | base\n\n"
    "Package: needs-one-provider\nVersion: 1\nSection: utils\nInstalled-Size: 2\nDepends: sole\n\n"
    "Package: sole-provider\nVersion: 1\nSection: utils\nInstalled-Size: 3\nDepends: base\n"
    "Provides: sole\n\n"
    "Package: hopeless\nVersion: 1\nSection: broken\nInstalled-Size: 4\nDepends: nowhere, base\n\n"
    "Package: selfish\nVersion: 1\nInstalled-Size: 5\nDepends: selfish, lib-b | nowhere\n\n"
    "Package: doc\nVersion: 1\nSection: doc\nInstalled-Size: 6\nSuggests: tool, viewer | reader\n";

typedef struct demo_fixture {
  char *folder;
  char index_path[512], store_path[512];
  deb_index index;
  tv_slice text;
  demo_store store;
} demo_fixture;

static void fixture_open(demo_fixture *f, tv_slice text, uint64_t batch) {
  demo_load_facts facts;
  tv_error err;
  FILE *out;
  f->folder = test_folder_make();
  f->text = text;
  test_path(f->index_path, sizeof f->index_path, f->folder, "index");
  test_path(f->store_path, sizeof f->store_path, f->folder, "demo.tv");
  out = fopen(f->index_path, "w");
  assert_non_null(out);
  assert_int_equal(fwrite(text.data, 1, text.size, out), text.size);
  assert_int_equal(fclose(out), 0);
  deb_index_make(text, &f->index);
  test_ok(demo_load(f->store_path, &f->index, batch, &facts, &err));
  assert_int_equal((int)facts.transactions, (int)((f->index.n + batch - 1) / batch));
  test_ok(demo_open(f->store_path, &f->store, &err));
}

static void fixture_close(demo_fixture *f) {
  demo_close(&f->store);
  deb_index_free(&f->index);
  test_folder_remove(f->folder);
}

/* Runs a command and gives its output, which must not be cut. */
static char *output_of(const char *command) {
  size_t capacity = 1u << 20, size;
  char *text = malloc(capacity);
  FILE *in = popen(command, "r");
  assert_non_null(text);
  assert_non_null(in);
  size = fread(text, 1, capacity - 1, in);
  assert_true(size < capacity - 1);
  text[size] = '\0';
  assert_int_equal(pclose(in), 0);
  return text;
}

static char *oracle(const demo_fixture *f, const char *question) {
  char command[4096], script[512];
  const char *slash = strrchr(__FILE__, '/');
  snprintf(script, sizeof script, "%.*s/closure_oracle.pl",
           slash != NULL ? (int)(slash - __FILE__) : 1, slash != NULL ? __FILE__ : ".");
  snprintf(command, sizeof command, "perl '%s' '%s' %s", script, f->index_path, question);
  return output_of(command);
}

/* The names, one a line, in byte order. */
static char *text_of(demo_names *names) {
  size_t size = 1, i;
  char *text, *to;
  for (i = 0; i < names->n; i++) size += strlen(names->items[i]) + 1;
  text = to = calloc(size, 1);
  assert_non_null(text);
  demo_names_sort(names);
  for (i = 0; i < names->n; i++)
    to += snprintf(to, size - (size_t)(to - text), "%s\n", names->items[i]);
  *to = '\0';
  return text;
}

static void compare_names(const demo_fixture *f, const char *question, const char *about,
                          demo_names *names) {
  char line[1024], *expected, *got = text_of(names);
  snprintf(line, sizeof line, "%s '%s'", question, about);
  expected = oracle(f, line);
  assert_string_equal(got, expected);
  free(expected);
  free(got);
  demo_names_free(names);
}

/* Everything the demo says about one package. */
static void compare_package(demo_fixture *f, const char *about) {
  demo_names names = {NULL, 0, 0};
  test_ok(demo_closure(f->store.graph, tv_str(about), TV_OUT, &names, NULL));
  compare_names(f, "forward", about, &names);
  test_ok(demo_closure(f->store.graph, tv_str(about), TV_IN, &names, NULL));
  compare_names(f, "reverse", about, &names);
  test_ok(demo_breakage(f->store.graph, tv_str(about), &names));
  compare_names(f, "breaks", about, &names);
}

static void compare_distance(demo_fixture *f, const char *from, const char *to) {
  demo_names names = {NULL, 0, 0}, types = {NULL, 0, 0};
  char line[1100], *expected;
  int rc = demo_path(f->store.graph, tv_str(from), tv_str(to), &names, &types);
  snprintf(line, sizeof line, "distance '%s' '%s'", from, to);
  expected = oracle(f, line);
  if (rc == TV_NOTFOUND) {
    assert_string_equal(expected, "none\n");
  } else {
    test_ok(rc);
    snprintf(line, sizeof line, "%zu\n", types.n);
    assert_string_equal(line, expected);
    assert_int_equal((int)names.n, (int)types.n + 1);
    assert_string_equal(names.items[0], from);
    assert_string_equal(names.items[names.n - 1], to);
  }
  demo_names_free(&names);
  demo_names_free(&types);
  free(expected);
}

/* The rows of a statement, cells parted by tabs. */
static char *rows_of(demo_fixture *f, const char *sql) {
  sqlite3_stmt *stmt;
  size_t capacity = 1u << 20, size = 0;
  char *text = malloc(capacity);
  int column, rc;
  assert_non_null(text);
  text[0] = '\0';
  assert_int_equal(sqlite3_prepare_v2(f->store.sql, sql, -1, &stmt, NULL), SQLITE_OK);
  while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
    for (column = 0; column < sqlite3_column_count(stmt); column++) {
      const char *cell = (const char *)sqlite3_column_text(stmt, column);
      size += (size_t)snprintf(text + size, capacity - size, "%s%c", cell != NULL ? cell : "",
                               column + 1 < sqlite3_column_count(stmt) ? '\t' : '\n');
      assert_true(size < capacity);
    }
  assert_int_equal(rc, SQLITE_DONE);
  sqlite3_finalize(stmt);
  return text;
}

static void compare_rows(demo_fixture *f, const char *sql, char *expected) {
  char *got = rows_of(f, sql);
  assert_string_equal(got, expected);
  free(got);
  free(expected);
}

/* The table against the oracle, and against the sqlite3 tool on rows that the oracle exported. */
static void compare_figures(demo_fixture *f) {
  static const char by_section[] =
      "SELECT section, coalesce(sum(installed_size), 0) FROM packages GROUP BY section ORDER BY 1";
  static const char by_maintainer[] =
      "SELECT coalesce(maintainer, ''), count(*), total(size), max(name) FROM packages"
      " GROUP BY 1 ORDER BY 1";
  char command[2048], csv[560], *rows;
  FILE *out;
  compare_rows(f, by_section, oracle(f, "sections"));
  compare_rows(f,
               "SELECT type, count(*) FROM graph_edges('" DEMO_GRAPH "') GROUP BY type ORDER BY 1",
               oracle(f, "edges"));
  rows = oracle(f, "csv");
  snprintf(csv, sizeof csv, "%s.csv", f->index_path);
  out = fopen(csv, "w");
  assert_non_null(out);
  fputs(rows, out);
  fclose(out);
  free(rows);
  snprintf(command, sizeof command,
           "sqlite3 -batch :memory: \"CREATE TABLE packages(name TEXT, section TEXT,"
           " installed_size INTEGER, size INTEGER, maintainer TEXT)\" '.import --csv %s packages'"
           " \"UPDATE packages SET installed_size = nullif(installed_size, ''),"
           " size = nullif(size, '')\" '.mode tabs' \"%s\"",
           csv, by_section);
  compare_rows(f, by_section, output_of(command));
  snprintf(command, sizeof command,
           "sqlite3 -batch :memory: \"CREATE TABLE packages(name TEXT, section TEXT,"
           " installed_size INTEGER, size INTEGER, maintainer TEXT)\" '.import --csv %s packages'"
           " '.mode list' '.separator \"\\t\"' \"%s\"",
           csv, by_maintainer);
  compare_rows(f, by_maintainer, output_of(command));
}

/* Every way of every question of the PIE table gives one answer. */
static void compare_ways(demo_fixture *f, const char *about) {
  int q;
  size_t w;
  for (q = 0; q < DEMO_QUESTIONS; q++) {
    uint64_t first = 0, answer;
    char why[PAIRED_TEXT_BYTES] = "";
    assert_true(demo_questions[q].n >= 3);
    for (w = 0; w < demo_questions[q].n; w++) {
      int rc = demo_questions[q].ways[w].answer(&f->store, about, &answer, why);
      if (rc != 0 || (w > 0 && answer != first))
        print_error("%s: %s\n", demo_questions[q].ways[w].name, why);
      assert_int_equal(rc, 0);
      if (w == 0) first = answer;
      assert_true(answer == first);
    }
  }
}

static void test_every_answer_on_the_fixture_is_the_oracles(void **state) {
  demo_fixture f;
  size_t i, j;
  (void)state;
  fixture_open(&f, tv_str(fixture), 4);
  for (i = 0; i < f.index.n; i++) {
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)f.index.packages[i].name.size,
             (const char *)f.index.packages[i].name.data);
    compare_package(&f, name);
    compare_ways(&f, name);
  }
  for (i = 0; i < f.index.n; i += 2)
    for (j = 1; j < f.index.n; j += 3) {
      char from[64], to[64];
      snprintf(from, sizeof from, "%.*s", (int)f.index.packages[i].name.size,
               (const char *)f.index.packages[i].name.data);
      snprintf(to, sizeof to, "%.*s", (int)f.index.packages[j].name.size,
               (const char *)f.index.packages[j].name.data);
      compare_distance(&f, from, to);
    }
  compare_figures(&f);
  fixture_close(&f);
}

static void assert_breaks(demo_fixture *f, const char *gone, const char *expected) {
  demo_names names = {NULL, 0, 0};
  char *got;
  test_ok(demo_breakage(f->store.graph, tv_str(gone), &names));
  got = text_of(&names);
  assert_string_equal(got, expected);
  free(got);
  demo_names_free(&names);
}

static void test_a_removal_breaks_what_has_no_alternative_and_no_provider(void **state) {
  demo_fixture f;
  (void)state;
  fixture_open(&f, tv_str(fixture), 1000);
  assert_breaks(&f, "mta-two", "");                     /* mta-one still provides mailer */
  assert_breaks(&f, "lib-a", "lib-b\nselfish\ntool\n"); /* lib-c, nowhere: names without package */
  assert_breaks(&f, "sole-provider", "needs-one-provider\n");
  assert_breaks(&f, "base",
                "lib-a\nlib-b\nmta-one\nneeds-one-provider\nselfish\nsole-provider\ntool\n");
  fixture_close(&f);
}

static void test_the_three_models_hold_the_same_packages(void **state) {
  demo_fixture f;
  tv_slice stanza;
  tv_value value;
  tv_node node;
  char *rows;
  (void)state;
  fixture_open(&f, tv_str(fixture), 3);
  test_ok(tv_kv_get(f.store.bucket, tv_str("base"), &stanza));
  assert_non_null(memmem(stanza.data, stanza.size, "2.36-9", 6)); /* the higher version is kept */
  test_ok(tv_graph_node_find(f.store.graph, tv_str("base"), &node));
  test_ok(tv_graph_node_get(f.store.graph, node, "version", &value));
  assert_true(test_slice_is(value.as.bytes, "2.36-9"));
  test_ok(tv_graph_label_has(f.store.graph, node, "Package"));
  test_ok(tv_graph_node_find(f.store.graph, tv_str("mailer"), &node));
  test_ok(tv_graph_label_has(f.store.graph, node, "Virtual"));
  rows = rows_of(&f,
                 "SELECT count(*) FROM packages p JOIN kv('packages') k ON k.key = p.name "
                 "JOIN graph_nodes('debian', 'Package') n ON n.key = p.name");
  assert_int_equal(atoi(rows), (int)f.index.n);
  free(rows);
  rows = rows_of(&f,
                 "SELECT properties ->> 'version', properties ->> 'alternative' "
                 "FROM graph_edges('debian') WHERE source = 'tool' AND target IN ('old-tool',"
                 " 'lib-c') ORDER BY target");
  assert_string_equal(rows, "\t1\n<< 1\t\n");
  free(rows);
  fixture_close(&f);
}

/* An index of n packages whose relations are drawn; names p0, p1, ... and virtual v0, v1, ... */
static char *generated(uint64_t *random, unsigned n) {
  char *text = malloc((size_t)n * 400);
  size_t at = 0;
  unsigned i, g, a;
  assert_non_null(text);
  for (i = 0; i < n; i++) {
    at += (size_t)sprintf(text + at, "Package: p%u\nVersion: 1\nSection: s%u\nInstalled-Size: %u\n",
                          i, (unsigned)(test_random(random) % 7),
                          (unsigned)(test_random(random) % 1000));
    if (test_random(random) % 5 == 0)
      at += (size_t)sprintf(text + at, "Provides: v%u\n", (unsigned)(test_random(random) % 9));
    at += (size_t)sprintf(text + at, "Depends: ");
    for (g = (unsigned)(test_random(random) % 4); g > 0; g--)
      for (a = (unsigned)(test_random(random) % 3) + 1; a > 0; a--)
        at += (size_t)sprintf(text + at, "%s%u%s", test_random(random) % 6 == 0 ? "v" : "p",
                              (unsigned)(test_random(random) % (n + 3)), a > 1 ? " | " : ", ");
    at += (size_t)sprintf(text + at, "\n\n");
  }
  return text;
}

static void test_generated_indexes_give_the_oracles_answers(void **state) {
  uint64_t random = test_seed();
  int round;
  (void)state;
  for (round = 0; round < 3; round++) {
    demo_fixture f;
    char about[32], to[32];
    char *text = generated(&random, 150);
    int i;
    fixture_open(&f, tv_str(text), 40);
    for (i = 0; i < 6; i++) {
      snprintf(about, sizeof about, "p%u", (unsigned)(test_random(&random) % 150));
      snprintf(to, sizeof to, "p%u", (unsigned)(test_random(&random) % 150));
      compare_package(&f, about);
      compare_ways(&f, about);
      compare_distance(&f, about, to);
    }
    compare_figures(&f);
    fixture_close(&f);
    free(text);
  }
}

/* A few hundred real stanzas: what some packages lead to, over everything named. Returns their
 * text, or NULL where apt has none. */
static char *real_stanzas(size_t most) {
  static const char *const seeds[] = {"nginx", "gimp", "git", "python3", "postfix", NULL};
  tv_slice text;
  deb_index index;
  const deb_package **queue;
  unsigned char *seen;
  size_t head, tail = 0, i, size = 1;
  char why[256], *out, *to;
  if (deb_source_read(NULL, &text, why) != 0) return NULL;
  deb_index_make(text, &index);
  queue = calloc(index.n + 1, sizeof *queue);
  seen = calloc(index.n + 1, 1);
  assert_non_null(queue);
  assert_non_null(seen);
  for (i = 0; seeds[i] != NULL; i++) {
    const deb_package *package = deb_index_find(&index, tv_str(seeds[i]));
    if (package == NULL || seen[package - index.packages]) continue;
    seen[package - index.packages] = 1;
    queue[tail++] = package;
  }
  for (head = 0; head < tail && tail < most; head++)
    for (i = queue[head]->relations_from[0]; i < queue[head]->relations_from[DEB_CONFLICTS]; i++) {
      const deb_package *package = deb_index_find(&index, index.relations.items[i].name);
      if (package == NULL || seen[package - index.packages] || tail >= most) continue;
      seen[package - index.packages] = 1;
      queue[tail++] = package;
    }
  for (i = 0; i < tail; i++) size += queue[i]->stanza.size + 2;
  out = to = malloc(size);
  assert_non_null(out);
  for (i = 0; i < tail; i++) {
    memcpy(to, queue[i]->stanza.data, queue[i]->stanza.size);
    to += queue[i]->stanza.size;
    *to++ = '\n';
    *to++ = '\n';
  }
  *to = '\0';
  free(queue);
  free(seen);
  deb_index_free(&index);
  deb_source_free(text);
  return out;
}

static void test_real_stanzas_give_the_oracles_answers(void **state) {
  static const char *const about[] = {"libc6", "nginx", "perl-base", "debconf", "dpkg"};
  demo_fixture f;
  char *text = real_stanzas(500);
  size_t i;
  (void)state;
  if (text == NULL || text[0] == '\0') {
    print_message("apt knows no packages here: the generated indexes stand alone\n");
    free(text);
    return;
  }
  fixture_open(&f, tv_str(text), 100);
  assert_true(f.index.n > 100);
  assert_int_equal((int)f.index.relations.malformed, 0);
  for (i = 0; i < sizeof about / sizeof about[0]; i++) {
    if (deb_index_find(&f.index, tv_str(about[i])) == NULL) continue;
    compare_package(&f, about[i]);
    compare_ways(&f, about[i]);
    compare_distance(&f, about[i], "gcc-12-base");
  }
  compare_figures(&f);
  fixture_close(&f);
  free(text);
}

static void test_a_cast_is_found_in_an_index_without_any_well_known_package(void **state) {
  demo_fixture f;
  demo_cast cast;
  (void)state;
  fixture_open(&f, tv_str(fixture), 1000);
  test_ok(demo_cast_choose(&f.store, &cast));
  assert_string_equal(cast.base, "base"); /* most depend on it */
  assert_non_null(deb_index_find(&f.index, tv_str(cast.point)));
  assert_non_null(deb_index_find(&f.index, tv_str(cast.server)));
  assert_string_equal(cast.path_to, "base");
  fixture_close(&f);
}

static void test_an_interrupted_load_says_so(void **state) {
  demo_load_facts facts;
  deb_index index;
  tv_error err;
  char path[512], *folder = test_folder_make();
  (void)state;
  test_path(path, sizeof path, folder, "demo.tv");
  deb_index_make(tv_str(fixture), &index);
  interrupt_raise();
  test_status(demo_load(path, &index, 4, &facts, &err), TV_EINTR);
  interrupt_clear();
  deb_index_free(&index);
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_answer_on_the_fixture_is_the_oracles),
      cmocka_unit_test(test_a_removal_breaks_what_has_no_alternative_and_no_provider),
      cmocka_unit_test(test_the_three_models_hold_the_same_packages),
      cmocka_unit_test(test_generated_indexes_give_the_oracles_answers),
      cmocka_unit_test(test_real_stanzas_give_the_oracles_answers),
      cmocka_unit_test(test_a_cast_is_found_in_an_index_without_any_well_known_package),
      cmocka_unit_test(test_an_interrupted_load_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

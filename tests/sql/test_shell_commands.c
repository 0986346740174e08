/* SPDX-License-Identifier: MIT */
/* Each dot command by script: what it prints, and what it leaves in the store. */
#include "test_shell_drive.h"

/* ---- Buckets ---- */

static void kv_puts_gets_and_scans(void **state) {
  drive_expect(
      *state,
      ".kv create u\n.kv put u ada 'born 1815'\n.kv put u bob x'00ff'\n.kv put u \"c d\" \"\"\n"
      ".kv get u ada\n.kv get u ada bob zed\n.kv scan u\n.kv scan u a\n.kv scan u --keys "
      "--reverse\n"
      ".kv scan u --from b --to c --limit 5\n.kv scan u --limit 1\n.kv count u\n.kv count u b\n",
      "born 1815\nada|born 1815\nbob|x'00ff'\nzed|\n"
      "ada|born 1815\nbob|x'00ff'\nc d|\nada|born 1815\nc d\nbob\nada\n"
      "bob|x'00ff'\nada|born 1815\n3\n1\n");
}

static void kv_puts_on_conditions(void **state) {
  drive_expect(*state,
               ".kv create u --versioned\n.kv put u k 1 --absent\n.kv put u k 2 --equal 1\n"
               ".kv put u k 3 --version 2\n.kv get u k\n.mode quote\n.kv info u k\n",
               "3\n'k',1,NULL,3\n");
  drive_expect_error(*state, ".kv put u k 9 --absent\n", "the key is there already: k");
  drive_expect_error(*state, ".kv put u k 9 --equal 1\n", "the entry has changed: k");
  drive_expect_error(*state, ".kv put u k 9 --version 1\n", "the entry has changed: k");
  drive_expect_error(*state, ".kv put u k 9 --version 1 --absent\n", "do not go together");
  drive_expect(*state, ".kv get u k\n", "3\n");
}

static void kv_counts_appends_and_deletes(void **state) {
  drive_expect(*state,
               ".kv create u\n.kv incr u n\n.kv incr u n 41\n.kv incr u n -2\n.kv append u t ab\n"
               ".kv append u t cd\n.kv get u t\n.kv put u p1 x\n.kv put u p2 x\n.kv put u q x\n"
               ".kv del u --prefix p\n.kv del u q nosuch\n.kv scan u\n",
               "1\n42\n40\nabcd\n2\n1\nn|40\nt|abcd\n");
  drive_expect_error(*state, ".kv incr u t\n", "number");
  drive_expect_error(*state, ".kv incr u n x\n", "not a whole number: x");
  drive_expect_error(*state, ".kv del u\n", "KEY is missing");
}

static void kv_ranges_are_counted_estimated_and_deleted(void **state) {
  drive_expect(*state,
               ".kv create n --key integer\n.kv put n -1 a\n.kv put n 5 b\n.kv put n 6 c\n"
               ".kv put n 700 d\n.kv count n --from 0 --to 700\n.kv count n --estimate\n"
               ".kv count n --from 6 --estimate\n.kv del n --from 5 --to 7\n.kv scan n --keys\n"
               ".kv create u\n.kv put u x'6162' 1\n.kv put u abc 1\n.kv put u b 1\n"
               ".kv count u ab --estimate\n.kv count u b\n.kv del u --prefix x'6162'\n"
               ".kv scan u --keys\n.kv del u --from a\n.kv count u\n",
               "2\n4\n2\n2\n-1\n700\n2\n1\n2\nb\n1\n0\n");
  drive_expect_error(*state, ".kv del n 5 --from 5\n", "keys and a range do not go together");
  drive_expect_error(*state, ".kv del n --prefix 5\n", "no prefix");
  drive_expect_error(*state, ".kv del u --prefix 5 --to 6\n", "do not go together");
  drive_expect_error(*state, ".kv count u a --to 6\n", "do not go together");
}

/* 400 values that have much in common take less room with a dictionary made of them. */
static void kv_compresses_with_a_dictionary_of_samples(void **state) {
  char script[40000] = ".kv create plain --compress lz4-hc\nbegin;\n", path[512];
  long long bytes[3];
  size_t used = strlen(script);
  test_path(path, sizeof path, *state, "lines.txt");
  FILE *lines = fopen(path, "w");
  assert_non_null(lines);
  for (int i = 0; i < 400; i++) {
    char value[80];
    snprintf(value, sizeof value, "name=person%d;role=keeper of the lighthouse;town=%d", i * 7919,
             i % 7);
    fprintf(lines, "%s\n", value);
    used +=
        (size_t)snprintf(script + used, sizeof script - used, ".kv put plain %d '%s'\n", i, value);
  }
  fclose(lines);
  snprintf(script + used, sizeof script - used,
           "commit;\n.kv create a --compress lz4hc --samples lines.txt\n"
           ".kv create b --compress lz4 --samples-of plain\n.export p.jsonl plain --bucket\n"
           ".import p.jsonl a --bucket\n.import p.jsonl b --bucket --batch 150\n"
           "select (select value from kv('a') where key = '399') = value,"
           " (select value from kv('b') where key = '399') = value from kv('plain') where key = "
           "'399';\n");
  drive_expect(*state, script, "1|1\n");
  drive_run run = drive_script(*state, ".buckets\n");
  char *at = run.out;
  for (int i = 0; i < 3; i++, at = strchr(at, '\n') + 1) {
    assert_int_equal(sscanf(strchr(at, '|'), "|400|%lld", &bytes[i]), 1);
  }
  assert_true(bytes[0] * 2 < bytes[2] && bytes[1] * 2 < bytes[2]);
  drive_free(&run);
  drive_expect_error(*state, ".kv create c --samples lines.txt\n", "of use to compression only");
  drive_expect_error(*state, ".kv create c --compress lz4 --samples no.txt\n",
                     "cannot open no.txt");
  drive_expect_error(*state, ".kv create c --compress lz4 --samples-of nob\n", "'nob'");
}

static void kv_keys_may_be_numbers(void **state) {
  drive_expect(*state,
               ".kv create n --key integer --value integer\n.kv incr n 5 7\n.kv incr n -3\n"
               ".kv put n 10 hello\n.kv scan n\n.kv scan n --from 0 --reverse\n.kv get n -3\n",
               "7\n1\n-3|1\n5|7\n10|hello\n10|hello\n5|7\n1\n");
  drive_expect_error(*state, ".kv get n x\n", "whole numbers");
  drive_expect_error(*state, ".kv scan n 1\n", "no prefix");
}

static void kv_entries_expire(void **state) {
  drive_expect(*state,
               ".kv create s\n.kv put s stays y --ttl 3600000\n"
               ".kv create d --ttl 3600000\n.kv put d k v\n.kv put d ever v --ttl 0\n"
               /* last, since a put sweeps what has expired before it */
               ".kv put s gone x --ttl 1\n",
               "");
  usleep(5000);
  drive_expect(*state, ".kv scan s\n.kv sweep s\n.kv count s\n.mode quote\n.kv info d ever\n",
               "stays|y\n1\n1\n'ever',1,NULL,NULL\n");
  drive_run run = drive_script(*state, ".kv info d k\n"); /* k|1|2031-02-03 04:05:06| */
  assert_int_equal(strlen(run.out), strlen("k|1|2031-02-03 04:05:06|\n"));
  drive_free(&run);
}

static void buckets_are_listed_renamed_and_dropped(void **state) {
  drive_expect(
      *state,
      ".kv create a --compress lz4hc --ttl 500 --versioned\n.kv create b --key blob --value blob\n"
      ".kv rename b c\n.headers on\n.buckets\n.kv drop a\n.kv list c%\n",
      "name|entries|bytes|compression|ttl_ms|versions|key|value\n"
      "a|0|0|lz4hc|500|yes|text|text\nc|0|0|none||no|blob|blob\n"
      "name|entries|bytes|compression|ttl_ms|versions|key|value\n"
      "c|0|0|none||no|blob|blob\n");
  drive_expect_error(*state, ".kv create c\n", "there already: c");
  drive_expect_error(*state, ".kv create d --compress zip\n", "say none, lz4 or lz4hc");
  drive_expect_error(*state, ".kv create d --key number\n", "say text, blob or integer");
}

/* ---- Graphs ---- */

#define GRAPH                                                                     \
  ".graph create g\n.graph add-node g a --label P --label Q x=1 name=\"Ada L\"\n" \
  ".graph add-node g b\n.graph add-node g c --label P\n"                          \
  ".graph add-edge g a b knows since=1999 w=0.5 ok=true z=x'00' t=\"5\"\n"        \
  ".graph add-edge g b c knows\n.graph add-edge g c a likes\n"

static void graph_shows_nodes_and_edges(void **state) {
  drive_expect(*state,
               GRAPH
               ".graph nodes g\n.graph nodes g --label P --limit 1\n.graph node g a\n"
               ".graph edges g\n.graph edges g a\n.graph edges g --type likes\n",
               "0\n1\n2\na|P,Q|{\"x\":1,\"name\":\"Ada L\"}\nb||\nc|P|\n"
               "a|P,Q|{\"x\":1,\"name\":\"Ada L\"}\na|P,Q|{\"x\":1,\"name\":\"Ada L\"}\n"
               "0|a|b|knows|{\"since\":1999,\"w\":0.5,\"ok\":true,\"z\":\"x'00'\",\"t\":\"5\"}\n"
               "1|b|c|knows|\n2|c|a|likes|\n"
               "0|a|b|knows|{\"since\":1999,\"w\":0.5,\"ok\":true,\"z\":\"x'00'\",\"t\":\"5\"}\n"
               "2|c|a|likes|\n2|c|a|likes|\n");
}

static void graph_traverses(void **state) {
  drive_expect(*state,
               GRAPH
               ".graph neighbors g a\n.graph neighbors g a --both\n.graph neighbors g a --in\n"
               ".graph khop g a 1\n.graph khop g a all\n.graph khop g a all --in --type knows\n"
               ".graph path g a c\n.graph path g a c --both\n.graph degree g a\n"
               ".graph degree g a --type knows\n",
               "0\n1\n2\nb|knows|out|0\nb|knows|out|0\nc|likes|in|2\nc|likes|in|2\n"
               "1|b|a|knows\n1|b|a|knows\n2|c|b|knows\n"
               "0|a||\n1|b|knows|0\n2|c|knows|1\n0|a||\n1|c|likes|2\n1|1\n1|0\n");
  drive_expect_error(*state, ".graph path g a c --type likes\n", "no path from a to c");
  drive_expect_error(*state, ".graph khop g a x\n", "DEPTH is a whole number or all");
  drive_expect_error(*state, ".graph khop g a 1 --type hates\n", "hates");
  drive_expect_error(*state, ".graph node g zed\n", "no such node in g: zed");
}

static void graph_is_edited(void **state) {
  drive_expect(
      *state,
      GRAPH
      ".graph set g a x=null y=2\n.graph node g a\n.graph del-edge g 2\n.graph del-node g b\n"
      ".graph edges g\n.graph nodes g\n.graph rename g h\n.graph degree h a\n.graph drop h\n.graph "
      "list\n",
      "0\n1\n2\na|P,Q|{\"name\":\"Ada L\",\"y\":2}\na|P,Q|{\"name\":\"Ada L\",\"y\":2}\nc|P|\n"
      "0|0\n");
  drive_expect_error(*state, ".graph create k\n.graph create k\n", "there already: k");
  drive_expect_error(*state, ".graph add-edge k a b t\n", "no such node in k: a");
  drive_expect_error(*state, ".graph del-edge k 5\n", "no such edge in k: 5");
  drive_expect_error(*state, ".graph add-node k a xyz\n", "not a property: xyz");
}

/* ---- One transaction ---- */

static void kv_and_graph_commands_join_the_sql_transaction(void **state) {
  drive_expect(
      *state,
      "create table t(a);\n.kv create u\n.graph create g\nbegin;\ninsert into t values(1);\n"
      ".kv put u k v\n.graph add-node g n\nselect count(*) from t;\n.kv count u\nrollback;\n"
      "select count(*) from t;\n.kv count u\n.graph nodes g\n"
      "begin;\ninsert into t values(2);\n.kv put u k w\n.graph add-node g m\ncommit;\n",
      "1\n1\n0\n0\n");
  drive_expect(*state, "select * from t;\n.kv scan u\n.graph nodes g\n", "2\nk|w\nm||\n");
}

static void a_failed_command_leaves_the_transaction_whole(void **state) {
  drive_run run =
      drive_script(*state,
                   "create table t(a);\n.kv create u\n.bail off\nbegin;\ninsert into t values(1);\n"
                   ".kv put u k v\n.kv put u \"\" v\n.kv incr u k\n.kv put u l w\ncommit;\n"
                   "select * from t;\n.kv scan u\n");
  assert_string_equal(run.out, "1\nk|v\nl|w\n");
  assert_int_equal(run.code, 1);
  drive_free(&run);
}

static void sql_sees_what_kv_put_in_its_transaction(void **state) {
  drive_expect(*state,
               ".kv create u\nbegin;\n.kv put u k v\nselect key, value from kv('u');\ncommit;\n",
               "k|v\n");
}

/* ---- Looking around ---- */

static void tables_schema_and_indexes_are_listed(void **state) {
  drive_expect(
      *state,
      "create table one(a primary key, b);\ncreate table two(x);\ncreate index i on two(x);\n"
      "create view v as select * from one;\nattach ':memory:' as aux;\ncreate table aux.three(y);\n"
      ".tables\n.tables t%\n.indexes two\n.schema two\n.schema thr%\n.databases\n",
      "aux.three  one        two        v\naux.three  two\ni\nCREATE TABLE two(x);\nCREATE INDEX i "
      "on two(x);\n"
      "/* in aux */ CREATE TABLE three(y);\nmain|s.tv|read and write\naux||read and write\n");
}

static void stat_counts_each_model(void **state) {
  drive_run run =
      drive_script(*state, GRAPH "create table t(a);\n.kv create u\n.kv put u k v\n.stat\n");
  assert_non_null(strstr(run.out, "store|s.tv\n"));
  assert_non_null(strstr(run.out, "page bytes|"));
  assert_non_null(strstr(run.out, "readers at most|1022\n"));
  assert_non_null(strstr(run.out, "pages pinned by the oldest reader|"));
  assert_non_null(strstr(run.out, "bucket|u|1|4096|1|0|1|0\n"));
  assert_non_null(strstr(run.out, "graph|g|6|"));
  assert_non_null(strstr(run.out, "sql|tables and indexes|1|"));
  assert_int_equal(run.code, 0);
  drive_free(&run);
}

static void backups_open_as_stores(void **state) {
  const char *const words[] = {"copy.tv", "select * from t", ".kv get u k", NULL};
  drive_expect(*state,
               "create table t(a);\ninsert into t values(7);\n.kv create u\n.kv put u k v\n"
               ".backup copy.tv --compact\n",
               "");
  drive_run run = drive(*state, "", words);
  assert_string_equal(run.out, "7\nv\n");
  drive_free(&run);
  drive_expect_error(*state, ".backup copy.tv\n", "copy.tv");
}

static void check_says_that_a_store_is_sound(void **state) {
  drive_run run =
      drive_script(*state, GRAPH "create table t(a);\n.kv create u\n.kv put u k v\n.check\n");
  assert_non_null(strstr(run.out, "\nbuckets|1|1|0\ngraphs|1|6|0\ntables|1|2|0\ns.tv is sound\n"));
  assert_int_equal(run.code, 0);
  drive_free(&run);
}

/* Flips a byte wherever the marker stands in the store's file. */
static void check_flip(const char *folder, const char *marker) {
  char path[512];
  size_t size, flipped = 0, length = strlen(marker);
  test_path(path, sizeof path, folder, "s.tv");
  char *bytes = drive_read(path, &size);
  FILE *file = fopen(path, "r+b");
  assert_non_null(file);
  for (size_t i = 0; i + length < size; i++) {
    if (memcmp(bytes + i, marker, length) != 0) continue;
    fseek(file, (long)i, SEEK_SET);
    fputc('M', file);
    flipped++;
  }
  fclose(file);
  free(bytes);
  assert_true(flipped > 0);
}

static void check_names_what_is_damaged_in_each_model(void **state) {
  static const char *const cases[][3] = {
      {"bucket-marker", "bucket 'u', key k: the stored value is damaged", "\nbuckets|1|1|1\n"},
      {"compressed-marker", "bucket 'z', key k: the stored value is damaged", "\nbuckets|2|2|1\n"},
      {"node-marker", "\"g\": the record of node 0 is damaged", "\ngraphs|1|3|"},
      {"edge-marker", "graph \"g\": the properties of edge 0 are damaged", "\ngraphs|1|3|"},
      {"table-marker", "table people: ", "\ntables|2|3|"},
      {"table-marker", "the checksum of SQL page 3 is wrong", "\nbuckets|1|1|0\n"}};
  static const char *const beside[] = {":memory:", ".check s.tv", NULL};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char *folder = test_folder_make();
    drive_expect(folder,
                 "create table other(a);\ncreate table people(a);\n"
                 "insert into people values('table-marker');\n.kv create u\n"
                 ".kv put u k bucket-marker\n.graph create g\n"
                 ".graph add-node g Ada note=node-marker\n.graph add-node g Bob\n"
                 ".graph add-edge g Ada Bob knows why=edge-marker\n",
                 "0\n");
    if (i == 1)
      drive_expect(folder,
                   ".kv create z --compress lz4\n.kv put z k "
                   "compressed-marker-compressed-marker-compressed-marker-compressed-marker\n",
                   "");
    check_flip(folder, cases[i][0]);
    for (int way = 0; way < 2; way++) {
      drive_run run = way == 0 ? drive_script(folder, ".check\n") : drive(folder, "", beside);
      if (strstr(run.out, cases[i][1]) == NULL || strstr(run.out, cases[i][2]) == NULL)
        fail_msg("expected \"%s\" and \"%s\" in: %s", cases[i][1], cases[i][2], run.out);
      assert_non_null(strstr(run.err, "s.tv is damaged: "));
      assert_int_equal(run.code, 1);
      drive_free(&run);
    }
    test_folder_remove(folder);
  }
  (void)state;
}

static void readers_feed_metrics_and_limits_print_rows(void **state) {
  drive_run run = drive_script(*state,
                               ".headers on\n.readers\n.readers --reap\n.feed\n.metrics on\n"
                               "select 1;\n.metrics\n.limits\n.stores\n.sync\n.version\n");
  assert_string_equal(run.err, "");
  assert_non_null(strstr(run.out, "pid|snapshot|behind|pages_pinned|age_ms\n"));
  assert_non_null(strstr(run.out, "txn|time|change|model|name|part|key\n"));
  assert_non_null(strstr(run.out, "call|count|mean_ns|p50_ns|p90_ns|p99_ns|p999_ns|max_ns\n"));
  assert_non_null(strstr(run.out, "bytes of a key|480\n"));
  assert_non_null(strstr(run.out, "Trivet " TV_VERSION_STRING "\nSQLite 3."));
  assert_int_equal(run.code, 0);
  drive_free(&run);
}

/* ---- Settings ---- */

static void output_goes_where_it_is_sent(void **state) {
  char path[512];
  drive_expect(
      *state,
      ".output out.txt\nselect 1;\n.print in file\n.output\nselect 2;\n.once once.txt\nselect 3;\n"
      "select 4;\n.once |tr 5 6\nselect 5;\n",
      "2\n4\n6\n");
  test_path(path, sizeof path, *state, "out.txt");
  char *text = drive_read(path, NULL);
  assert_string_equal(text, "1\nin file\n");
  free(text);
  test_path(path, sizeof path, *state, "once.txt");
  text = drive_read(path, NULL);
  assert_string_equal(text, "3\n");
  free(text);
  drive_expect_error(*state, ".output /nonexistent/x\n", "cannot open /nonexistent/x");
  drive_expect_error(*state, ".output |exit 3\n.output\n", "the command failed");
}

static void a_full_disk_is_an_error(void **state) {
  drive_expect_error(*state, ".output /dev/full\nselect 1;\n.output\n", "cannot write");
}

static void read_runs_a_file_and_names_it_in_errors(void **state) {
  char path[512];
  test_path(path, sizeof path, *state, "in.sql");
  drive_write(path, "select 1;\n\n.read in2.sql\n");
  test_path(path, sizeof path, *state, "in2.sql");
  drive_write(path, "-- a comment\nselect 2,\n  3;\nselect nosuch;\n");
  drive_run run = drive_script(*state, ".read in.sql\n");
  assert_string_equal(run.out, "1\n2|3\n");
  assert_non_null(strstr(run.err, "Error: near line 4 of in2.sql: no such column: nosuch"));
  assert_int_equal(run.code, 1);
  drive_free(&run);
  test_path(path, sizeof path, *state, "loop.sql");
  drive_write(path, ".read loop.sql\n");
  drive_expect_error(*state, ".read loop.sql\n", "does a file read itself?");
}

static void echo_changes_timer_and_show_work(void **state) {
  drive_run run = drive_script(*state,
                               ".changes on\n.timer on\n.echo on\ncreate table t(a);\n"
                               "insert into t values(1),(2);\n.mode csv\n.show\n");
  assert_non_null(strstr(
      run.out, "insert into t values(1),(2);\nchanges: 2   total_changes: 2\nRun Time: real "));
  assert_non_null(strstr(run.out, "mode: csv\n"));
  assert_non_null(strstr(run.out, "echo: on\n"));
  assert_non_null(strstr(run.out, "column: \"|\"\n"));
  assert_int_equal(run.code, 0);
  drive_free(&run);
}

static void open_changes_the_store(void **state) {
  drive_expect(
      *state,
      "create table t(a);\n.open other.tv\n.tables\ncreate table o(a);\n.open s.tv\n.tables\n",
      "t\n");
  drive_expect_error(*state, ".open other.tv --new\n", "other.tv");
  drive_expect(*state,
               ".open other.tv --lazy\ninsert into o values(1);\n.open other.tv --bulk\n"
               "insert into o values(2);\n.sync\n.open other.tv\nselect * from o;\n",
               "1\n2\n");
  drive_expect_error(*state, ".open other.tv --lazy --bulk\n", "do not go together");
  drive_expect_error(*state, "begin;\n.open other.tv\n", "a transaction is open");
  drive_expect_error(*state, ".open other.tv --readonly\ninsert into o values(1);\n",
                     "without -readonly");
}

static void help_lists_every_command_and_one(void **state) {
  drive_run run = drive_script(*state, ".help\n");
  assert_non_null(strstr(run.out, ".backup FILE [--compact]"));
  assert_non_null(strstr(run.out, ".kv get BUCKET KEY..."));
  assert_non_null(strstr(run.out, ".version"));
  drive_free(&run);
  drive_expect(
      *state, ".help bail\n",
      ".bail on|off                        Stop at the first error (scripts: on; terminal: off)\n");
  drive_expect_error(*state, ".help nosuch\n", "no such command: .nosuch");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      drive_test(kv_puts_gets_and_scans),
      drive_test(kv_puts_on_conditions),
      drive_test(kv_counts_appends_and_deletes),
      drive_test(kv_ranges_are_counted_estimated_and_deleted),
      drive_test(kv_compresses_with_a_dictionary_of_samples),
      drive_test(kv_keys_may_be_numbers),
      drive_test(kv_entries_expire),
      drive_test(buckets_are_listed_renamed_and_dropped),
      drive_test(graph_shows_nodes_and_edges),
      drive_test(graph_traverses),
      drive_test(graph_is_edited),
      drive_test(kv_and_graph_commands_join_the_sql_transaction),
      drive_test(a_failed_command_leaves_the_transaction_whole),
      drive_test(sql_sees_what_kv_put_in_its_transaction),
      drive_test(tables_schema_and_indexes_are_listed),
      drive_test(stat_counts_each_model),
      drive_test(backups_open_as_stores),
      drive_test(check_says_that_a_store_is_sound),
      drive_test(check_names_what_is_damaged_in_each_model),
      drive_test(readers_feed_metrics_and_limits_print_rows),
      drive_test(output_goes_where_it_is_sent),
      drive_test(a_full_disk_is_an_error),
      drive_test(read_runs_a_file_and_names_it_in_errors),
      drive_test(echo_changes_timer_and_show_work),
      drive_test(open_changes_the_store),
      drive_test(help_lists_every_command_and_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

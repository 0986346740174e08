/* SPDX-License-Identifier: MIT */
/*
 * .import, .export and .dump: what goes out comes back the same, a bad line is named and leaves
 * nothing behind, and the dump is read by SQLite itself.
 */
#include <sqlite3.h>

#include "test_shell_drive.h"

/* ---- CSV into tables ---- */

static void import_creates_a_table_with_fitting_types(void **state) {
  files_write(
      state, "p.csv",
      "\xef\xbb\xbfid,name,zip,height,note\r\n1,\"Lovelace, Ada\",00710,1.65,\"a \"\"b\"\"\nc\"\r\n"
      "-2,,123,,\"\"\r\n");
  drive_expect(*state, ".import p.csv p\n.schema p\n.mode quote\nselect * from p;\n",
               "CREATE TABLE p(id INTEGER, name TEXT, zip TEXT, height REAL, note TEXT);\n"
               "1,'Lovelace, Ada','00710',1.65,'a \"b\"\nc'\n-2,'','123',NULL,''\n");
}

static void import_fills_an_existing_table(void **state) {
  files_write(state, "p.csv", "A,b\n1,x\n2,y\n");
  files_write(state, "q.tsv", "junk\n3\tz\n4\t\n");
  files_write(state, "r.txt", "5;w\n");
  drive_expect(*state,
               "create table p(a integer primary key, b text, c generated always as (a + 1));\n"
               ".import p.csv p\n.import q.tsv p --skip 1 --nulls\n.import r.txt p --separator ;\n"
               ".mode quote\nselect * from p;\n",
               "1,'x',2\n2,'y',3\n3,'z',4\n4,NULL,5\n5,'w',6\n");
}

static void import_names_the_bad_line_and_imports_nothing(void **state) {
  files_write(state, "short.csv", "a,b\n1,2\n\n3\n");
  files_write(state, "open.csv", "a,b\n1,2\n3,\"x\n");
  files_write(state, "text.csv", "a,b\n1,\"2\"x\n");
  files_write(state, "twice.csv", "a,b\n1,2\n3,\"multi\nline\"\n1,5\n");
  files_write(state, "empty.csv", "");
  drive_expect_error(*state, ".import short.csv t\n", "short.csv:4: 1 field where t has 2 columns");
  drive_expect_error(*state, ".import open.csv t\n", "open.csv:3: a quote is not closed");
  drive_expect_error(*state, ".import text.csv t\n", "text.csv:2: text follows a closing quote");
  drive_expect_error(*state, ".import empty.csv t\n", "empty.csv: no header line");
  drive_expect(*state, ".tables\ncreate table t(a primary key, b);\n", "");
  drive_expect_error(*state, ".import twice.csv t\n", "twice.csv:5: UNIQUE constraint failed: t.a");
  drive_expect(*state, "select count(*) from t;\n", "0\n");
  drive_expect_error(*state, ".import nofile.csv t\n", "cannot open nofile.csv");
  drive_expect_error(*state, ".import twice.csv t --separator ab\n", "give one character");
}

static void an_import_within_a_transaction_follows_it(void **state) {
  files_write(state, "p.csv", "a\n1\n2\n");
  files_write(state, "bad.csv", "a\n3\n4,5\n");
  drive_run run =
      drive_script(*state,
                   "create table t(a);\n.bail off\nbegin;\n.import p.csv t\n.import bad.csv t\n"
                   "select count(*) from t;\nrollback;\nselect count(*) from t;\n");
  assert_string_equal(run.out, "2\n0\n");
  assert_non_null(strstr(run.err, "bad.csv:3: 2 fields where t has 1 column"));
  drive_free(&run);
}

static void export_and_import_of_a_table_are_inverse(void **state) {
  drive_expect(*state,
               "create table t(i integer, r real, s text);\n"
               "insert into t values(1, 1.0/3, 'a,b'), (-9223372036854775807, 1e-300, '\"q\"'),\n"
               " (NULL, NULL, char(10) || 'x' || char(13)), (0, -0.5, '');\n"
               ".export t.csv t\n.import t.csv u\n"
               "select count(*) from (select * from t except select * from u);\n"
               "select count(*) from (select * from u except select * from t);\n",
               "0\n0\n");
}

static void export_follows_the_name_of_the_file(void **state) {
  drive_expect(*state,
               "create table t(a, b);\ninsert into t values(1, 'x'), (2, NULL);\n"
               ".export t.csv t\n.export t.tsv t\n.export t.json t\n.export t.jsonl \"select b "
               "from t where a = 1\"\n"
               ".export t.md t\n.export t.sql t\n.export t.txt t\n.mode\n",
               "list\n");
  files_expect(state, "t.csv", "a,b\r\n1,x\r\n2,\r\n");
  files_expect(state, "t.tsv", "a\tb\n1\tx\n2\t\n");
  files_expect(state, "t.json", "[{\"a\":1,\"b\":\"x\"},\n{\"a\":2,\"b\":null}]\n");
  files_expect(state, "t.jsonl", "{\"b\":\"x\"}\n");
  files_expect(state, "t.md", "| a | b |\n|--:|---|\n| 1 | x |\n| 2 |   |\n");
  files_expect(state, "t.sql",
               "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t(a, b);\nINSERT INTO t "
               "VALUES(1,'x');\n"
               "INSERT INTO t VALUES(2,NULL);\nCOMMIT;\n");
  files_expect(state, "t.txt", "a|b\n1|x\n2|\n");
}

static void a_failed_export_leaves_no_file(void **state) {
  char path[512];
  drive_expect_error(*state, ".export x.csv nosuch\n", "no such table: nosuch");
  test_path(path, sizeof path, *state, "x.csv");
  assert_int_not_equal(access(path, F_OK), 0);
  drive_expect_error(*state, ".export x.csv\n", "NAME is missing");
  drive_expect_error(*state, ".export x.sql \"select 1\"\n", "only tables are exported as .sql");
  drive_expect_error(*state, ".export /nonexistent/x.csv t\n", "cannot open /nonexistent/x.csv");
}

/* ---- Buckets and graphs ---- */

static void buckets_come_back_from_json_lines_and_dumps(void **state) {
  drive_expect(*state,
               ".kv create u --compress lz4\n.kv put u ada \"a\\nb\"\n.kv put u x'00ff' x'fe'\n.kv "
               "put u t v --ttl 3600000\n"
               ".export u.jsonl u --bucket\n.export u.dump u --bucket\n"
               ".import u.jsonl j --bucket\n.import u.dump d --bucket\n"
               ".mode quote\n.kv scan j\n.kv scan d\nselect count(*) from kv('u');\n",
               "x'00ff',x'fe'\n'ada','a\nb'\n't','v'\nx'00ff',x'fe'\n'ada','a\nb'\n't','v'\n3\n");
  drive_run run = drive_script(*state, ".kv info j t\n");
  assert_int_equal(strlen(run.out), strlen("t|1|2031-02-03 04:05:06|\n"));
  drive_free(&run);
  drive_expect_error(*state, ".export u.txt u --bucket\n", "a bucket is exported as .jsonl");
  drive_expect_error(*state, ".export n.jsonl nob --bucket\n", ".kv create nob");
}

static void buckets_take_csv(void **state) {
  files_write(state, "u.csv", "key,value\nada,1815\n\"x'00'\",x'00ff'\n");
  drive_expect(*state, ".import u.csv u --bucket\n.mode quote\n.kv scan u\n",
               "'ada','1815'\n'x''00''',x'00ff'\n");
}

static void bad_lines_for_a_bucket_are_named_and_nothing_is_put(void **state) {
  files_write(state, "a.jsonl", "{\"key\":\"a\",\"value\":\"1\"}\n{\"key\":\"b\",\"value\":2,}\n");
  files_write(state, "b.jsonl", "{\"key\":\"a\",\"value\":\"1\"}\nnot json\n");
  files_write(state, "c.csv", "a,1\nb\n");
  drive_expect_error(*state, ".import a.jsonl u --bucket\n", "a.jsonl: line 2");
  drive_expect_error(*state, ".import b.jsonl u --bucket\n", "b.jsonl: line 2");
  drive_expect_error(*state, ".import c.csv u --bucket\n", "c.csv:2: expected two fields");
  drive_expect_error(*state, ".import a.jsonl u --bucket --graph\n", "do not go together");
  drive_expect_error(*state, ".import a.jsonl u --bucket --skip 1\n", "--skip is for CSV");
  drive_expect(*state, ".buckets\n", "");
}

static void graphs_come_back_from_edge_lists(void **state) {
  files_write(state, "g.csv", "# a comment\nfrom,to,type\na,b,knows\n\"b,c\",a\n");
  drive_expect(*state,
               ".import g.csv g --graph --label P --type likes\n.graph edges g\n.graph nodes g\n"
               ".export h.csv g --graph\n.import h.csv h --graph\n.graph edges h\n",
               "0|a|b|knows|\n1|b,c|a|likes|\na|P|\nb|P|\nb,c|P|\n0|a|b|knows|\n1|b,c|a|likes|\n");
  files_expect(state, "h.csv", "from,to,type\r\na,b,knows\r\n\"b,c\",a,likes\r\n");
  files_write(state, "bad.csv", "a,b\nc\n");
  drive_expect_error(*state, ".import bad.csv k --graph\n",
                     "bad.csv:2: expected two or three fields");
  drive_expect_error(*state, ".export g.txt g --graph\n", "exported as an edge list");
}

/* ---- The dump ---- */

static int files_first_text(void *ctx, int n, char **values, char **names) {
  (void)n;
  (void)names;
  snprintf(ctx, 256, "%s", values[0] != NULL ? values[0] : "NULL");
  return 0;
}

static void files_sqlite_expect(sqlite3 *sql, const char *query, const char *expected) {
  char answer[256] = "";
  char *message = NULL;
  if (sqlite3_exec(sql, query, files_first_text, answer, &message) != SQLITE_OK)
    fail_msg("%s", message);
  assert_string_equal(answer, expected);
}

static const char files_dump_script[] =
    "create table \"odd name\"(\"a b\" text, n integer, r real, z blob, primary key(\"a b\")) "
    "without rowid;\n"
    "insert into \"odd name\" values('q''uote', 1, 0.1, x'00ff'),\n"
    " ('nul' || char(0) || 'x', 9223372036854775807, 1e308, null), ('\xc3\xbc', -5, 1e999, "
    "zeroblob(3));\n"
    "create table auto(id integer primary key autoincrement, v text, g generated always as (v || "
    "'!'));\n"
    "create index i1 on auto(v);\ncreate view v1 as select * from auto;\n"
    "create trigger tr after delete on auto begin insert into auto(v) values('deleted'); end;\n"
    "insert into auto(v) values('a'), ('b\nc'), (''), (null);\n"
    "create virtual table ft using fts5(body);\ninsert into ft values('hello world'), ('other "
    "text');\n"
    ".kv create users\n.kv put users k v\n.graph create social\n"
    "create virtual table seen using kv('users');\n"
    ".output dump.sql\n.dump\n.output\n.export one.sql auto\n";

static void sqlite_reads_the_dump(void **state) {
  char path[512];
  sqlite3 *sql;
  char *message = NULL;
  drive_expect(*state, files_dump_script, "");
  test_path(path, sizeof path, *state, "dump.sql");
  char *dump = drive_read(path, NULL);
  assert_non_null(strstr(dump, "\n-- bucket users: .export FILE.jsonl users --bucket\n"));
  assert_non_null(strstr(dump, "\n-- graph social: .export FILE.csv social --graph\n"));
  assert_non_null(
      strstr(dump, "\n-- a view of a bucket: CREATE VIRTUAL TABLE seen using kv('users');\n"));
  assert_int_equal(sqlite3_open(":memory:", &sql), SQLITE_OK);
  if (sqlite3_exec(sql, dump, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
  free(dump);
  files_sqlite_expect(sql, "pragma integrity_check", "ok");
  files_sqlite_expect(sql, "select group_concat(quote(v)) from (select v from v1 order by id)",
                      "'a','b\nc','',NULL");
  files_sqlite_expect(
      sql, "select group_concat(hex(\"a b\") || n || quote(r) || quote(z)) from \"odd name\"",
      "6E756C007892233720368547758071.0e+308NULL,"
      "7127756F746510.1X'00FF',C3BC-5InfX'000000'");
  files_sqlite_expect(sql, "select seq from sqlite_sequence", "4");
  files_sqlite_expect(
      sql, "select count(*) from sqlite_schema where name in ('i1', 'v1', 'tr', 'ft')", "4");
  sqlite3_close(sql);
}

static void the_shell_reads_its_own_dump(void **state) {
  char path[512];
  static const char *const words[] = {"copy.tv", ".read dump.sql", ".check",
                                      "select body from ft('hello')", NULL};
  drive_expect(*state, files_dump_script, "");
  drive_run run = drive(*state, "", words);
  assert_string_equal(run.err, "");
  assert_non_null(strstr(run.out, "copy.tv is sound\n"));
  drive_free(&run);
  run = drive(*state, ".output again.sql\n.dump\n", (const char *const[]){"copy.tv", NULL});
  assert_int_equal(run.code, 0);
  drive_free(&run);
  test_path(path, sizeof path, *state, "dump.sql");
  char *dump = drive_read(path, NULL);
  *strstr(dump, "-- a view of a bucket") = '\0';
  test_path(path, sizeof path, *state, "again.sql");
  char *again = drive_read(path, NULL);
  assert_int_equal(strncmp(dump, again, strlen(dump)), 0);
  free(dump);
  free(again);
}

static void dump_takes_a_pattern_and_export_an_exact_name(void **state) {
  drive_expect(*state,
               "create table a_b(x);\ncreate table axb(x);\n.dump a\\_b\n.export e.sql a_b\n",
               "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE a_b(x);\nCOMMIT;\n");
  files_expect(state, "e.sql",
               "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE a_b(x);\nCOMMIT;\n");
}

/* Sorted on the way, the last of equal keys wins, in batches or as one. */
static void csv_in_any_order_is_loaded_in_batches(void **state) {
  static char text[400000];
  size_t used = (size_t)snprintf(text, sizeof text, "key,value\n");
  for (int i = 0; i < 20000; i++)
    used += (size_t)snprintf(text + used, sizeof text - used, "%d,%d\n", i * 7919 % 10007, i);
  files_write(state, "mixed.csv", text);
  drive_expect(*state,
               ".kv create n --key integer --value integer\n.kv put n 5 old\n"
               ".import mixed.csv n --bucket --batch 3000\n.kv count n\n"
               ".import mixed.csv t --bucket\n.kv count t\n"
               "select count(*) from kv('n') n join kv('t') t on t.key = cast(n.key as text)"
               " where t.value = cast(n.value as text);\n"
               "select value from kv('n') where key = 7919;\n",
               "10007\n10007\n10007\n10008\n");
  files_write(state, "bad.csv", "b,1\na,2\nc\n");
  drive_expect_error(*state, ".import bad.csv fresh --bucket --batch 1\n",
                     "bad.csv:3: expected two");
  drive_expect_error(*state, ".kv count fresh\n", "there is no bucket 'fresh'");
}

static void a_bad_line_ends_a_batched_import_and_says_what_stays(void **state) {
  files_write(state, "bad.jsonl",
              "{\"key\":\"a\",\"value\":\"1\"}\n{\"key\":\"b\",\"value\":\"2\"}\n"
              "{\"key\":\"c\",\"value\":\"3\"}\n{\"key\":4}\n");
  drive_run run = drive_script(*state, ".import bad.jsonl u --bucket --batch 2\n");
  assert_non_null(strstr(run.err, "bad.jsonl: line 4"));
  assert_non_null(strstr(run.err, "the first 2 entries are imported and stay"));
  assert_int_equal(run.code, 1);
  drive_free(&run);
  drive_expect(*state, ".kv scan u\n", "a|1\nb|2\n");
  drive_expect_error(*state, ".import bad.jsonl v --bucket\n", "nothing was imported");
  drive_expect_error(*state, ".kv scan v\n", "there is no bucket 'v'");
  drive_expect_error(*state, "begin;\n.import bad.jsonl u --bucket --batch 2\n", "is open");
  drive_expect_error(*state, ".import bad.jsonl u --batch 2\n", "--batch is for buckets");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      drive_test(import_creates_a_table_with_fitting_types),
      drive_test(import_fills_an_existing_table),
      drive_test(import_names_the_bad_line_and_imports_nothing),
      drive_test(an_import_within_a_transaction_follows_it),
      drive_test(export_and_import_of_a_table_are_inverse),
      drive_test(export_follows_the_name_of_the_file),
      drive_test(a_failed_export_leaves_no_file),
      drive_test(buckets_come_back_from_json_lines_and_dumps),
      drive_test(buckets_take_csv),
      drive_test(bad_lines_for_a_bucket_are_named_and_nothing_is_put),
      drive_test(graphs_come_back_from_edge_lists),
      drive_test(sqlite_reads_the_dump),
      drive_test(the_shell_reads_its_own_dump),
      drive_test(dump_takes_a_pattern_and_export_an_exact_name),
      drive_test(csv_in_any_order_is_loaded_in_batches),
      drive_test(a_bad_line_ends_a_batched_import_and_says_what_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* A shop in one file: profiles as keys and values, friendships as a graph, orders as a table. One
 * transaction writes all three, one statement joins them.
 *   cc example.c $(pkg-config --cflags --libs trivet) -o example && ./example shop.tv */
#include <stdio.h>
#include <trivet_graph.h>
#include <trivet_kv.h>
#include <trivet_sql.h>

/* Called in a write transaction, which commits when this returns TV_OK and rolls back otherwise. */
static int fill(tv_txn *txn, void *ctx) {
  sqlite3 *sql = ctx;
  const tv_bucket_options text = {.key_type = TV_COLUMN_TEXT, .value_type = TV_COLUMN_TEXT};
  tv_bucket *profiles;
  tv_graph *social;
  tv_node ada, bob;
  int rc = tv_kv_open(txn, "profiles", TV_CREATE, &text, &profiles);
  if (rc == TV_OK) rc = tv_kv_put(profiles, tv_str("bob"), tv_str("{\"city\": \"Turin\"}"));
  if (rc == TV_OK) rc = tv_graph_open(txn, "social", TV_CREATE, &social);
  if (rc == TV_OK) rc = tv_graph_node_put(social, tv_str("ada"), "Person", &ada);
  if (rc == TV_OK) rc = tv_graph_node_put(social, tv_str("bob"), "Person", &bob);
  if (rc == TV_OK) rc = tv_graph_edge_add(social, ada, bob, "knows", 0, NULL, NULL);
  if (rc == TV_OK) rc = tv_sql_join(sql, txn);
  if (rc != TV_OK) return rc;
  rc = sqlite3_exec(sql,
                    "CREATE TABLE orders(buyer TEXT, item TEXT, cents INTEGER);"
                    "INSERT INTO orders VALUES ('bob', 'lamp', 4900), ('eve', 'desk', 19900)",
                    NULL, NULL, NULL);
  if (rc == SQLITE_OK) return tv_sql_leave(sql);
  fprintf(stderr, "%s\n", sqlite3_errmsg(sql));
  return TV_ESQL;
}

static int print_row(void *ctx, int n, char **values, char **names) {
  (void)ctx, (void)names;
  for (int i = 0; i < n; i++) printf("%s%s", values[i], i + 1 < n ? " | " : "\n");
  return 0;
}

int main(int argc, char **argv) {
  tv_error err;
  tv_db *db;
  sqlite3 *sql;
  if (tv_open(argc > 1 ? argv[1] : NULL, NULL, &db, &err) != TV_OK ||
      tv_sql_open(db, 0, &sql, &err) != TV_OK || tv_db_write(db, fill, sql, &err) != TV_OK) {
    fprintf(stderr, "%s\n", err.message);
    return 1;
  }
  sqlite3_exec(sql, /* what Ada's friends ordered, and where it goes */
               "SELECT o.buyer, o.item, o.cents / 100.0, p.value ->> 'city'"
               "  FROM graph_neighbors('social', 'ada') AS friend"
               "  JOIN orders AS o ON o.buyer = friend.neighbor"
               "  JOIN kv('profiles') AS p ON p.key = o.buyer",
               print_row, NULL, NULL);
  return sqlite3_close(sql) == SQLITE_OK && tv_close(db, &err) == TV_OK ? 0 : 1;
}

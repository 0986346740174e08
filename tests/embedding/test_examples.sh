#!/bin/sh
# SPDX-License-Identifier: MIT
# The code that README.md shows, and the embedding example: each compiles against the public headers
# alone, without warnings, runs, and prints what is claimed.
set -u

build=${TV_BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

check() { # what, wanted exit status, command...
  what=$1 wanted=$2
  shift 2
  status=0
  (cd "$work" && "$@") >"$work/now" 2>&1 || status=$?
  if [ "$status" = "$wanted" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: $what (exit status $status)"
    cat "$work/now"
  fi
}
# The same, and the output stays in $work/log.
run() {
  check "$@"
  cp "$work/now" "$work/log"
}
# The n-th block of a language in README.md.
block() { # language, n
  awk -v want="\`\`\`$1" -v n="$2" '$0 == "```" { inside = 0 } inside { print }
    $0 == want && ++seen == n { inside = 1 }' README.md
}
# Only the public headers, side by side as they are installed.
mkdir "$work/include"
cp engine/trivet.h kv/trivet_kv.h graph/trivet_graph.h sql/trivet_sql.h "$work/include"
library=$(cd "$build" && pwd)/libtrivet.a
compile() { # source, program
  cc -std=c11 -Wall -Wextra -Werror -Wno-unused-parameter -I"$work/include" "$1" -o "$2" "$library" \
    -lsqlite3 -llmdb -llz4 -lxxhash -lm -pthread
}

block c 1 >"$work/readme.c"
block text 1 >"$work/readme.txt"
check 'README.md has an example' 0 test -s "$work/readme.c"
check 'README.md says what it prints' 0 test -s "$work/readme.txt"
check 'the example of README.md compiles' 0 compile "$work/readme.c" "$work/readme"
run 'it runs' 0 "$work/readme"
check 'it prints what README.md says' 0 diff "$work/readme.txt" "$work/log"

cp tests/embedding/example.c "$work/example.c"
check 'the embedding example is under 60 lines' 0 test "$(wc -l <"$work/example.c")" -lt 60
check 'it compiles' 0 compile "$work/example.c" "$work/example"
run 'it runs' 0 "$work/example" "$work/example.tv"
echo 'bob | lamp | 49.0 | Turin' >"$work/wanted"
check 'it prints the answer of its join' 0 diff "$work/wanted" "$work/log"
run 'a second run fails: the table is there already' 1 "$work/example" "$work/example.tv"
check 'it says so' 0 grep -q 'table orders already exists' "$work/log"
cat >"$work/count.c" <<'EOF'
#include <stdio.h>
#include <trivet_graph.h>
/* Prints the edges of the graph: a failed run must not have added one. */
int main(int argc, char **argv) {
  tv_db *db;
  tv_txn *txn;
  tv_graph *graph;
  tv_graph_stat stat;
  if (argc < 2 || tv_open(argv[1], NULL, &db, NULL) != TV_OK) return 1;
  if (tv_begin(db, TV_READ, &txn, NULL) != TV_OK) return 1;
  if (tv_graph_open(txn, "social", 0, &graph) != TV_OK) return 1;
  if (tv_graph_stat_get(graph, &stat) != TV_OK) return 1;
  printf("%d\n", (int)stat.edges);
  tv_abort(txn);
  return tv_close(db, NULL) != TV_OK;
}
EOF
check 'a program of the graph header alone compiles' 0 compile "$work/count.c" "$work/count"
run 'it runs' 0 "$work/count" "$work/example.tv"
check 'the failed run left the edges of the first alone' 0 test "$(cat "$work/log")" = 1
run 'a folder that does not exist is an error' 1 "$work/example" "$work/none/shop.tv"
check 'the error names the file' 0 grep -q 'none/shop.tv' "$work/log"

echo "$passed passed, $failed failed"
[ $failed = 0 ]

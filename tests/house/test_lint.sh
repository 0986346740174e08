#!/bin/sh
# SPDX-License-Identifier: MIT
# The project's own lint scripts: each finds what it is there to find, and accepts what is right.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
lint=$PWD/tests/lint
passed=0
failed=0

# An empty tree with one right file in each folder.
fresh() {
  rm -rf "$work/tree"
  mkdir -p "$work/tree/docs" "$work/tree/tests/kv"
  for folder in engine kv graph sql bench; do
    mkdir "$work/tree/$folder"
    file $folder/only_$folder.c ''
  done
  file engine/trivet.h ''
  file engine/inner_internal.h ''
  file kv/trivet_kv.h ''
}
# Writes a file as the style asks, with some text in it.
file() {
  printf '/* SPDX-License-Identifier: MIT */\n/* What it is. */\n%s\n' "$2" >"$work/tree/$1"
}
check() { # script, what, wanted exit status, pattern
  status=0
  "$lint/$1" "$work/tree" >"$work/out" 2>&1 || status=$?
  if [ "$status" = "$3" ] && { [ "$3" = 0 ] || grep -Eq "$4" "$work/out"; }; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: $1: $2 (exit status $status)"
    cat "$work/out"
  fi
}

fresh
check include_lines 'accepts a right tree' 0
file kv/put.c '#include "trivet.h"
#include "inner_internal.h"
#include "trivet_kv.h"
#include <string.h>'
check include_lines 'accepts includes that go downward' 0
file engine/up.c '#include "trivet_kv.h"'
check include_lines 'finds an include that goes upward' 1 'engine/up.c:3: engine/ may not know kv/'
fresh
file graph/side.c '#include "trivet_kv.h"'
check include_lines 'finds a layer that knows its neighbour' 1 'graph/side.c:3: graph/ may not know kv/'
fresh
file kv/climb.c '#include "../engine/trivet.h"'
check include_lines 'finds a path that climbs' 1 'kv/climb.c:3: .*climbs'
fresh
file kv/core.c '#include <lmdb.h>'
check include_lines 'finds LMDB outside of the engine' 1 'kv/core.c:3: <lmdb.h> is out of place'
fresh
file sql/direct.c '#include <sqlite3.h>'
check include_lines 'finds a second way to SQLite' 1 'sql/direct.c:3: <sqlite3.h> is out of place'
fresh
file engine/own.h ''
file kv/peek.c '#include "own.h"'
check include_lines 'finds a header private to another folder' 1 'kv/peek.c:3: own.h is private to engine/'
fresh
file kv/lost.c '#include "nowhere.h"'
check include_lines 'finds a header that is not there' 1 'no header of the project'

fresh
check file_rules 'accepts a right tree' 0
echo 'int x;' >"$work/tree/kv/bare.c"
check file_rules 'finds a file without licence line' 1 'kv/bare.c:1: .*SPDX'
fresh
file kv/string_utils.c ''
check file_rules 'finds a drawer' 1 'kv/string_utils.c: a name that says nothing'
fresh
file kv/later.c "/* TO""DO: everything */"
check file_rules 'finds a note to self' 1 'kv/later.c:3: a note to self'
fresh
file kv/only_engine.c ''
check file_rules 'finds two files of one name' 1 'is named like'
fresh
file kv/long.c "$(yes 'int x;' | head -n 900)"
check file_rules 'finds a file that is too long' 1 'kv/long.c: 902 lines'
fresh
file kv/trivet_kv.h 'typedef struct thing *thing_ref;'
check file_rules 'finds a typedef that hides a pointer' 1 'kv/trivet_kv.h:3: a typedef that hides a pointer'
fresh
file kv/trivet_kv.h 'int tv_is(bool x);'
check file_rules 'finds bool in a public header' 1 'kv/trivet_kv.h:3: bool'
fresh
file kv/count.c 'typedef unsigned count_t;'
check file_rules 'finds a name that ends in _t' 1 'kv/count.c:3: a name that ends in _t'

fresh
printf '# House\nSee [here](docs/a.md#the-end) and `kv/trivet_kv.h`.\n' >"$work/tree/README.md"
printf '# A\n## The end\n[back](../README.md)\n' >"$work/tree/docs/a.md"
check doc_links 'accepts links that lead somewhere' 0
printf '# Alone\n' >"$work/tree/docs/alone.md"
check doc_links 'finds a page that nothing leads to' 1 'docs/alone.md: no page links to it'
rm "$work/tree/docs/alone.md"
printf '[gone](b.md)\n' >>"$work/tree/docs/a.md"
check doc_links 'finds a link to nothing' 1 'docs/a.md:4: b.md does not exist'
printf '[x](../README.md#street)\n' >"$work/tree/docs/a.md"
check doc_links 'finds a missing heading' 1 'has no such heading'
fresh
printf 'Run `make nonsense` on `kv/gone.c`.\n' >"$work/tree/README.md"
check doc_links 'finds a missing target' 1 'no target nonsense'
printf 'A key is `TV_KEY_BYTES_MAX` (480) long.\n' >"$work/tree/README.md"
file engine/trivet.h '#define TV_KEY_BYTES_MAX 400'
check doc_links 'finds a limit that is another by now' 1 'TV_KEY_BYTES_MAX is 400, not 480'
file engine/trivet.h '#define TV_KEY_BYTES_MAX 480'
check doc_links 'accepts a limit as the header has it' 0
printf 'Run `kv/gone.c`.\n' >"$work/tree/README.md"
check doc_links 'finds a missing path' 1 'kv/gone.c. does not exist'

# Compiled things: a library that exports too much, writes a global and calls what it must not.
built() {
  mkdir -p "$work/built/obj/engine" "$work/built/obj/kv"
  printf '%s\n' "$1" >"$work/built/x.c"
  cc -fPIC -c "$work/built/x.c" -o "$work/built/obj/kv/only_kv.o" || exit 1
  cc -shared "$work/built/obj/kv/only_kv.o" -o "$work/built/libtrivet.so"
  ar rcs "$work/built/libtrivet.a" "$work/built/obj/kv/only_kv.o"
  printf 'int sqlite3_trivet_init(void) { return 0; }\n' >"$work/built/y.c"
  cc -shared -fPIC "$work/built/y.c" -o "$work/built/trivet.so"
}
check_built() { # what, wanted exit status, pattern
  status=0
  (cd "$work/tree" && "$lint/object_symbols" "$work/built") >"$work/out" 2>&1 || status=$?
  if [ "$status" = "$2" ] && { [ "$2" = 0 ] || grep -Eq "$3" "$work/out"; }; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: object_symbols: $1 (exit status $status)"
    cat "$work/out"
  fi
}
fresh
file graph/trivet_graph.h ''
file graph/trivet_graph_algo.h ''
file graph/trivet_graph_index.h ''
file graph/trivet_graph_text.h ''
file graph/trivet_graph_traverse.h ''
file sql/trivet_sql.h ''
file kv/trivet_kv.h '#define TV_API
TV_API int tv_kv_one(void);'
built 'static const int table[] = {1}; int tv_kv_one(void) { return table[0]; }'
check_built 'accepts a right library' 0
built 'int tv_kv_one(void) { return 1; } int leak(void) { return 2; }'
check_built 'finds a name that leaks' 1 'exports leak'
built 'int tv_kv_two(void) { return 1; }'
check_built 'finds a declared function that is missing' 1 'declares tv_kv_one, which the library lacks'
check_built 'finds an exported function that is not declared' 1 'exports tv_kv_two, which no public header'
built 'static int count; int tv_kv_one(void) { return ++count; }'
check_built 'finds a variable that can be written' 1 'writable variable count'
built '#include <stdlib.h>
int tv_kv_one(void) { return malloc(3) != NULL; }'
check_built 'finds memory that goes past the allocator' 1 'calls malloc, which only engine/memory.c'
built '#include <stdio.h>
int tv_kv_one(void) { return printf("%d", 3); }'
check_built 'finds a layer that prints' 1 'calls printf'

echo "$passed passed, $failed failed"
[ $failed = 0 ]

#!/bin/sh
# SPDX-License-Identifier: MIT
# `make install` below a DESTDIR: what arrives there, that a program which knows only pkg-config
# compiles against it and runs, shared and static, and that `make uninstall` takes everything away.
set -u

build=${TV_BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
passed=0
failed=0

ok() { passed=$((passed + 1)); }
bad() {
  failed=$((failed + 1))
  echo "failed: $1"
  [ ! -s "$work/log" ] || cat "$work/log"
}
# Runs a command; its output is shown when it fails.
check() {
  what=$1
  shift
  if "$@" >"$work/log" 2>&1; then ok; else bad "$what"; fi
}
house() { # target
  env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory \
    FLAVOUR="${TV_FLAVOUR:-release}" DESTDIR="$root" PREFIX=/opt/trivet "$1"
}

check 'make install' house install

version=$(sed -n 's/^.define TV_VERSION_STRING "\(.*\)"/\1/p' engine/trivet.h)
cat >"$work/wanted" <<EOF
bin/trivet
bin/trivet-bench
include/trivet.h
include/trivet_graph.h
include/trivet_graph_algo.h
include/trivet_graph_index.h
include/trivet_graph_text.h
include/trivet_graph_traverse.h
include/trivet_kv.h
include/trivet_sql.h
lib/libtrivet.a
lib/libtrivet.so
lib/libtrivet.so.${version%%.*}
lib/libtrivet.so.$version
lib/pkgconfig/trivet.pc
lib/trivet/trivet.so
share/doc/trivet/LICENSE
share/doc/trivet/README.md
EOF
(cd "$root/opt/trivet" && find . ! -type d | sed 's,^\./,,' | LC_ALL=C sort) >"$work/found"
check 'what is installed, and nothing else' diff "$work/wanted" "$work/found"

export PKG_CONFIG_PATH="$root/opt/trivet/lib/pkgconfig"
flags() { pkg-config --define-variable=prefix="$root/opt/trivet" "$@" trivet; }
check 'pkg-config gives the version' test "$(flags --modversion)" = "$version"

# shellcheck disable=SC2046 # lists of words
check 'a program compiles with what pkg-config says' \
  cc -Wall -Wextra -Werror $(flags --cflags) -o "$work/shared" tests/embedding/example.c $(flags --libs)
check 'it runs with the shared library' \
  env LD_LIBRARY_PATH="$root/opt/trivet/lib" TMPDIR="$work" "$work/shared" "$work/shared.tv"
rm "$root/opt/trivet/lib/libtrivet.so"
# shellcheck disable=SC2046
check 'it links with the static library' \
  cc $(flags --cflags) -o "$work/static" tests/embedding/example.c $(flags --static --libs)
check 'it runs without the shared library' env TMPDIR="$work" "$work/static" "$work/static.tv"

# A program's own function of a name that is internal to the library does not collide with it.
cat >"$work/own.c" <<'EOF'
#include <trivet.h>
int tvi_alloc(void);
int tvi_alloc(void) { return 7; }
int main(void) {
  tv_db *db;
  tv_error err;
  if (tv_open(NULL, NULL, &db, &err) != TV_OK) return 1;
  return tv_close(db, &err) == TV_OK && tvi_alloc() == 7 ? 0 : 1;
}
EOF
# shellcheck disable=SC2046
check 'internal names do not collide' \
  cc $(flags --cflags) -o "$work/own" "$work/own.c" $(flags --static --libs)
check 'nor at run time' "$work/own"

check 'the shell runs' sh -c '[ "$("$1" "$2" "SELECT 6 * 7")" = 42 ]' - \
  "$root/opt/trivet/bin/trivet" "$work/shell.tv"
check 'the stock sqlite3 loads the extension' sh -c \
  '[ "$(sqlite3 :memory: ".load $1" "ATTACH \"file:$2?vfs=trivet\" AS t" "SELECT 6 * 7")" = 42 ]' - \
  "$root/opt/trivet/lib/trivet/trivet.so" "$work/extension.tv"

ln -s libtrivet.so.0 "$root/opt/trivet/lib/libtrivet.so"
check 'make uninstall' house uninstall
check 'nothing is left' test -z "$(find "$root" ! -type d)"

echo "$passed passed, $failed failed"
[ $failed = 0 ]

#!/bin/sh
# SPDX-License-Identifier: MIT
# The test runner itself: silence, crashes, hangs and lies are failures, and the last line is the sum.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
runner=$PWD/tests/support/run_tests
passed=0
failed=0

# Makes a test program of a shell text.
program() {
  printf '#!/bin/sh\n%s\n' "$2" >"$work/$1"
  chmod +x "$work/$1"
}
# Runs programs; the output is in $work/out, the exit status in $status.
run() {
  status=0
  (cd "$work" && FLAVOUR=release "$runner" --build built --jobs 2 "$@") >"$work/out" 2>&1 || status=$?
}
check() { # what, exit status wanted, last line wanted, pattern that the output has
  if [ "$status" = "$2" ] && [ "$(tail -n 1 "$work/out")" = "$3" ] && grep -Eq "$4" "$work/out"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: $1 (exit status $status)"
    cat "$work/out"
  fi
}

program test_good.sh 'echo "2 passed, 0 failed"'
program test_bad.sh 'echo noise; echo "2 passed, 1 failed"; exit 1'
program test_silent.sh 'exit 0'
program test_liar.sh 'echo "2 passed, 1 failed"; exit 0'
program test_quits.sh 'echo "2 passed, 0 failed"; exit 3'
program test_late.sh 'sleep 60; echo "1 passed, 0 failed"'
program test_talks_on.sh 'echo "1 passed, 0 failed"; echo more'
program test_none.sh 'echo "0 passed, 0 failed"'
program test_folder.sh '[ -d "$TMPDIR" ] && [ -z "$(ls "$TMPDIR")" ] && touch "$TMPDIR/x" && echo "1 passed, 0 failed"'
# What cmocka prints.
program cmocka_good 'echo "[==========] Running 2 test(s)."; echo "[==========] 2 test(s) run."
echo "[  PASSED  ] 2 test(s)."'
program cmocka_bad 'echo "[==========] 2 test(s) run."; echo "[  PASSED  ] 1 test(s)."
echo "[  FAILED  ] 1 test(s), listed below:"; echo "[  FAILED  ] name"; exit 1'
program cmocka_dies 'echo "[ RUN      ] first"; echo "[       OK ] first"; echo "[ RUN      ] second"
kill -SEGV $$'
program cmocka_skips 'echo "[==========] 2 test(s) run."; echo "[  PASSED  ] 1 test(s)."
echo "[  SKIPPED ] 1 test(s), listed below:"; echo "[  SKIPPED ] name"'

run ./test_good.sh
check 'a script that passes' 0 '2 passed, 0 failed' '^ok .*test_good'
run ./test_bad.sh ./test_good.sh
check 'a script that fails shows its output' 1 '4 passed, 1 failed' '^noise$'
run ./test_silent.sh
check 'silence is a failure' 1 '0 passed, 1 failed' 'printed no count'
run ./test_liar.sh
check 'failures with exit status 0 are a failure' 1 '2 passed, 1 failed' 'in spite of failures'
run ./test_quits.sh
check 'an exit status with no failed test is a failure' 1 '2 passed, 1 failed' 'exit status 3'
run --timeout 1 ./test_late.sh
check 'a hanging program is stopped' 1 '0 passed, 1 failed' 'no end after 1 s'
run ./test_talks_on.sh
check 'the count must come last' 1 '0 passed, 1 failed' 'printed no count'
run ./test_none.sh
check 'a count of nothing is a failure' 1 '0 passed, 1 failed' 'printed no count'
run ./test_folder.sh
check 'a program has an empty folder of its own, and what it leaves is told' 0 '1 passed, 0 failed' 'left 1 file'
run ./cmocka_good ./test_good.sh
check 'a cmocka program that passes' 0 '4 passed, 0 failed' '^ok .*cmocka_good'
run ./cmocka_bad
check 'a cmocka program that fails' 1 '1 passed, 1 failed' '^failed: .*cmocka_bad'
run ./cmocka_dies
check 'a crash names the test that ran' 1 '0 passed, 1 failed' 'killed by signal 11 in second'
run ./cmocka_skips
check 'a skipped test is told' 0 '1 passed, 0 failed' '^1 skipped$'
run ./no_such_program
check 'a missing program is a failure' 1 '0 passed, 1 failed' 'cannot run'
run --only nothing_like_it ./test_good.sh
check 'no program at all is an error' 2 "no test program has 'nothing_like_it' in its path" '.'

echo "$passed passed, $failed failed"
[ $failed = 0 ]

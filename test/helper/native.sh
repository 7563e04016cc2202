#!/bin/bash
# Tests the native vfio_id: the table of calls, two hundred concurrent runs, a short fuzz run and the time limit.
# Builds it first if it is missing or older than its source (in a Debian 13 chroot, which needs root once).
# The last line of output is `N passed, N failed`.
# Environment: VFIO_NAMES_FUZZ_SECONDS (20)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

passed=0 failed=0
work=$(mktemp -d)
log=$work/log
trap 'rm -rf "$work"' EXIT

# Prints N of the line `N tests passed` or `N tests failed` of ava.
number() { sed -nE "s/^ *([0-9]+) (tests?|uncaught exceptions?) ?$1\$/\\1/p" "$log" | tail -n 1; }

bash packaging/native/build.sh --chroot --loop --if-old || exit 1
node packaging/npm/build.mjs || exit 1

VFIO_NAMES_NATIVE=required npx ava test/helper/*.test.ts 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
good=$(number passed) bad=$(number failed)
[ "$status" -eq 0 ] || [ "${bad:-0}" -gt 0 ] || bad=1
passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-0}))

# Use a tmpfs for trees of small files, if possible.
[ -w /dev/shm ] && export TMPDIR=/dev/shm
if VFIO_NAMES_NATIVE=required npm run --silent fuzz:vfio-id -- --seconds "${VFIO_NAMES_FUZZ_SECONDS:-20}" --seed 1; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi

# Tests the time limit alone: it ends a program that waits, but not one that computes.
# limited STATUS TITLE BODY
limited() {
    local status=0
    echo "#include <time.h>
#include <unistd.h>
int main(void) { $3 return 0; }" > "$work/main.c"
    cc -o "$work/main" "$work/main.c" packaging/native/limit.c || exit 1
    timeout 30 "$work/main" 2> /dev/null || status=$?
    if [ "$status" -eq "$1" ]; then
        echo "ok - $2"
        passed=$((passed + 1))
    else
        echo "not ok - $2: exit status $status, expected $1"
        failed=$((failed + 1))
    fi
}
limited 1 "the limit ends a program that waits" 'for (;;) pause();'
limited 0 "the limit does not end a program that computes for two seconds" 'while (clock() < 2 * CLOCKS_PER_SEC) ;'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

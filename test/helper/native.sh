#!/bin/bash
# Holds the native vfio_id against the same tests as the rest: the table of calls, two hundred at once, and a short fuzz.
# Builds it first if it is missing or older than its source (in a Debian 13 directory, which needs root once).
# Ends with `N passed, N failed` alone on a line.
# Environment: VFIO_NAMES_FUZZ_SECONDS (20)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

passed=0 failed=0
work=$(mktemp -d)
log=$work/log
trap 'rm -rf "$work"' EXIT

# The runner prints `N tests passed` and `N tests failed`.
number() { sed -nE "s/^ *([0-9]+) (tests?|uncaught exceptions?) ?$1\$/\\1/p" "$log" | tail -n 1; }

bash packaging/native/build.sh --chroot --loop --if-old || exit 1
node packaging/npm/build.mjs || exit 1

VFIO_NAMES_NATIVE=required npx ava test/helper/*.test.ts 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
good=$(number passed) bad=$(number failed)
[ "$status" -eq 0 ] || [ "${bad:-0}" -gt 0 ] || bad=1
passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-0}))

# Trees of small files: in memory where there is room.
[ -w /dev/shm ] && export TMPDIR=/dev/shm
if VFIO_NAMES_NATIVE=required npm run --silent fuzz:vfio-id -- --seconds "${VFIO_NAMES_FUZZ_SECONDS:-20}" --seed 1; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi

# The limit by itself: what waits is ended, what works is not, however long.
# limited STATUS SENTENCE BODY
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
limited 1 "a program that waits is ended" 'for (;;) pause();'
limited 0 "a program that works for two seconds is not" 'while (clock() < 2 * CLOCKS_PER_SEC) ;'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

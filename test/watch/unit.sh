#!/bin/bash
# Holds the service's unit against systemd's own measure of exposure (systemd-analyze security; the threshold is ten
# times the score). Needs systemd 250 or later, not as PID 1.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2

command -v systemd-analyze >/dev/null || {
  echo "test/watch/unit.sh: needs systemd-analyze, of the package systemd" >&2
  exit 2
}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
passed=0 failed=0

# exposed THRESHOLD DIRECTORY: the unit there, with what is in its drop-ins, is at most as exposed as this.
exposed() {
  if systemd-analyze security --offline=yes --threshold="$1" "$2/vfio-names.service" >"$out/log" 2>&1; then
    echo "ok - $3: $(tail -n 1 "$out/log")"
    passed=$((passed + 1))
  else
    echo "not ok - $3, at most $1 tenths:"
    cat "$out/log"
    failed=$((failed + 1))
  fi
}

mkdir -p "$out/plain" "$out/access/vfio-names.service.d"
cp packaging/systemd/vfio-names.service "$out/plain/"
cp packaging/systemd/vfio-names.service "$out/access/"
cp packaging/systemd/access.conf "$out/access/vfio-names.service.d/"
exposed 10 "$out/plain" "the unit"
mkdir -p "$out/cdi/vfio-names.service.d"
cp packaging/systemd/vfio-names.service "$out/cdi/"
cp packaging/systemd/cdi.conf "$out/cdi/vfio-names.service.d/"
exposed 15 "$out/access" "the unit with access.conf"
exposed 11 "$out/cdi" "the unit with cdi.conf"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

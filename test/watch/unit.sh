#!/bin/bash
# Holds the service's unit against systemd's own measure of exposure (systemd-analyze security; the threshold is ten
# times the score), that of Debian 13, in the chroot of `npm run test:udev`. Needs root.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
cache=${VFIO_NAMES_VM_CACHE:-$HOME/.cache/vfio-names}/udev
mirror=${VFIO_NAMES_MIRROR:-http://deb.debian.org/debian}
. test/udev/lib/chroot.sh

# judge CHROOT: in a mount namespace of its own, so that nothing is left in the chroot.
judge() {
  local top=$1 passed=0 failed=0 one
  mount -t tmpfs tmpfs "$top/run" && mount -t proc proc "$top/proc" || exit 2
  for one in plain access cdi; do
    mkdir -p "$top/run/$one/vfio-names.service.d"
    cp packaging/systemd/vfio-names.service "$top/run/$one/"
    [[ $one == plain ]] || cp "packaging/systemd/$one.conf" "$top/run/$one/vfio-names.service.d/"
  done
  # holds SENTENCE COMMAND...: in the chroot.
  holds() {
    local sentence=$1 output
    shift
    if output=$(chroot "$top" "$@" 2>&1); then
      echo "ok - $sentence: $(tail -n 1 <<<"$output")"
      passed=$((passed + 1))
    else
      echo "not ok - $sentence"
      echo "$output"
      failed=$((failed + 1))
    fi
  }
  security() { holds "$1" systemd-analyze security --offline=yes --threshold="$2" "$3/vfio-names.service"; }
  security "the unit is exposed to at most 1.0" 10 /run/plain
  security "with access.conf to at most 1.5" 15 /run/access
  security "with cdi.conf to at most 1.1" 11 /run/cdi
  echo "$passed passed, $failed failed"
  ((failed == 0 && passed > 0))
}

need_programs
top=$(suite_chroot trixie) || exit 2
export -f judge
unshare --mount --propagation private bash -uc 'judge "$1"' judge "$top"

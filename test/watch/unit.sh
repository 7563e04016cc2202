#!/bin/bash
# Checks the exposure score of the service's unit with systemd-analyze security (the threshold is ten times the score) of
# Debian 13, in the chroot of `npm run test:udev`. Needs root.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
cache=${VFIO_NAMES_VM_CACHE:-$HOME/.cache/vfio-names}/udev
mirror=${VFIO_NAMES_MIRROR:-http://deb.debian.org/debian}
. test/udev/lib/chroot.sh

# check_unit CHROOT: runs in its own mount namespace, so that no mounts are left in the chroot.
check_unit() {
  local top=$1 passed=0 failed=0 variant
  mount -t tmpfs tmpfs "$top/run" && mount -t proc proc "$top/proc" || exit 2
  for variant in plain access cdi; do
    mkdir -p "$top/run/$variant/vfio-names.service.d"
    cp packaging/systemd/vfio-names.service "$top/run/$variant/"
    [[ $variant == plain ]] || cp "packaging/systemd/$variant.conf" "$top/run/$variant/vfio-names.service.d/"
  done
  # check TITLE COMMAND...: runs COMMAND in the chroot and prints a TAP line.
  check() {
    local title=$1 output
    shift
    if output=$(chroot "$top" "$@" 2>&1); then
      echo "ok - $title: $(tail -n 1 <<<"$output")"
      passed=$((passed + 1))
    else
      echo "not ok - $title"
      echo "$output"
      failed=$((failed + 1))
    fi
  }
  security() { check "$1" systemd-analyze security --offline=yes --threshold="$2" "$3/vfio-names.service"; }
  security "exposure of the unit is at most 1.0" 10 /run/plain
  security "exposure with access.conf is at most 1.5" 15 /run/access
  security "exposure with cdi.conf is at most 1.1" 11 /run/cdi
  echo "$passed passed, $failed failed"
  ((failed == 0 && passed > 0))
}

need_programs
top=$(suite_chroot trixie) || exit 2
export -f check_unit
unshare --mount --propagation private bash -uc 'check_unit "$1"' check_unit "$top"

# Builds and caches a chroot with the udev of one Debian suite.

say() { printf '%s\n' "$*" >&2; }
die() {
  say "test/integration/udev: $*"
  exit 2
}

# need_programs: checks for root, which debootstrap and mount require, and installs missing programs.
need_programs() {
  local missing=()
  ((EUID == 0)) || die "expected root (chroot, mount), found uid $EUID; run it as root"
  command -v debootstrap >/dev/null || missing+=(debootstrap)
  command -v unshare >/dev/null && command -v flock >/dev/null || missing+=(util-linux)
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  apt-get -qq update >&2
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >&2
}

# suite_chroot SUITE: prints the directory of the chroot and builds it if it does not exist. It is built under another name
# and renamed, so that an existing chroot is always complete.
suite_chroot() (
  suite=$1 place=$cache/$1
  mkdir -p "$cache"
  exec 9>"$cache/$suite.lock"
  flock 9
  if [[ ! -x $place/bin/udevadm && ! -x $place/usr/bin/udevadm ]]; then
    say "building the chroot of $suite in $place (once, some minutes)"
    rm -rf "$place.new"
    if [[ $suite == sid ]]; then
      build_sid "$place.new"
    else
      bootstrap "$suite" "$place.new"
    fi >"$cache/$suite.log" 2>&1 || die "could not build the chroot of $suite; see $cache/$suite.log"
    rm -rf "$place"
    mv "$place.new" "$place"
  fi
  printf '%s\n' "$place"
)

bootstrap() {
  debootstrap --variant=minbase --include=udev "$1" "$2" "$mirror"
}

# build_sid DIRECTORY: trixie with sid's udev. sid's InRelease file expires within days, which apt can ignore and
# debootstrap cannot, and during transitions a base system of sid may not be installable.
build_sid() {
  local base
  base=$(suite_chroot trixie) || return
  cp -a "$base" "$1" || return
  echo "deb $mirror sid main" >"$1/etc/apt/sources.list"
  rm -f "$1"/etc/apt/sources.list.d/*
  cp /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || :
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
  chmod 755 "$1/usr/sbin/policy-rc.d"
  unshare --mount --propagation private bash -c '
    set -e
    mount -t proc proc "$1/proc"
    export DEBIAN_FRONTEND=noninteractive
    chroot "$1" apt-get -o Acquire::Check-Valid-Until=false update
    chroot "$1" apt-get -o Acquire::Check-Valid-Until=false install -y --no-install-recommends udev
  ' bash "$1"
}

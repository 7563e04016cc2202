# Installs the programs the lab runs on the host. Knows nothing about guests or kernels.

# need PROGRAM=PACKAGE...: install the packages whose program is missing.
need() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  if ((EUID != 0)); then
    die "these packages are missing: ${missing[*]}; install them, or run this as root"
  fi
  apt-get -qq update >&2
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
    "${missing[@]}" >&2
}

# What a run needs; and what only the making of a guest or kernel needs.
need_to_run() {
  need qemu-system-x86_64=qemu-system-x86 flock=util-linux cc=gcc mke2fs=e2fsprogs
  # gcc alone brings no C library to link with.
  [[ -e /usr/include/stdlib.h ]] || need libc6-dev-is-missing=libc6-dev
}
need_to_build() { need debootstrap=debootstrap unshare=util-linux; }

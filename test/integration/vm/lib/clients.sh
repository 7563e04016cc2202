# Makes and caches a second root directory with newer programs that use devices: QEMU, libvirt, DPDK and containerd of Debian
# sid. A scenario with `# clients: sid` finds it as a share of the guest, see guest/clients.sh.

clients_packages=(qemu-system-x86 libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients
  dpdk dpdk-dev containerd)

# make_clients DIRECTORY: everything that is in it. Its text is part of the cache's key. The base is of the guest's suite, since
# sid's list expires within days, which apt can ignore and debootstrap cannot.
make_clients() {
  debootstrap --variant=minbase "$guest_suite" "$1" "$guest_mirror" || return
  echo "deb $guest_mirror sid main" >"$1/etc/apt/sources.list"
  rm -f "$1"/etc/apt/sources.list.d/*
  cp /etc/resolv.conf "$1/etc/resolv.conf" || return
  # No package starts a service.
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
  chmod 755 "$1/usr/sbin/policy-rc.d"
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount --propagation private bash -euc '
    mount -t proc proc "$1/proc"
    export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive
    chroot "$1" apt-get -o Acquire::Check-Valid-Until=false update
    chroot "$1" apt-get install -y --no-install-recommends "${@:2}"
    chroot "$1" apt-get clean
  ' make_clients "$1" "${clients_packages[@]}" || return
  rm -rf "$1"/var/lib/apt/lists/*
}

# clients_dir: where the directory of this recipe is, made or not.
clients_dir() {
  local key
  key=$({ declare -f make_clients; echo "$guest_suite ${clients_packages[*]}"; } | sha256sum)
  echo "$cache/clients-${key:0:12}"
}

# build_clients: makes it if it does not exist. Packages of sid cannot be installed at every time: only the scenarios that need them
# fail then.
build_clients() {
  local dir
  dir=$(clients_dir)
  [[ ! -d $dir ]] || return 0
  need_to_build
  ((EUID == 0)) || die "making the directory of clients needs root (debootstrap, chroot); run once as root"
  say "making the directory with clients of sid (some minutes): $dir"
  rm -rf --one-file-system "$dir.part"
  mkdir -p "$dir.part"
  make_clients "$dir.part" >"$cache/clients.log" 2>&1 || {
    tail -n 20 "$cache/clients.log" >&2
    say "the directory with clients of sid could not be made; the whole log is $cache/clients.log"
    return 0
  }
  mv "$dir.part" "$dir"
}

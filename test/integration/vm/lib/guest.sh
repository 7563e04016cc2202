# Makes and caches the guest's root directory: a Debian with udev, systemd, Node and those programs that take
# devices by their names.
# A guest is named by the hash of its recipe and is complete when its directory exists.

guest_suite=trixie
guest_mirror=${VFIO_NAMES_VM_MIRROR:-http://deb.debian.org/debian}
guest_packages=udev,systemd,kmod,nodejs,pciutils,procps,psmisc,busybox-static,util-linux
guest_packages+=,iproute2,strace,libcap2-bin
guest_packages+=,initramfs-tools,dracut-core,zstd,qemu-system-x86,podman,crun

# make_guest DIR: everything that is in the guest. Its text is part of the cache's key.
make_guest() {
  debootstrap --variant=minbase --include="$guest_packages" \
    "$guest_suite" "$1" "$guest_mirror" || return
  rm -rf "$1"/var/cache/apt/archives/*.deb
  # The root is read-only when it runs: mount points, and a first program that hands over to
  # the checkout's guest/init, so that a change there needs no new guest.
  mkdir -p "$1/project" "$1/results"
  cat >"$1/lab-init" <<'INIT'
#!/bin/sh
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro project /project
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 results /results
exec /bin/bash /project/test/integration/vm/guest/init
INIT
  chmod 755 "$1/lab-init"
  # systemd as PID 1 makes a machine id for each boot when the file is empty.
  : >"$1/etc/machine-id"
}

# guest_dir: where this recipe's guest is, made or not.
guest_dir() {
  local key
  key=$({ declare -f make_guest; echo "$guest_suite $guest_packages"; } | sha256sum)
  echo "$cache/guest-${key:0:12}"
}

# guest_disk: the file with the guest as the file system of a disk, made or not.
guest_disk() { echo "$(guest_dir).ext4"; }

# build_guest_disk: make it unless it is there; the guests that boot from it write to memory.
build_guest_disk() {
  local disk
  disk=$(guest_disk)
  [[ ! -e $disk ]] || return 0
  ((EUID == 0)) || die "making the guest's disk needs root (for the owners of its files); run once as root"
  say "making the guest's disk: $disk"
  rm -f "$disk.part"
  mke2fs -q -t ext4 -d "$(guest_dir)" "$disk.part" 2G || die "the guest's disk could not be made"
  mv "$disk.part" "$disk"
}

# build_guest: make the guest unless it is there.
build_guest() {
  local dir
  dir=$(guest_dir)
  [[ -d $dir ]] && return
  need_to_build
  ((EUID == 0)) || die "making the guest needs root (debootstrap); run once as root"
  say "making the guest ($guest_suite, about a minute): $dir"
  # A mirror may fail in the middle of so many packages.
  for _ in 1 2 3; do
    rm -rf "$dir.part"
    mkdir -p "$dir.part"
    make_guest "$dir.part" >"$cache/guest.log" 2>&1 && mv "$dir.part" "$dir" && return
  done
  tail -n 20 "$cache/guest.log" >&2
  die "the guest could not be made; the whole log is $cache/guest.log"
}

# Makes an image for early boot with the distribution's own tool: our hook for it, the rules of a policy, the native
# vfio_id, and a script of the lab that notes what it sees. Knows nothing about what is tested.

# add_rules POLICY DIRECTORY: what the hooks find in the system: the rules, vfio_id, and for [[bind]] the policy and the program.
add_rules() {
  install -m 644 "/tmp/project/test/integration/vm/rules/$1.rules" "$2"/70-vfio-names.rules
  install -m 755 /tmp/project/dist/native/vfio_id /usr/lib/udev/vfio_id
  if [[ -e /tmp/project/test/integration/vm/rules/$1.bind.rules ]]; then
    install -m 644 "/tmp/project/test/integration/vm/rules/$1.bind.rules" /etc/udev/rules.d/60-vfio-names-bind.rules
    install -D -m 644 "/tmp/project/test/integration/vm/policies/$1.toml" /etc/vfio-names/lab.toml
    install -m 755 /tmp/project/dist/native/vfio-names /usr/bin/vfio-names
  fi
}

# in_guest: makes /tmp/image; runs in the guest's root directory, in which nothing stays. TOOL POLICY RELEASE
in_guest() {
  local hooks=/tmp/project/packaging/initramfs early=/tmp/project/test/integration/vm/early place=/usr/lib/udev/rules.d
  # Once where a package puts them, once where `vfio-names rules install` does; initramfs-tools takes what lies there
  # even without our hook.
  [[ $1 == initramfs-tools ]] || place=/etc/udev/rules.d
  if [[ $1 != root-* ]]; then add_rules "$2" $place; fi
  case $1 in
    # Only what mounts the root: the drivers of other devices are loaded after that.
    root-only | root-disk)
      sed -i 's/^MODULES=.*/MODULES=list/' /etc/initramfs-tools/initramfs.conf
      printf '%s\n' 9p 9pnet_virtio overlay >>/etc/initramfs-tools/modules
      [[ $1 == root-only ]] || printf '%s\n' nvme ext4 >>/etc/initramfs-tools/modules
      mkinitramfs -o /tmp/image "$3"
      ;;
    initramfs-tools)
      printf '%s\n' 9p 9pnet_virtio overlay nvme e1000e >>/etc/initramfs-tools/modules
      install -m 755 "$hooks/initramfs-tools/vfio-names" /usr/share/initramfs-tools/hooks/
      install -m 755 "$hooks/initramfs-tools/before-udev-vfio-names" /usr/share/initramfs-tools/scripts/init-top/
      install -m 755 "$early/initramfs-tools-hook" /usr/share/initramfs-tools/hooks/lab
      install -D -m 755 "$early/note" /usr/share/initramfs-tools/scripts/init-premount/lab
      mkinitramfs -o /tmp/image "$3"
      ;;
    dracut)
      install -D -m 755 -t /usr/lib/dracut/modules.d/75vfio-names "$hooks"/dracut/*.sh
      install -D -m 755 -t /usr/lib/dracut/modules.d/99lab "$early"/dracut/*
      # It sources no other names.
      install -m 755 "$early/note" /usr/lib/dracut/modules.d/99lab/note.sh
      local drivers=(--no-kernel)
      [[ ! -d /usr/lib/modules/$3 ]] || drivers=(--add-drivers "9p 9pnet_virtio overlay nvme e1000e")
      dracut --no-hostonly "${drivers[@]}" --kver "$3" --modules "dash base vfio-names lab" /tmp/image
      ;;
    *)
      echo "no tool for early boot is called '$1'"
      return 2
      ;;
  esac
}

# initramfs_name TOOL POLICY KERNEL: what the image is called in the directory of the run.
initramfs_name() { echo "initramfs-$1-$2-$3"; }

# build_initramfs TOOL POLICY RESULTS KERNEL: makes the image, of the snapshot in RESULTS.
build_initramfs() {
  local image log release modules
  release=$(<"$(kernel_dir "$4")/release") modules=$(kernel_dir "$4")/modules/lib/modules
  image=$3/$(initramfs_name "$1" "$2" "$4") log=$image.log
  ((EUID == 0)) || die "an image for early boot is made as root (chroot)"
  # What the tool writes goes to memory.
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount bash -euc '
    mount -t tmpfs -o mode=755 tmpfs /mnt
    mkdir /mnt/upper /mnt/work /mnt/root
    mount -t overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
    cd /mnt/root
    mount -t proc proc proc
    mkdir tmp/project
    mount --bind "$2/project" tmp/project
    if [[ -d $5 ]]; then
      mkdir -p usr/lib/modules
      mount --bind "$5" usr/lib/modules
    fi
    env PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
      chroot . /bin/bash -euc "$3; in_guest \"\$@\"" in_guest "${@:6}"
    cp tmp/image "$4"
  ' build_initramfs "$(guest_dir)" "$3" "$(declare -f add_rules in_guest)" "$image" "$modules" "$1" "$2" "$release" \
    >"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    die "the image by $1 could not be made; the whole log is $log"
  }
}

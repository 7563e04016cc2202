# Makes an image for early boot with the distribution's own tool: our hook for it, the rules of a policy, the native
# vfio_id, and a script of the lab that notes what it sees. Knows nothing about what is tested.

# in_guest: makes /tmp/image; runs in the guest's root directory, in which nothing stays. TOOL POLICY RELEASE
in_guest() {
  local hooks=/tmp/project/packaging/initramfs early=/tmp/project/test/integration/vm/early place=/usr/lib/udev/rules.d
  # Once where a package puts them, once where `vfio-names rules install` does; initramfs-tools takes what lies there
  # even without our hook.
  [[ $1 == initramfs-tools ]] || place=/etc/udev/rules.d
  install -m 644 "/tmp/project/test/integration/vm/rules/$2.rules" $place/70-vfio-names.rules
  install -m 755 /tmp/project/dist/native/vfio_id /usr/lib/udev/vfio_id
  case $1 in
    initramfs-tools)
      install -m 755 "$hooks/initramfs-tools/vfio-names" /usr/share/initramfs-tools/hooks/
      install -m 755 "$early/initramfs-tools-hook" /usr/share/initramfs-tools/hooks/lab
      install -D -m 755 "$early/note" /usr/share/initramfs-tools/scripts/init-premount/lab
      mkinitramfs -o /tmp/image "$3"
      ;;
    dracut)
      install -D -m 755 -t /usr/lib/dracut/modules.d/75vfio-names "$hooks/dracut/module-setup.sh"
      install -D -m 755 -t /usr/lib/dracut/modules.d/99lab "$early"/dracut/*
      # It sources no other names.
      install -m 755 "$early/note" /usr/lib/dracut/modules.d/99lab/note.sh
      dracut --no-hostonly --no-kernel --kver "$3" --modules "dash base vfio-names lab" /tmp/image
      ;;
    *)
      echo "no tool for early boot is called '$1'"
      return 2
      ;;
  esac
}

# initramfs_name TOOL POLICY: what the image is called in the directory of the run.
initramfs_name() { echo "initramfs-$1-$2"; }

# build_initramfs TOOL POLICY RESULTS: makes the image, of the snapshot in RESULTS.
build_initramfs() {
  local image log release
  release=$(<"$(kernel_dir both)/release")
  image=$3/$(initramfs_name "$1" "$2") log=$image.log
  ((EUID == 0)) || die "an image for early boot is made as root (chroot)"
  # What the tool writes goes to memory; the guest's own directory can't be written to meanwhile.
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount bash -euc '
    mount --bind "$1" "$1"
    cd "$1"
    mount -o remount,bind,ro .
    mount -t proc proc proc
    mount -t tmpfs tmpfs tmp
    mkdir tmp/project tmp/var
    mount --bind tmp/var var/tmp
    mount --bind "$2/project" tmp/project
    for directory in etc/udev usr/lib/udev usr/lib/dracut usr/share/initramfs-tools; do
      mkdir -p "tmp/$directory"
      cp -aT "$directory" "tmp/$directory"
      mount --bind "tmp/$directory" "$directory"
    done
    env PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
      chroot . /bin/bash -euc "$3; in_guest \"\$@\"" in_guest "${@:5}"
    cp tmp/image "$4"
  ' build_initramfs "$(guest_dir)" "$3" "$(declare -f in_guest)" "$image" "$1" "$2" "$release" \
    >"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    die "the image by $1 could not be made; the whole log is $log"
  }
}

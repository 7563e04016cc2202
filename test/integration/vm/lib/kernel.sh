# Makes and caches the kernels, each variant named by the hash of its recipe.
#
#   both   cdev and group interface
#   cdev   cdev only (VFIO_GROUP off)
#   group  group only (IOMMUFD off), as Debian's own kernels are

all_kernels=(both cdev group)

# kernel_dir VARIANT: where this recipe's kernel is, made or not.
kernel_dir() {
  local key
  key=$(cat "$here/kernel.config" "$here/lib/kernel-build.sh" | sha256sum)
  echo "$cache/kernel-$1-${key:0:12}"
}

# build_kernel VARIANT: make the kernel unless it is there.
build_kernel() {
  local dir builder="$cache/builder"
  dir=$(kernel_dir "$1")
  [[ -d $dir ]] && return
  ((EUID == 0)) || die "building a kernel needs root (chroot); run once as root"
  need_to_build
  if [[ ! -d $builder ]]; then
    rm -rf "$builder.part"
    cp -a "$(guest_dir)" "$builder.part"
    mv "$builder.part" "$builder"
  fi
  say "building the kernel '$1' (up to 10 minutes): $dir"
  mkdir -p "$builder/lab"
  cp "$here/kernel.config" "$here/lib/kernel-build.sh" "$builder/lab/"
  cp /etc/resolv.conf "$builder/etc/resolv.conf"
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount sh -ec '
    mount -t proc proc "$1/proc"
    exec env PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
      chroot "$1" /bin/bash /lab/kernel-build.sh "$2" "$3"
  ' sh "$builder" "$1" "$(nproc)" >"$cache/kernel-$1.log" 2>&1 </dev/null || {
    tail -n 20 "$cache/kernel-$1.log" >&2
    die "the kernel '$1' could not be built; the whole log is $cache/kernel-$1.log"
  }
  rm -rf "$dir.part"
  cp -a "$builder/lab/$1" "$dir.part"
  mv "$dir.part" "$dir"
}

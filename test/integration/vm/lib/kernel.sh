# Makes and caches the kernels, each variant named by the hash of its recipe.
#
#   both   cdev and group interface
#   cdev   cdev only (VFIO_GROUP off)
#   group  group only (IOMMUFD off), as Debian's own kernels are
#   debian Debian's own kernel of the guest's suite, which is not built: drivers are modules, which the others do not have
#   debug  as `both`, with KASAN, lockdep and other checks (kernel-debug.config)
#   next   as `both`, of the version that Debian experimental has, with nodes of no-IOMMU devices (kernel-next.config)
# The last two are built only for a scenario that is asked for on them.

all_kernels=(both cdev group)

# kernel_dir VARIANT: where this recipe's kernel is, made or not.
kernel_dir() {
  local key
  if [[ $1 == debian ]]; then
    key=$({ declare -f fetch_debian_kernel; echo "$guest_suite"; } | sha256sum)
    echo "$cache/kernel-debian-${key:0:12}"
    return
  fi
  key=$(cat "$here/kernel.config" "$here/lib/kernel-build.sh" $(more_config "$1") | sha256sum)
  echo "$cache/kernel-$1-${key:0:12}"
}

# more_config VARIANT: the file of lines that are added to kernel.config, if this variant has one.
more_config() { if [[ $1 == debug || $1 == next ]]; then echo "$here/lib/kernel-$1.config"; fi; }

# build_kernel VARIANT: make the kernel unless it is there.
build_kernel() {
  local dir builder="$cache/builder" base=$1 more missing=''
  dir=$(kernel_dir "$1")
  [[ -d $dir ]] && return
  if [[ $1 == debian ]]; then
    ((EUID == 0)) || die "fetching the kernel needs root (chroot); run once as root"
    say "fetching the kernel 'debian' (about 110 MB): $dir"
    rm -rf "$dir.part"
    fetch_debian_kernel "$dir.part" >"$cache/kernel-debian.log" 2>&1 || {
      tail -n 20 "$cache/kernel-debian.log" >&2
      die "the kernel 'debian' could not be fetched; the whole log is $cache/kernel-debian.log"
    }
    mv "$dir.part" "$dir"
    return
  fi
  ((EUID == 0)) || die "building a kernel needs root (chroot); run once as root"
  need_to_build
  more=$(more_config "$1")
  # With a source or objects of its own.
  [[ -z $more ]] || builder+="-$1" base=both
  if [[ ! -d $builder ]]; then
    rm -rf "$builder.part"
    cp -a "$(guest_dir)" "$builder.part"
    mv "$builder.part" "$builder"
  fi
  say "building the kernel '$1' (up to 10 minutes, 'debug' up to 40): $dir"
  mkdir -p "$builder/lab"
  cp "$here/lib/kernel-build.sh" "$builder/lab/"
  cat "$here/kernel.config" ${more:+"$more"} >"$builder/lab/kernel.config"
  if [[ $1 == next && ! -d $builder/lab/source ]]; then
    fetch_next_source "$builder/lab" >"$cache/kernel-next.log" 2>&1 || {
      tail -n 20 "$cache/kernel-next.log" >&2
      die "the source of the kernel 'next' could not be fetched; the whole log is $cache/kernel-next.log"
    }
  fi
  cp /etc/resolv.conf "$builder/etc/resolv.conf"
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount sh -ec '
    mount -t proc proc "$1/proc"
    exec env PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
      chroot "$1" /bin/bash /lab/kernel-build.sh "$2" "$3"
  ' sh "$builder" "$base" "$(nproc)" >"$cache/kernel-$1.log" 2>&1 </dev/null || {
    tail -n 20 "$cache/kernel-$1.log" >&2
    die "the kernel '$1' could not be built; the whole log is $cache/kernel-$1.log"
  }
  [[ -z $more ]] || missing=$(awk 'NR == FNR { has[$0]; next } /^CONFIG/ && !($0 in has)' "$builder/lab/$base/config" "$more")
  [[ ! $missing ]] || die "the configuration of the kernel '$1' does not have: $missing"
  rm -rf "$dir.part"
  cp -a "$builder/lab/$base" "$dir.part"
  mv "$dir.part" "$dir"
}

# apt_in DIRECTORY SUITE: sets `apt_options` to those of an apt that has only this suite, and none of the host's lists and sources.
apt_in() {
  mkdir -p "$1/lists/partial" "$1/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${VFIO_NAMES_VM_MIRROR:-http://deb.debian.org/debian} $2 main" \
    >"$1/sources.list"
  apt_options=(-o Dir::Etc::SourceList="$1/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$1/lists"
    -o Dir::Cache="$1" -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false)
}

# fetch_next_source DIRECTORY: the newest source of Linux in Debian experimental, as DIRECTORY/source.
fetch_next_source() {
  local apt=$1/apt-next apt_options package
  apt_in "$apt" experimental
  apt-get "${apt_options[@]}" update || return
  package=$(apt-cache "${apt_options[@]}" pkgnames linux-source- | grep -E '^linux-source-[0-9.]+$' | sort -V | tail -n 1)
  [[ $package ]] || { echo "expected a package linux-source-N in Debian experimental, found none" && return 1; }
  (cd "$apt" && apt-get "${apt_options[@]}" download "$package") || return
  rm -rf "$1/source.part" && mkdir "$1/source.part" || return
  dpkg-deb --fsys-tarfile "$apt"/linux-source-*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
    tar -xJ --strip-components=1 -C "$1/source.part" || return
  mv "$1/source.part" "$1/source"
  rm -rf "$apt"
}

# fetch_debian_kernel DIRECTORY: Debian's kernel and its modules; uses none of the host's lists and sources of packages.
fetch_debian_kernel() {
  local apt=$1/apt package
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$1/unpacked"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${VFIO_NAMES_VM_MIRROR:-http://deb.debian.org/debian} $guest_suite main" \
    >"$apt/sources.list"
  local options=(-o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$apt/lists"
    -o Dir::Cache="$apt" -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false)
  apt-get "${options[@]}" update || return
  package=$(apt-cache "${options[@]}" depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
  (cd "$apt" && apt-get "${options[@]}" download "$package") || return
  dpkg-deb -x "$apt"/*.deb "$1/unpacked" || return
  cp "$1"/unpacked/boot/vmlinuz-* "$1/bzImage" && cp "$1"/unpacked/boot/config-* "$1/config" || return
  echo "${package#linux-image-}" >"$1/release"
  mkdir -p "$1/modules/lib" && mv "$1/unpacked/usr/lib/modules" "$1/modules/lib/" || return
  rm -rf "$1/unpacked" "$apt"
  # As the package's own scripts do; the guest has kmod.
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount sh -ec 'mount --bind "$1" "$2/mnt" && chroot "$2" /usr/sbin/depmod -b /mnt "$3"' \
    sh "$1/modules" "$(guest_dir)" "$(<"$1/release")"
}

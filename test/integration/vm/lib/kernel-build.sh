#!/bin/bash
# Runs inside the builder (a Debian of the guest's suite): fetches the kernel's source once and
# builds one variant of it. The file's text is part of the kernels' cache key.
#
# Usage: kernel-build.sh VARIANT JOBS, with /lab/kernel.config; leaves /lab/VARIANT/bzImage.
set -euo pipefail

variant=$1 jobs=$2

# The newest kernel is only in sid. Its list is read by a private configuration, so that nothing
# but the kernel's source can come from there; sid's list counts as expired soon after it is
# signed, which says nothing about its signature.
fetch_source() {
  local mirror
  mirror=$(awk '$1 == "deb" { print $2; exit }' /etc/apt/sources.list)
  rm -rf /lab/deb
  mkdir -p /lab/apt/lists/partial /lab/deb
  echo "deb $mirror sid main" >/lab/apt/sources.list
  local sid=(-o Dir::Etc::SourceList=/lab/apt/sources.list -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists=/lab/apt/lists -o Acquire::Check-Valid-Until=false)
  cd /lab/deb
  chown -R _apt /lab/deb
  if apt-get "${sid[@]}" update && apt-get "${sid[@]}" download linux-source-7.2; then
    return
  fi
  echo "linux-source-7.2 is not to be had, taking linux-source-6.12"
  apt-get update
  apt-get download linux-source-6.12
}

unpack_source() {
  rm -rf /lab/source.part /lab/deb/root
  mkdir -p /lab/source.part
  dpkg-deb --fsys-tarfile /lab/deb/linux-source-*.deb |
    tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
    tar -xJ --strip-components=1 -C /lab/source.part
  mv /lab/source.part /lab/source
  rm -rf /lab/deb
}

tools() {
  dpkg --configure -a # an earlier run may have been stopped in the middle
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    gcc libc6-dev make flex bison bc libelf-dev libssl-dev xz-utils binutils perl python3-minimal \
    kmod cpio rsync diffutils patch
}

# What makes a variant: the lines that are put after kernel.config, and must hold in the end.
variant_config() {
  case $variant in
    both) echo CONFIG_VFIO_DEVICE_CDEV=y && echo CONFIG_VFIO_GROUP=y ;;
    cdev) echo CONFIG_VFIO_DEVICE_CDEV=y && echo "# CONFIG_VFIO_GROUP is not set" ;;
    group) echo "# CONFIG_IOMMUFD is not set" && echo CONFIG_VFIO_GROUP=y ;;
    *) echo "unknown variant $variant" >&2 && return 2 ;;
  esac
}

if [[ ! -e /lab/tools ]]; then
  tools
  touch /lab/tools
fi
if [[ ! -d /lab/source ]]; then
  fetch_source
  unpack_source
fi

# One output directory for all variants: the second takes over what the first has compiled.
cd /lab/source
mkdir -p /lab/out
make O=/lab/out tinyconfig
{
  sed -e '/^CONFIG_VFIO_GROUP=/d' -e '/^CONFIG_IOMMUFD=/d' -e '/^CONFIG_VFIO_DEVICE_CDEV=/d' \
    /lab/kernel.config
  [[ $variant == group ]] || echo CONFIG_IOMMUFD=y
  variant_config
} >/lab/fragment
(cd /lab/out && /lab/source/scripts/kconfig/merge_config.sh -m -O /lab/out .config /lab/fragment)
make O=/lab/out olddefconfig
while read -r line; do
  grep -qxF "$line" /lab/out/.config && continue
  # A symbol that is off because what it depends on is off has no line at all.
  name=${line#\# } name=${name%% *}
  [[ $line == "# "* ]] && ! grep -q "^$name=" /lab/out/.config && continue
  echo "the kernel's configuration does not have: $line" >&2
  exit 1
done < <(variant_config)
make O=/lab/out -j"$jobs" bzImage
rm -rf "/lab/$variant"
mkdir "/lab/$variant"
cp /lab/out/arch/x86/boot/bzImage "/lab/$variant/"
cp /lab/out/.config "/lab/$variant/config"
cp /lab/out/include/config/kernel.release "/lab/$variant/release"

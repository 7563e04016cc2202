#!/bin/bash
# Tests the udev package on Debian 13 with udev and initramfs-tools; needs /packages and /test.
set -uo pipefail
cd / && . /test/lib.sh
export DEBIAN_FRONTEND=noninteractive

install() { dpkg --install /packages/vfio-names-udev_*.deb > /tmp/log 2>&1 || { cat /tmp/log && return 1; }; }
check "dpkg installs the udev package with initramfs-tools" install
check "the installation updates the initramfs" grep -q '^Processing triggers for initramfs-tools' /tmp/log
# An empty kernel: only the contents of the initramfs matter.
mkdir -p /lib/modules/0.0.0-none
touch /lib/modules/0.0.0-none/modules.{order,builtin}
echo CONFIG_RD_GZIP=y > /boot/config-0.0.0-none
depmod 0.0.0-none 2> /dev/null
check "mkinitramfs builds an initramfs" mkinitramfs -o /tmp/initramfs 0.0.0-none
check "the initramfs contains the rules" grep -qx 'usr/lib/udev/rules.d/70-vfio-names.rules' <<< "$(lsinitramfs /tmp/initramfs)"
check "the initramfs contains vfio_id, which the rules call for other buses" \
  grep -qx 'usr/lib/udev/vfio_id' <<< "$(lsinitramfs /tmp/initramfs)"
mkdir -p /etc/udev/rules.d
sed /vfio_id/d /usr/lib/udev/rules.d/70-vfio-names.rules > /etc/udev/rules.d/70-vfio-names.rules
check "mkinitramfs builds an initramfs with admin rules that call no program" mkinitramfs -o /tmp/initramfs 0.0.0-none
check "the initramfs contains no vfio_id if no rule calls it" not grep -q vfio_id <<< "$(lsinitramfs /tmp/initramfs)"

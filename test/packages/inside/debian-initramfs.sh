#!/bin/bash
# The udev package on a Debian 13 with udev and initramfs-tools: with /packages and /test.
set -uo pipefail
cd / && . /test/lib.sh
export DEBIAN_FRONTEND=noninteractive

install() { dpkg --install /packages/vfio-names-udev_*.deb > /tmp/log 2>&1 || { cat /tmp/log && return 1; }; }
check "the udev package is installed" install
check "the initramfs is made anew" grep -q '^Processing triggers for initramfs-tools' /tmp/log
# A kernel in name: what matters is what is in the initramfs.
mkdir -p /lib/modules/0.0.0-none
touch /lib/modules/0.0.0-none/modules.{order,builtin}
echo CONFIG_RD_GZIP=y > /boot/config-0.0.0-none
depmod 0.0.0-none 2> /dev/null
check "an initramfs is made" mkinitramfs -o /tmp/initramfs 0.0.0-none
check "it has the rules" grep -qx 'usr/lib/udev/rules.d/70-vfio-names.rules' <<< "$(lsinitramfs /tmp/initramfs)"
check "and no vfio_id, for which nothing asks" not grep -q vfio_id <<< "$(lsinitramfs /tmp/initramfs)"
mkdir -p /etc/udev/rules.d
sed '$iTEST=="/usr/lib/udev/vfio_id", IMPORT{program}="/usr/lib/udev/vfio_id --export \$devpath"' \
    /usr/lib/udev/rules.d/70-vfio-names.rules > /etc/udev/rules.d/70-vfio-names.rules
check "an initramfs is made with an admin's rules that call vfio_id" mkinitramfs -o /tmp/initramfs 0.0.0-none
check "it has vfio_id" grep -qx 'usr/lib/udev/vfio_id' <<< "$(lsinitramfs /tmp/initramfs)"

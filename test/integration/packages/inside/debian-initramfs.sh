#!/bin/bash
# Tests the package on Debian 13 with udev and initramfs-tools; needs /packages and /test.
set -uo pipefail
cd / && . /test/lib.sh
export DEBIAN_FRONTEND=noninteractive

install() { dpkg --install /packages/vfio-names_*.deb > /tmp/log 2>&1 || { cat /tmp/log && return 1; }; }
check "dpkg installs the package with initramfs-tools" install
check "the installation updates the initramfs" grep -q '^Processing triggers for initramfs-tools' /tmp/log
# An empty kernel: only the contents of the initramfs matter.
mkdir -p /lib/modules/0.0.0-none
touch /lib/modules/0.0.0-none/modules.{order,builtin}
echo CONFIG_RD_GZIP=y > /boot/config-0.0.0-none
depmod 0.0.0-none 2> /dev/null
printf '[names]\nby-tag = true\n' > /etc/vfio-names/10-mine.toml
check "mkinitramfs builds an initramfs" mkinitramfs -o /tmp/initramfs 0.0.0-none
check "the initramfs contains the rules" grep -qx 'usr/lib/udev/rules.d/70-vfio-names.rules' <<< "$(lsinitramfs /tmp/initramfs)"
check "the initramfs contains vfio_id, which the rules call for other buses" \
  grep -qx 'usr/lib/udev/vfio_id' <<< "$(lsinitramfs /tmp/initramfs)"
check "unmkinitramfs unpacks the initramfs" unmkinitramfs /tmp/initramfs /tmp/unpacked
top=/tmp/unpacked
[ -d $top/usr ] || top=/tmp/unpacked/main
check "the initramfs contains the policy" cmp $top/etc/vfio-names/10-mine.toml /etc/vfio-names/10-mine.toml
mkdir -p $top/proc && mount --bind /proc $top/proc
fake_machine $top
check "a shell of the initramfs has list" shows 'pci/0000:00:04.0' chroot $top /bin/sh -c 'vfio-names list'
check "a shell of the initramfs has doctor, which reads the policy" exits 1 'policy   valid' chroot $top /bin/sh -c 'vfio-names doctor'
mkdir -p /etc/udev/rules.d
sed /vfio_id/d /usr/lib/udev/rules.d/70-vfio-names.rules > /etc/udev/rules.d/70-vfio-names.rules
check "mkinitramfs builds an initramfs with admin rules that call no program" mkinitramfs -o /tmp/initramfs 0.0.0-none
check "the initramfs contains no vfio_id if no rule calls it" not grep -q vfio_id <<< "$(lsinitramfs /tmp/initramfs)"
check "the initramfs contains the program nevertheless" grep -qx usr/bin/vfio-names <<< "$(lsinitramfs /tmp/initramfs)"
: > /etc/udev/rules.d/70-vfio-names.rules
check "mkinitramfs builds an initramfs with disabled rules" mkinitramfs -o /tmp/initramfs 0.0.0-none
check "the initramfs contains no rules and no program if the rules are disabled" \
    not grep -qE 'bin/vfio-names|rules\.d/.*vfio' <<< "$(lsinitramfs /tmp/initramfs)"

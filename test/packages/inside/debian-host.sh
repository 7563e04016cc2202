#!/bin/bash
# The life of the packages on a Debian 13 without udev: with /packages and /test.
set -uo pipefail
cd / && . /test/lib.sh
export DEBIAN_FRONTEND=noninteractive

# What there is: paths with kind, mode and target; without the notes of dpkg and of its tools.
all() {
    find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /packages -o -path /test -o \
        -path /var/lib/dpkg -o -path /var/cache -o -path /var/log -o -path /run \) -prune -o -printf '%p %y %m %l\n' | sort
}
# older PACKAGE: the same one as version 0.0.1-1 in /tmp.
older() {
    dpkg-deb --raw-extract "/packages/$1"_*.deb "/tmp/$1" &&
        sed -i 's/^Version: .*/Version: 0.0.1-1/' "/tmp/$1/DEBIAN/control" &&
        dpkg-deb --build "/tmp/$1" "/tmp/$1.deb" && rm -r "/tmp/$1"
}
fake_machine /tmp/machine
mkdir -p /etc/udev/rules.d
before=$(all)

check "older versions are made" eval "older vfio-names-udev && older vfio-names"
check "without udev the udev package is installed" dpkg --install /tmp/vfio-names-udev.deb
check "the main package is installed" dpkg --install /tmp/vfio-names.deb
printf '[names]\nby-tag = true\n' > /etc/vfio-names/10-mine.toml
check "the policy becomes rules" vfio-names rules install
check "both are upgraded" dpkg --install /packages/vfio-names-udev_*.deb /packages/vfio-names_*.deb
check "the admin's policy is as it was" same "$(cat /etc/vfio-names/10-mine.toml)" $'[names]\nby-tag = true'
check "its rules are there" vfio-names rules check
check "every file is as the packages have it" same "$(dpkg --verify vfio-names vfio-names-udev)" ""
check "list shows a device with its name" shows 'pci/0000:00:04.0  vfio0' vfio-names list --root /tmp/machine
check "doctor runs" shows kernel vfio-names doctor
check "the service's program is the installed one" \
    test -e "$(sed -n 's/^ExecStart=.* \(\/.*\.cjs\) watch$/\1/p' /usr/lib/systemd/system/vfio-names.service)"
check "vfio_id on Node runs in the place of the native one" /usr/share/vfio-names/vfio_id.cjs --help

check "both are removed" dpkg --remove vfio-names vfio-names-udev
check "the admin's policy is still there" test -e /etc/vfio-names/10-mine.toml
check "both are purged" dpkg --purge vfio-names vfio-names-udev
check "nothing of them is left" same "$(all)" "$before"

# A udev that is there, in name, and fails: what is called, and that it does not matter.
printf '#!/bin/sh\necho "udevadm $*" >> /tmp/calls\nexit 1\n' > /usr/bin/udevadm
chmod 755 /usr/bin/udevadm
mkdir -p /run/udev
# Killed, so that the socket stays.
(node -e 'require("net").createServer().listen("/run/udev/control", () => process.kill(process.pid, "SIGKILL"))' || :) 2> /dev/null
calls=$'udevadm control --reload\nudevadm trigger --subsystem-match=vfio-dev --action=change'
check "the socket of udev is there" test -S /run/udev/control
check "a udev that fails does not fail the installation" dpkg --install /packages/vfio-names-udev_*.deb
check "it was told to read the rules and to go through the devices" same "$(cat /tmp/calls)" "$calls"
rm -f /tmp/calls
check "nor the removal" dpkg --remove vfio-names-udev
check "where it is told the same" same "$(cat /tmp/calls)" "$calls"
check "the main package is installed again" dpkg --install /packages/vfio-names_*.deb
echo '# mine' > /etc/udev/rules.d/70-vfio-names.rules
check "and purged" dpkg --purge vfio-names
check "rules of the admin's own stay" same "$(cat /etc/udev/rules.d/70-vfio-names.rules)" '# mine'

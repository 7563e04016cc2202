#!/bin/bash
# Installs, upgrades, removes and purges the packages on Debian 13 without udev; needs /packages and /test.
set -uo pipefail
cd / && . /test/lib.sh
export DEBIAN_FRONTEND=noninteractive

# all: prints all paths with type, mode and target, except data of dpkg and its tools.
all() {
    find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /packages -o -path /test -o \
        -path /var/lib/dpkg -o -path /var/cache -o -path /var/log -o -path /run \) -prune -o -printf '%p %y %m %l\n' | sort
}
# older PACKAGE: builds the package with version 0.0.1-1 in /tmp.
older() {
    dpkg-deb --raw-extract "/packages/$1"_*.deb "/tmp/$1" &&
        sed -i 's/^Version: .*/Version: 0.0.1-1/' "/tmp/$1/DEBIAN/control" &&
        dpkg-deb --build "/tmp/$1" "/tmp/$1.deb" && rm -r "/tmp/$1"
}
fake_machine /tmp/machine
mkdir -p /etc/udev/rules.d
before=$(all)

check "older versions of the Debian packages are built" eval "older vfio-names-udev && older vfio-names"
check "dpkg installs the udev package without udev" dpkg --install /tmp/vfio-names-udev.deb
check "dpkg installs the main package" dpkg --install /tmp/vfio-names.deb
printf '[names]\nby-tag = true\n' > /etc/vfio-names/10-mine.toml
check "rules install writes the rules of the policy on Debian" vfio-names rules install
check "dpkg upgrades both packages" dpkg --install /packages/vfio-names-udev_*.deb /packages/vfio-names_*.deb
check "the upgrade keeps the admin's policy on Debian" same "$(cat /etc/vfio-names/10-mine.toml)" $'[names]\nby-tag = true'
check "the upgrade keeps the rules of the policy on Debian" vfio-names rules check
check "dpkg --verify reports no changed files" same "$(dpkg --verify vfio-names vfio-names-udev)" ""
check "the Debian package lists a device with its link" shows 'pci/0000:00:04.0' vfio-names list --root /tmp/machine
check "the Debian package runs doctor" shows kernel vfio-names doctor
check "ExecStart of the unit is the installed program on Debian" \
    test -e "$(sed -n 's/^ExecStart=.* \(\/.*\.cjs\) watch$/\1/p' /usr/lib/systemd/system/vfio-names.service)"
check "vfio_id runs on Node" /usr/share/vfio-names/vfio_id.cjs --help

check "dpkg removes both packages" dpkg --remove vfio-names vfio-names-udev
check "the removal keeps the admin's policy on Debian" test -e /etc/vfio-names/10-mine.toml
check "dpkg purges both packages" dpkg --purge vfio-names vfio-names-udev
check "the purge leaves no files" same "$(all)" "$before"

# A fake udev that records its calls and fails: the package scripts must ignore the failure.
printf '#!/bin/sh\necho "udevadm $*" >> /tmp/calls\nexit 1\n' > /usr/bin/udevadm
chmod 755 /usr/bin/udevadm
mkdir -p /run/udev
# Kill the process, so that the socket remains.
(node -e 'require("net").createServer().listen("/run/udev/control", () => process.kill(process.pid, "SIGKILL"))' || :) 2> /dev/null
calls=$'udevadm control --reload\nudevadm trigger --subsystem-match=vfio-dev --action=change'
check "the udev socket exists on Debian" test -S /run/udev/control
check "the installation on Debian succeeds if udevadm fails" dpkg --install /packages/vfio-names-udev_*.deb
check "the installation on Debian reloads the rules and triggers the devices" same "$(cat /tmp/calls)" "$calls"
rm -f /tmp/calls
check "the removal on Debian succeeds if udevadm fails" dpkg --remove vfio-names-udev
check "the removal on Debian reloads the rules and triggers the devices" same "$(cat /tmp/calls)" "$calls"
check "dpkg installs the main package again" dpkg --install /packages/vfio-names_*.deb
echo '# mine' > /etc/udev/rules.d/70-vfio-names.rules
check "dpkg purges the main package" dpkg --purge vfio-names
check "the purge keeps rules that the admin wrote" same "$(cat /etc/udev/rules.d/70-vfio-names.rules)" '# mine'

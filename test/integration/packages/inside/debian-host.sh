#!/bin/bash
# usage: debian-host.sh VERSION: installs, upgrades, removes and purges the package on Debian 13 without udev and without Node;
# needs /packages and /test.
set -uo pipefail
cd / && . /test/lib.sh && . /test/inside/program.sh
version=$1
export DEBIAN_FRONTEND=noninteractive

# all: prints all paths with type, mode and target, except data of dpkg and its tools.
all() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /packages -o -path /test -o \
        -path /var/lib/dpkg -o -path /var/cache -o -path /var/log -o -path /run \) -prune -o -printf '%p %y %m %l\n' | sort
}
# part NAME PATH...: builds the package NAME, version 0.0.1-1, of these paths in /tmp/old, as it was when there were two packages.
part() {
    local name=$1 path
    shift
    for path; do
        mkdir -p "/tmp/$name/$(dirname "$path")"
        cp -a "/tmp/old/$path" "/tmp/$name/$path"
    done
    mkdir -p "/tmp/$name/DEBIAN"
    printf 'Package: %s\nVersion: 0.0.1-1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: older\n' \
        "$name" > "/tmp/$name/DEBIAN/control"
}
older() {
    dpkg-deb --raw-extract /packages/vfio-names_*.deb /tmp/old
    part vfio-names-udev usr/lib/udev usr/share/initramfs-tools usr/share/man/man8/vfio_id.8.gz
    cp /tmp/old/DEBIAN/postinst /tmp/vfio-names-udev/DEBIAN
    printf '#!/bin/sh\nexit 0\n' > /tmp/vfio-names-udev/DEBIAN/postrm
    chmod 755 /tmp/vfio-names-udev/DEBIAN/postrm
    part vfio-names etc/vfio-names usr/share/man/man1 usr/lib/systemd
    cp /tmp/old/DEBIAN/{postinst,prerm,postrm} /tmp/vfio-names/DEBIAN
    # The program was a link to a file for Node.
    mkdir -p /tmp/vfio-names/usr/{bin,share/vfio-names/parts}
    touch /tmp/vfio-names/usr/share/vfio-names/{vfio-names.cjs,parts/list.cjs}
    ln -s ../share/vfio-names/vfio-names.cjs /tmp/vfio-names/usr/bin/vfio-names
    dpkg-deb --build /tmp/vfio-names-udev /tmp/vfio-names-udev.deb && dpkg-deb --build /tmp/vfio-names /tmp/vfio-names.deb
}
state() { dpkg-query --show --showformat '${db:Status-Abbrev}' "$1" 2> /dev/null; }

mkdir -p /etc/udev/rules.d
before=$(all)
check "older versions of both Debian packages are built" older
check "dpkg installs both older packages" dpkg --install /tmp/vfio-names-udev.deb /tmp/vfio-names.deb
printf '[names]\nby-tag = true\n' > /etc/vfio-names/10-mine.toml
check "dpkg upgrades both packages to one" dpkg --install /packages/vfio-names_*.deb
check "the upgrade removes the older udev package" not grep -q '^ii' <<< "$(state vfio-names-udev)"
check "the upgrade keeps the rules, which are in the one package now" \
    shows 'vfio-names: /usr/lib/udev/rules.d/70-vfio-names.rules' dpkg --search /usr/lib/udev/rules.d/70-vfio-names.rules
check "the upgrade leaves no file for Node" same "$(find /usr/share/vfio-names -name '*.cjs')" ""
check "the upgrade keeps the admin's policy on Debian" same "$(cat /etc/vfio-names/10-mine.toml)" $'[names]\nby-tag = true'
check "dpkg --verify reports no changed files" same "$(dpkg --verify vfio-names)" ""
check "apt finds no broken dependency" apt-get check

program_works Debian "$version"
check "bash-completion of Debian loads the completion" bash -c '. /usr/share/bash-completion/bash_completion && _comp_load vfio-names && complete -p vfio-names'
check "rules install writes the rules of the policy on Debian" vfio-names rules install
check "dpkg installs the package again" dpkg --install /packages/vfio-names_*.deb
check "another installation keeps the rules of the policy on Debian" vfio-names rules check

check "dpkg removes the package" dpkg --remove vfio-names
check "the removal keeps the admin's policy and rules on Debian" \
    test -e /etc/vfio-names/10-mine.toml -a -e /etc/udev/rules.d/70-vfio-names.rules
check "dpkg purges the package" dpkg --purge vfio-names vfio-names-udev
check "the purge leaves no files" same "$(all)" "$before"

# With a udev whose udevadm fails: the package scripts must ignore that.
check "the udev socket exists on Debian" fake_udev
check "the installation on Debian succeeds if udevadm fails" dpkg --install /packages/vfio-names_*.deb
check "the installation on Debian reloads the rules and triggers the devices" same "$(cat /run/calls)" "$udev_calls"
rm -f /run/calls
check "the removal on Debian succeeds if udevadm fails" dpkg --remove vfio-names
check "the removal on Debian reloads the rules and triggers the devices" same "$(cat /run/calls)" "$udev_calls"
echo '# mine' > /etc/udev/rules.d/70-vfio-names.rules
check "dpkg purges the package beside other rules" dpkg --purge vfio-names
check "the purge keeps rules that the admin wrote" same "$(cat /etc/udev/rules.d/70-vfio-names.rules)" '# mine'

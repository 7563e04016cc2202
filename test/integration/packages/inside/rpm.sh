#!/bin/bash
# usage: rpm.sh VERSION: installs, upgrades and erases the RPM packages without udev and with a udev that fails; needs
# /packages, /test and /recipe (packaging/rpm).
set -uo pipefail
cd / && . /test/lib.sh
version=$1
shopt -s nullglob
udev=(/packages/vfio-names-udev-*.rpm) main=(/packages/vfio-names-[0-9]*."$(uname -m)".rpm) source=(/packages/*.src.rpm)

# all: prints all paths with type, mode and target, except data of rpm.
all() {
    find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /packages -o -path /test -o -path /recipe -o \
        -path /root -o -path /var/lib/rpm -o -path /var/cache \) -prune -o -printf '%p %y %m %l\n' | sort
}
# older: builds both packages with release 0 from the source package.
older() {
    rpm --define '_topdir /tmp/older' -i "${source[0]}" &&
        sed -i 's/^Release: .*/Release: 0/' /tmp/older/SPECS/vfio-names.spec &&
        SOURCE_DATE_EPOCH=1 rpmbuild --quiet --nodeps -bb --load /recipe/macros.debian --define '_topdir /tmp/older' \
            --define 'optflags -O0' /tmp/older/SPECS/vfio-names.spec
}
requires() { rpm -qp --requires "$1"; }
# rpm does not know the Debian packages that provide the dependencies.
install_rpm() { rpm --nodeps "$@"; }

check "the RPM build has two packages and a source package" same "${#udev[@]} ${#main[@]} ${#source[@]}" "1 1 1"
check "rpmlint reports nothing that vfio-names.rpmlintrc does not filter" rpmlint -c /dev/null -r /recipe/vfio-names.rpmlintrc /packages/*.rpm
check "the RPM packages have the version of the checkout" same "$(rpm -qp --qf '%{version} ' "${udev[@]}" "${main[@]}")" "$version $version "
check "the RPM udev package does not depend on Node" not grep -q node <<< "$(requires "${udev[0]}")"
check "the RPM main package depends on a minimum version of Node" grep -q '^nodejs >= ' <<< "$(requires "${main[0]}")"
check "the RPM main package recommends the udev package of the same release" \
    same "$(rpm -qp --recommends "${main[0]}")" "vfio-names-udev = $(rpm -qp --qf '%{version}-%{release}' "${main[0]}")"
check "every file of the RPM packages belongs to root and has the release date" \
    same "$(rpm -qp --qf '[%{fileusername}:%{filegroupname} %{filemtimes}\n]' "${udev[@]}" "${main[@]}" | sort -u | wc -l)" 1

fake_machine /tmp/machine
# Directories that belong to other packages of Fedora.
mkdir -p /usr/lib/udev/rules.d /usr/share/licenses
all > /tmp/before
check "the source package builds older packages" older
check "rpm installs the packages without udev" install_rpm -i /tmp/older/RPMS/*/*.rpm
printf '[names]\nby-tag = true\n' > /etc/vfio-names/10-mine.toml
check "rules install writes the rules of the policy with RPM packages" vfio-names rules install
rules=$(cat /etc/udev/rules.d/70-vfio-names.rules)
check "rpm upgrades both packages" install_rpm -U "${udev[@]}" "${main[@]}"
check "the RPM upgrade keeps the admin's policy" same "$(cat /etc/vfio-names/10-mine.toml)" $'[names]\nby-tag = true'
check "the RPM upgrade keeps the rules of the policy" same "$(cat /etc/udev/rules.d/70-vfio-names.rules)" "$rules"
check "rpm -V reports no changed files" rpm -V --nodeps vfio-names vfio-names-udev
check "the RPM package lists a device with its link" shows 'pci/0000:00:04.0' vfio-names list --root /tmp/machine
check "the RPM package runs doctor" shows kernel vfio-names doctor
check "koffi of the RPM package can be loaded" node -e 'require("/usr/share/vfio-names/node_modules/koffi").load("libc.so.6")'
check "the native vfio_id of the RPM package runs" shows "$version" /usr/lib/udev/vfio_id --version
check "ExecStart of the unit is the installed program with RPM packages" \
    test -e "$(sed -n 's/^ExecStart=.* \(\/.*\.cjs\) watch$/\1/p' /usr/lib/systemd/system/vfio-names.service)"
check "man finds the manual of the RPM package" shows 'vfio-names.service(8)' man -P cat vfio-names.service
check "the RPM package provides bundled() for every npm package in licenses.txt" same \
    "$(rpm -q --provides vfio-names | sed -nE 's/^bundled\(nodejs-(.*)\) = (.*)/\1 \2/p' | sort)" \
    "$(sed -nE 's/^== (\S+) (\S+) .*/\1 \2/p' /usr/share/licenses/vfio-names/licenses.txt | sort)"
places=$(rpm -ql vfio-names vfio-names-udev)
check "no file of the RPM packages mentions a registry, the build directory or its user" \
    not grep -rlE 'registry\.|/work/BUILD|/root/' $places --directories=skip --exclude='*.md'

check "rpm erases both packages" install_rpm -e vfio-names vfio-names-udev
check "rpm -e keeps the admin's policy and rules" \
    test -e /etc/vfio-names/10-mine.toml -a -e /etc/udev/rules.d/70-vfio-names.rules
rm -r /etc/vfio-names /etc/udev
all > /tmp/after
check "rpm -e leaves no other files" diff /tmp/before /tmp/after

# In /run, because rpm runs scriptlets with a private /tmp.
fake_udev() {
    printf '#!/bin/sh\necho "udevadm $*" >> /run/calls\nexit 1\n' > /usr/bin/udevadm
    chmod 755 /usr/bin/udevadm
    mkdir -p /run/udev
    node -e 'require("net").createServer().listen("/run/udev/control", () => process.kill(process.pid, "SIGKILL"))' 2> /dev/null
    test -S /run/udev/control
}
calls=$'udevadm control --reload\nudevadm trigger --subsystem-match=vfio-dev --action=change'
check "the udev socket exists with RPM packages" fake_udev
check "the RPM installation succeeds if udevadm fails" install_rpm -i "${udev[@]}"
check "the RPM installation reloads the rules and triggers the devices" same "$(cat /run/calls)" "$calls"
rm -f /run/calls
check "rpm -e succeeds if udevadm fails" install_rpm -e vfio-names-udev
check "rpm -e reloads the rules and triggers the devices" same "$(cat /run/calls)" "$calls"

#!/bin/bash
# usage: rpm.sh VERSION: installs, upgrades and erases the RPM package without udev and without Node, and with a udev that
# fails; needs /packages, /test and /recipe (packaging/rpm).
set -uo pipefail
cd / && . /test/lib.sh && . /test/inside/program.sh
version=$1
shopt -s nullglob
main=(/packages/vfio-names-[0-9]*."$(uname -m)".rpm) source=(/packages/*.src.rpm)

# all: prints all paths with type, mode and target, except data of rpm.
all() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /packages -o -path /test -o -path /recipe -o \
        -path /root -o -path /var/lib/rpm -o -path /var/cache \) -prune -o -printf '%p %y %m %l\n' | sort
}
# older: builds both packages of the time when the rules were a package of their own.
older() {
    mkdir -p /tmp/older/SPECS
    cat > /tmp/older/SPECS/old.spec << 'SPEC'
Name: vfio-names
Version: 0.0.1
Release: 1
Summary: older
License: MIT
BuildArch: noarch
%description
%package udev
Summary: older
%description udev
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/vfio-names %{buildroot}/usr/lib/udev/rules.d
touch %{buildroot}/usr/share/vfio-names/vfio-names.cjs %{buildroot}/usr/lib/udev/vfio_id %{buildroot}/usr/lib/udev/rules.d/70-vfio-names.rules
ln -s ../share/vfio-names/vfio-names.cjs %{buildroot}/usr/bin/vfio-names
%files
/usr/bin/vfio-names
/usr/share/vfio-names
%files udev
/usr/lib/udev/vfio_id
/usr/lib/udev/rules.d/70-vfio-names.rules
SPEC
    rpmbuild --quiet -bb --define '_topdir /tmp/older' /tmp/older/SPECS/old.spec
}
requires() { rpm -qp --requires "$1" | sed -E '/^(rpmlib|rtld)/d; s/\(.*//; s/\.so.*//' | sort -u | paste -sd ' '; }
# rpm does not know the Debian packages that provide the dependencies.
install_rpm() { rpm --nodeps "$@"; }

check "the RPM build has one package and a source package" same "${#main[@]} ${#source[@]}" "1 1"
check "the RPM build has no other package than that of the symbols" same "$(cd /packages && ls | grep -vcE 'src|debug')" 1
check "rpmlint reports nothing that vfio-names.rpmlintrc does not filter" \
    rpmlint -c /dev/null -r /recipe/vfio-names.rpmlintrc "${main[@]}" "${source[@]}"
check "the RPM package has the version of the checkout" same "$(rpm -qp --qf '%{version}' "${main[@]}")" "$version"
check "the RPM package requires only the C library and shells" same "$(requires "${main[0]}")" "/bin/bash /bin/sh libc libm"
check "every file of the RPM package belongs to root and has the release date" \
    same "$(rpm -qp --qf '[%{fileusername}:%{filegroupname} %{filemtimes}\n]' "${main[@]}" | sort -u | wc -l)" 1

# Directories that belong to other packages of Fedora.
mkdir -p /usr/lib/udev/rules.d /usr/share/licenses
all > /tmp/before
check "older versions of both RPM packages are built" older
check "rpm installs both older packages" install_rpm -i /tmp/older/RPMS/noarch/*.rpm
mkdir -p /etc/vfio-names
printf '[names]\nby-tag = true\n' > /etc/vfio-names/10-mine.toml
check "rpm upgrades both packages to one" install_rpm -U "${main[@]}"
check "the RPM upgrade removes the older udev package" not rpm -q vfio-names-udev
check "the RPM upgrade keeps the admin's policy" same "$(cat /etc/vfio-names/10-mine.toml)" $'[names]\nby-tag = true'
check "rpm -V reports no changed files" rpm -V --nodeps vfio-names
check "the RPM upgrade leaves no file for Node" same "$(find /usr/share/vfio-names -name '*.cjs')" ""

program_works RPM "$version"
check "rules install writes the rules of the policy with the RPM package" vfio-names rules install
check "rpm installs the package again" install_rpm -U --force "${main[@]}"
check "another installation keeps the rules of the policy with the RPM package" vfio-names rules check
check "the RPM package provides bundled() for every npm package in licenses.txt" same \
    "$(rpm -q --provides vfio-names | sed -nE 's/^bundled\(nodejs-(.*)\) = (.*)/\1 \2/p' | sort)" \
    "$(sed -nE 's/^== (\S+) (\S+) .*/\1 \2/p' /usr/share/licenses/vfio-names/licenses.txt | sort)"
places=$(rpm -ql vfio-names)
check "no file of the RPM package mentions a registry, the build directory or its user" \
    not grep -rlE 'registry\.|/work/BUILD|/root/' $places --directories=skip --exclude='*.md'

check "rpm erases the package" install_rpm -e vfio-names
check "rpm -e keeps the admin's policy and rules" \
    test -e /etc/vfio-names/10-mine.toml -a -e /etc/udev/rules.d/70-vfio-names.rules
rm -r /etc/vfio-names /etc/udev
all > /tmp/after
check "rpm -e leaves no other files" diff /tmp/before /tmp/after

check "the udev socket exists with the RPM package" fake_udev
check "the RPM installation succeeds if udevadm fails" install_rpm -i "${main[@]}"
check "the RPM installation reloads the rules and triggers the devices" same "$(cat /run/calls)" "$udev_calls"
rm -f /run/calls
check "rpm -e succeeds if udevadm fails" install_rpm -e vfio-names
check "rpm -e reloads the rules and triggers the devices" same "$(cat /run/calls)" "$udev_calls"

#!/bin/bash
# The life of the RPM packages where no udev runs, and beside a udev that fails: rpm.sh VERSION, with /packages, /test and
# /recipe (packaging/rpm).
set -uo pipefail
cd / && . /test/lib.sh
version=$1
shopt -s nullglob
udev=(/packages/vfio-names-udev-*.rpm) main=(/packages/vfio-names-[0-9]*."$(uname -m)".rpm) source=(/packages/*.src.rpm)

# What there is: paths with kind, mode and target; without the notes of rpm.
all() {
    find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /packages -o -path /test -o -path /recipe -o \
        -path /root -o -path /var/lib/rpm -o -path /var/cache \) -prune -o -printf '%p %y %m %l\n' | sort
}
# older: both packages as release 0, made of the source package.
older() {
    rpm --define '_topdir /tmp/older' -i "${source[0]}" &&
        sed -i 's/^Release: .*/Release: 0/' /tmp/older/SPECS/vfio-names.spec &&
        SOURCE_DATE_EPOCH=1 rpmbuild --quiet --nodeps -bb --load /recipe/macros.debian --define '_topdir /tmp/older' \
            --define 'optflags -O0' /tmp/older/SPECS/vfio-names.spec
}
requires() { rpm -qp --requires "$1"; }
# What rpm's database and the packages of Debian call one thing have different names.
install_rpm() { rpm --nodeps "$@"; }

check "the rpm packages are two and their source" same "${#udev[@]} ${#main[@]} ${#source[@]}" "1 1 1"
check "rpmlint finds nothing that is not explained" rpmlint -c /dev/null -r /recipe/vfio-names.rpmlintrc /packages/*.rpm
check "they are of the version of the checkout" same "$(rpm -qp --qf '%{version} ' "${udev[@]}" "${main[@]}")" "$version $version "
check "the udev package needs no Node" not grep -q node <<< "$(requires "${udev[0]}")"
check "the main package needs Node and says which" grep -q '^nodejs >= ' <<< "$(requires "${main[0]}")"
check "it recommends the udev package of its own release" \
    same "$(rpm -qp --recommends "${main[0]}")" "vfio-names-udev = $(rpm -qp --qf '%{version}-%{release}' "${main[0]}")"
check "every file is root's and has the date of the release" \
    same "$(rpm -qp --qf '[%{fileusername}:%{filegroupname} %{filemtimes}\n]' "${udev[@]}" "${main[@]}" | sort -u | wc -l)" 1

fake_machine /tmp/machine
# What other packages of Fedora hold.
mkdir -p /usr/lib/udev/rules.d /usr/share/licenses
all > /tmp/before
check "a source package builds" older
check "without udev the rpm packages are installed" install_rpm -i /tmp/older/RPMS/*/*.rpm
printf '[names]\nby-tag = true\n' > /etc/vfio-names/10-mine.toml
check "the policy becomes rules" vfio-names rules install
rules=$(cat /etc/udev/rules.d/70-vfio-names.rules)
check "both are upgraded" install_rpm -U "${udev[@]}" "${main[@]}"
check "the admin's policy is as it was" same "$(cat /etc/vfio-names/10-mine.toml)" $'[names]\nby-tag = true'
check "and so are its rules" same "$(cat /etc/udev/rules.d/70-vfio-names.rules)" "$rules"
check "every file is as the rpm packages have it" rpm -V --nodeps vfio-names vfio-names-udev
check "list shows a device with its name" shows 'pci/0000:00:04.0  vfio0' vfio-names list --root /tmp/machine
check "doctor runs" shows kernel vfio-names doctor
check "koffi is found beside the programs" node -e 'require("/usr/share/vfio-names/node_modules/koffi").load("libc.so.6")'
check "vfio_id is a native program and runs" shows "$version" /usr/lib/udev/vfio_id --version
check "the service's program is the installed one" \
    test -e "$(sed -n 's/^ExecStart=.* \(\/.*\.cjs\) watch$/\1/p' /usr/lib/systemd/system/vfio-names.service)"
check "the manual is found" shows 'vfio-names.service(8)' man -P cat vfio-names.service
check "what is bundled is said, and its licence shipped" same \
    "$(rpm -q --provides vfio-names | sed -nE 's/^bundled\(nodejs-(.*)\) = (.*)/\1 \2/p' | sort)" \
    "$(sed -nE 's/^== (\S+) (\S+) .*/\1 \2/p' /usr/share/licenses/vfio-names/licenses.txt | sort)"
places=$(rpm -ql vfio-names vfio-names-udev)
check "no file names a registry, the build's directory or its user" \
    not grep -rlE 'registry\.|/work/BUILD|/root/' $places --directories=skip --exclude='*.md'

check "both are erased" install_rpm -e vfio-names vfio-names-udev
check "the admin's policy and rules are still there" \
    test -e /etc/vfio-names/10-mine.toml -a -e /etc/udev/rules.d/70-vfio-names.rules
rm -r /etc/vfio-names /etc/udev
all > /tmp/after
check "nothing else of the rpm packages is left" diff /tmp/before /tmp/after

# rpm gives scriptlets a /tmp of their own.
fake_udev() {
    printf '#!/bin/sh\necho "udevadm $*" >> /run/calls\nexit 1\n' > /usr/bin/udevadm
    chmod 755 /usr/bin/udevadm
    mkdir -p /run/udev
    node -e 'require("net").createServer().listen("/run/udev/control", () => process.kill(process.pid, "SIGKILL"))' 2> /dev/null
    test -S /run/udev/control
}
calls=$'udevadm control --reload\nudevadm trigger --subsystem-match=vfio-dev --action=change'
check "the socket of a udev is there" fake_udev
check "a udev that fails does not fail the installation" install_rpm -i "${udev[@]}"
check "it was told to read the rules and to go through the devices" same "$(cat /run/calls)" "$calls"
rm -f /run/calls
check "nor the removal" install_rpm -e vfio-names-udev
check "where it is told the same" same "$(cat /run/calls)" "$calls"

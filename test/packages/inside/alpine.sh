#!/bin/bash
# What the APKBUILD makes, and how it lives: alpine.sh VERSION, with /aport (the directory for abuild), /packaging, /test.
# The compiler is Debian's: vfio_id is linked statically, so that it runs where there is no C library but busybox's.
set -uo pipefail
cd / && . /test/lib.sh
version=$1 machine=$(uname -m)
made=/tmp/made/pkg

# until_true COMMAND...: waits for a state, for two minutes at most.
until_true() {
    local end=$((SECONDS + 120))
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}
files() { (cd "$made/$1" && find . ! -type d -printf '%P\n' | sort); }
says() { grep -qx "$2" "/tmp/made/info/$1"; }
needed() { readelf --dynamic "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | paste -sd ' '; }

check "shellcheck finds nothing in the APKBUILD and its scripts" shellcheck /aport/APKBUILD /aport/*.post-*
check "the APKBUILD is whole, builds and splits" \
    env LDFLAGS=-static busybox sh /test/inside/apkbuild.sh /aport /tmp/made "$machine"
check "it is of the version of the checkout" grep -qx "pkgver=$version" /aport/APKBUILD
check "the udev package needs no Node" says vfio-names-udev 'depends='
check "it has the rules, vfio_id, the lines for mdev, and nothing else" same "$(files vfio-names-udev)" \
    "usr/lib/udev/rules.d/70-vfio-names.rules
usr/lib/udev/vfio_id
usr/share/vfio-names/mdev.conf
usr/share/vfio-names/mdevd.conf"
check "it is one for each machine, for vfio_id is" says vfio-names-udev 'arch=all'
check "the main package needs Node and says which" says vfio-names 'depends=nodejs>=20\..*'
check "OpenRC's script is a package of its own" same "$(files vfio-names-openrc)" etc/init.d/vfio-names
check "and so are the manual" test -e "$made/vfio-names-doc/usr/share/man/man1/vfio-names.1.gz"
for shell in bash zsh fish; do check "and the completion in $shell" test -n "$(files "vfio-names-$shell-completion")"; done
main_files() { files vfio-names | grep -vE '^usr/(bin/vfio-names$|share/vfio-names/|lib/vfio-names/)'; }
check "the main package has the program and nothing else" same "$(main_files)" ""
koffi=$(find "$made/vfio-names" -name koffi.node)
check "koffi is that for musl" same "$(needed "$koffi")" "libc.musl-$machine.so.1 libgcc_s.so.1 libstdc++.so.6"
elf_files() { find "$made" -type f -exec sh -c '[ "$(head -c 4 "$1" | tail -c 3)" = ELF ]' sh {} \; -print; }
check "no other file is bound to a machine" same "$(elf_files | grep -v '/koffi\.node$')" "$made/vfio-names-udev/usr/lib/udev/vfio_id"
check "no file names a registry or the build's directory" not grep -rlE 'registry\.|/tmp/made|/root/' "$made"

# A machine with busybox alone.
root=/tmp/root
mkdir -p $root/{bin,etc,proc,run} && cp /usr/bin/busybox $root/bin/sh && ln -s sh $root/bin/mdev && cp -a "$made/vfio-names-udev/." $root
printf "root:x:0:0::/:/bin/sh\n" > $root/etc/passwd && echo root:x:0: > $root/etc/group
fake_machine $root
rm -r $root/dev/vfio/pci && mount -t proc proc $root/proc
device='vfio/devices/vfio0'
# on_mdev ACTION: what the kernel says to mdev of the device.
on_mdev() {
    env -i PATH=/bin ACTION="$1" SUBSYSTEM=vfio-dev DEVNAME=$device MAJOR=247 MINOR=0 \
        DEVPATH=/devices/pci0000:00/0000:00:04.0/vfio-dev/vfio0 /usr/sbin/chroot $root /bin/mdev
}
check "vfio_id runs where there is only busybox" shows "$version" chroot $root /usr/lib/udev/vfio_id --version
cp $root/usr/share/vfio-names/mdev.conf $root/etc/mdev.conf
check "mdev hears of a device" on_mdev add
check "mdev with the lines of the package makes the name" \
    same "$(readlink $root/dev/vfio/pci/0000:00:04.0)" ../devices/vfio0
rm -f $root/dev/$device && rm -r $root/sys/class/vfio-dev/vfio0 $root/sys/devices/pci0000:00/0000:00:04.0/vfio-dev
check "mdev hears that it goes" on_mdev remove
check "and the name goes with it" not test -L $root/dev/vfio/pci/0000:00:04.0

# The scripts of the packages, by busybox.
script() { busybox sh "/aport/vfio-names-udev.$1"; }
calls=$'udevadm control --reload\nudevadm trigger --subsystem-match=vfio-dev --action=change'
for step in post-install post-upgrade post-deinstall; do check "without udev $step does nothing" same "$(script $step)" ""; done
touch /etc/mdev.conf
check "beside mdev post-install tells of the lines" shows /usr/share/vfio-names/mdev.conf script post-install
# The socket stays where its server is killed.
udev_socket() {
    mkdir -p /run/udev
    (exec node -e 'require("net").createServer().listen("/run/udev/control", () => process.kill(process.pid, "SIGKILL"))') 2> /dev/null
    test -S /run/udev/control
}
fake_udev() {
    printf '#!/bin/sh\necho "udevadm $*" >> /tmp/calls\nexit 1\n' > /usr/bin/udevadm
    chmod 755 /usr/bin/udevadm
    udev_socket
}
check "the socket of a udev is there" fake_udev
for step in post-install post-upgrade post-deinstall; do
    rm -f /tmp/calls
    check "a udev that fails does not fail $step" script $step
    check "which tells it to read the rules and to go through the devices" same "$(cat /tmp/calls)" "$calls"
done
rm -r /usr/bin/udevadm /run/udev

# The services, on this machine, which has no udev, but a device.
cp -a "$made/vfio-names/." "$made/vfio-names-openrc/." /
fake_machine / && rm -r /dev/vfio/pci && mknod /dev/vfio/devices/vfio0 c 247 0
name=/dev/vfio/pci/0000:00:04.0
check "the main package's list shows the device" shows 'pci/0000:00:04.0' vfio-names list
mkdir -p /run/openrc && touch /run/openrc/softlevel
check "OpenRC starts the service" rc-service vfio-names start
check "and the name is there" until_true test -L $name
check "OpenRC says that it runs" rc-service vfio-names status
printf '[names]\nby-path = true\n' > /etc/vfio-names/10-mine.toml
check "OpenRC reloads it" rc-service vfio-names reload
check "and the names of the new policy are there" until_true test -d /dev/vfio/by-path
watcher=$(pgrep -f 'vfio-names watch' | tail -n 1)
kill -KILL "$watcher"
rm -f $name
check "killed, it is started again" until_true test -L $name
check "OpenRC stops it" rc-service vfio-names stop
check "and it is gone" not pgrep -f 'vfio-names watch'
check "the socket of a udev is there again" udev_socket
check "beside udev OpenRC does not start it" not rc-service vfio-names start
rm -r /run/udev

# service NAME: a directory for the supervisor, which notes how the service ended.
service() {
    rm -f $name /tmp/ended
    install -D "/packaging/$1/run" "/tmp/$1/run"
    printf '#!/bin/sh\necho "$1" > /tmp/ended\n' > "/tmp/$1/finish"
    chmod 755 "/tmp/$1/finish"
}
service runit
runsv /tmp/runit > /dev/null 2>&1 &
check "runit starts it, and the name is there" until_true test -L $name
check "runit stops it" sv -w 120 down /tmp/runit
check "and it ends with status 0" until_true grep -qx 0 /tmp/ended
check "runit itself ends" sv -w 120 exit /tmp/runit
service s6
s6-supervise /tmp/s6 > /dev/null 2>&1 &
check "s6 starts it, and the name is there" until_true test -L $name
check "s6 stops it" s6-svc -wD -T 120000 -d /tmp/s6
check "and it ends with status 0" until_true grep -qx 0 /tmp/ended

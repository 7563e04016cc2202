#!/bin/bash
# usage: alpine.sh VERSION: builds the APKBUILD and tests its packages and services; needs /aport (the directory for
# abuild), /packaging and /test, in the directory of musl.sh.
set -uo pipefail
cd / && . /test/lib.sh && . /test/inside/program.sh
version=$1 machine=$(uname -m)
built=/tmp/built/pkg

files() { (cd "$built/$1" && find . ! -type d -printf '%P\n' | sort); }
has_info() { grep -qx "$2" "/tmp/built/info/$1"; }
check "shellcheck reports nothing in the APKBUILD and its scripts" shellcheck /aport/APKBUILD /aport/*.post-*
check "the APKBUILD is valid, builds and splits the packages" \
    env PATH="/opt/musl/bin:$PATH" QUICKJS=/opt/musl busybox sh /test/inside/apkbuild.sh /aport /tmp/built "$machine"
needed() { readelf --dynamic --program-headers "$1" | sed -nE 's/.*(NEEDED|interpreter).*(\[|: )(.*)\]/\3/p' | sort | paste -sd ' '; }
for name in usr/bin/vfio-names usr/lib/udev/vfio_id; do
    check "$name of the Alpine package is linked with musl" same "$(needed "$built/vfio-names/$name")" "/lib/ld-musl-$machine.so.1 libc.so"
done
check "the APKBUILD has the version of the checkout" grep -qx "pkgver=$version" /aport/APKBUILD
check "the Alpine package depends on nothing but what its programs are linked with" has_info vfio-names 'depends='
check "the Alpine package replaces the older udev package" grep -qx "provides=\"\$pkgname-udev=\$pkgver-r\$pkgrel\"" /aport/APKBUILD
check "the Alpine package contains the programs, the rules, the lines for mdev and mdevd, and the schemas" same \
    "$(files vfio-names | grep -v '/schemas/')" "usr/bin/vfio-names
usr/lib/udev/rules.d/70-vfio-names.rules
usr/lib/udev/vfio_id
usr/share/vfio-names/mdev.conf
usr/share/vfio-names/mdevd.conf"
check "the Alpine package is architecture-dependent" has_info vfio-names "arch=$machine"
check "the OpenRC script and its settings are in vfio-names-openrc" same "$(files vfio-names-openrc)" $'etc/conf.d/vfio-names\netc/init.d/vfio-names'
check "the manual is in vfio-names-doc" test -e "$built/vfio-names-doc/usr/share/man/man1/vfio-names.1.gz"
for shell in bash zsh fish; do check "the completion for $shell is in vfio-names-$shell-completion" test -n "$(files "vfio-names-$shell-completion")"; done
check "no file of the Alpine packages mentions a registry or the build directory" not grep -rlE 'registry\.|/tmp/built|/root/' "$built"

# A root directory with only busybox and the C library of Alpine.
root=/tmp/root
mkdir -p $root/{bin,etc,lib,proc,run} && cp -L /lib/ld-musl-* $root/lib && cp /usr/bin/busybox $root/bin/sh && ln -s sh $root/bin/mdev && cp -a "$built/vfio-names/." $root
printf "root:x:0:0::/:/bin/sh\n" > $root/etc/passwd && echo root:x:0: > $root/etc/group
fake_machine $root
rm -r $root/dev/vfio/pci && mount -t proc proc $root/proc
device='vfio/devices/vfio0'
# on_mdev ACTION: runs mdev with the environment that the kernel passes for the device.
on_mdev() {
    env -i PATH=/bin ACTION="$1" SUBSYSTEM=vfio-dev DEVNAME=$device MAJOR=247 MINOR=0 \
        DEVPATH=/devices/pci0000:00/0000:00:04.0/vfio-dev/vfio0 /usr/sbin/chroot $root /bin/mdev
}
check "vfio_id runs with only busybox and musl" shows "$version" chroot $root /usr/lib/udev/vfio_id --version
check "vfio-names runs with only busybox and musl" shows "pci/0000:00:04.0" chroot $root /usr/bin/vfio-names list
cp $root/usr/share/vfio-names/mdev.conf $root/etc/mdev.conf
check "mdev handles a new device" on_mdev add
check "mdev with the lines of the package creates the link" \
    same "$(readlink $root/dev/vfio/pci/0000:00:04.0)" ../devices/vfio0
rm -f $root/dev/$device && rm -r $root/sys/class/vfio-dev/vfio0 $root/sys/devices/pci0000:00/0000:00:04.0/vfio-dev
check "mdev handles a removed device" on_mdev remove
check "mdev with the lines of the package removes the link" not test -L $root/dev/vfio/pci/0000:00:04.0

# The package scripts, run by busybox.
script() { busybox sh "/aport/vfio-names.$1"; }
for step in post-install post-upgrade post-deinstall; do check "$step does nothing without udev" same "$(script $step)" ""; done
touch /etc/mdev.conf
check "post-install with mdev mentions the lines for mdev.conf" shows /usr/share/vfio-names/mdev.conf script post-install
check "the udev socket exists on Alpine" fake_udev
for step in post-install post-upgrade post-deinstall; do
    rm -f /run/calls
    check "$step succeeds if udevadm fails" script $step
    check "$step reloads the rules and triggers the devices" same "$(cat /run/calls)" "$udev_calls"
done
rm -r /usr/bin/udevadm /run/udev

# The services; this machine has a device and no udev.
cp -a "$built"/vfio-names{,-openrc,-bash-completion,-doc}/. /
program_works Alpine "$version"
fake_machine / && rm -r /dev/vfio/pci && mknod /dev/vfio/devices/vfio0 c 247 0
name=/dev/vfio/pci/0000:00:04.0
check "the Alpine package lists the device" shows 'pci/0000:00:04.0' vfio-names list
mkdir -p /run/openrc && touch /run/openrc/softlevel
check "OpenRC starts the service" rc-service vfio-names start
check "the service under OpenRC creates the link" until_true test -L $name
check "OpenRC reports that the service runs" rc-service vfio-names status
printf '[names]\nby-path = true\n' > /etc/vfio-names/10-mine.toml
check "OpenRC reloads the service" rc-service vfio-names reload
check "the service under OpenRC creates the links of the new policy" until_true test -d /dev/vfio/by-path
watcher=$(pgrep -f 'vfio-names watch' | tail -n 1)
kill -KILL "$watcher"
rm -f $name
check "OpenRC restarts the service when it is killed" until_true test -L $name
check "OpenRC stops the service" rc-service vfio-names stop
check "the service under OpenRC exits" not pgrep -f 'vfio-names watch'
check "the udev socket exists again on Alpine" fake_udev
check "OpenRC does not start the service while udev runs" not rc-service vfio-names start
rm -r /run/udev

# service NAME: creates a service directory for the supervisor; its finish script records the exit status.
service() {
    rm -f $name /tmp/ended
    install -D "/packaging/$1/run" "/tmp/$1/run"
    printf '#!/bin/sh\necho "$1" > /tmp/ended\n' > "/tmp/$1/finish"
    chmod 755 "/tmp/$1/finish"
}
service runit
runsv /tmp/runit > /dev/null 2>&1 &
check "the service under runit creates the link" until_true test -L $name
check "runit stops the service" sv -w 120 down /tmp/runit
check "the service under runit exits with status 0" until_true grep -qx 0 /tmp/ended
check "runsv exits" sv -w 120 exit /tmp/runit
service s6
s6-supervise /tmp/s6 > /dev/null 2>&1 &
check "the service under s6 creates the link" until_true test -L $name
check "s6 stops the service" s6-svc -wD -T 120000 -d /tmp/s6
check "the service under s6 exits with status 0" until_true grep -qx 0 /tmp/ended

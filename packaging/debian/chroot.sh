# shellcheck shell=bash disable=SC2016,SC2034
# Root directories of Debian 13, created once by debootstrap and apt and cached under the hash of their recipe. Sourced by
# build.sh and by the tests, as root.

debian_suite=trixie
debian_mirror=${VFIO_NAMES_VM_MIRROR:-http://deb.debian.org/debian}
debian_cache=${VFIO_NAMES_VM_CACHE:-${HOME:?}/.cache/vfio-names}/packages

# Packages for building and checking, and for the hosts on which the package is tested: without udev, and with an
# initramfs. Only the first one has Node.js.
debian_build=build-essential,debhelper,nodejs,esbuild,node-ajv,handlebars,node-source-map,quickjs,libquickjs,lintian,autopkgtest,udev
debian_cross=$debian_build,crossbuild-essential-arm64,libc6-dev:arm64,libquickjs:arm64,qemu-user
debian_host=bash-completion,man-db
debian_initramfs=initramfs-tools,udev

# debian_chroot PACKAGE,...: prints the path of the directory; creates it if it does not exist.
debian_chroot() {
    local key directory
    key=$(echo "$debian_suite $1" | sha256sum)
    directory=$debian_cache/debian-${key:0:12}
    (
        mkdir -p "$debian_cache/archives"
        exec 9> "$debian_cache/debian.lock"
        flock 9
        [ ! -d "$directory" ] || exit 0
        [ "$(id -u)" -eq 0 ] || { echo "making a Debian 13 directory needs root (debootstrap); run once as root" >&2 && exit 1; }
        command -v debootstrap > /dev/null || { apt-get update -qq && apt-get install -y -qq debootstrap; } >&2 || exit
        echo "creating a Debian 13 directory with ${1//,/ }, once; this takes a few minutes" >&2
        # The mirror may fail during the download; retry.
        for _ in 1 2 3; do
            rm -rf "$directory.part"
            debian_make "$directory.part" "$1" > "$directory.log" 2>&1 && mv "$directory.part" "$directory" && exit 0
        done
        tail -n 20 "$directory.log" >&2
        exit 1
    ) || return
    echo "$directory"
}

# debian_make DIRECTORY PACKAGE,...: creates the directory. apt installs the packages, because debootstrap --include does
# not order that many packages correctly.
debian_make() {
    debootstrap --variant=minbase --cache-dir="$debian_cache/archives" "$debian_suite" "$1" "$debian_mirror" || return
    mv "$debian_cache/archives"/*.deb "$1/var/cache/apt/archives/"
    # Prevent packages from starting services.
    printf '#!/bin/sh\nexit 101\n' > "$1/usr/sbin/policy-rc.d" && chmod 755 "$1/usr/sbin/policy-rc.d"
    # For packages of another architecture, NAME:ARCH.
    local architecture
    for architecture in $(grep -o ':[^,]*' <<< "$2" | sort -u); do
        chroot "$1" dpkg --add-architecture "${architecture#:}" || return
    done
    chroot "$1" apt-get update || return
    # shellcheck disable=SC2086 # several arguments
    DEBIAN_FRONTEND=noninteractive chroot "$1" \
        apt-get install --yes --no-install-recommends --option APT::Keep-Downloaded-Packages=true ${2//,/ } || return
    mv "$1"/var/cache/apt/archives/*.deb "$debian_cache/archives/"
    rm -rf "$1"/var/lib/apt/lists/*
}

# debian_inside DIRECTORY [--bind FROM TO]... -- COMMAND...: runs the command as root in the directory, without network and
# with an empty environment. Changes to the directory are discarded at the end; changes to bound paths are kept.
debian_inside() {
    local layer status=0
    layer=$(mktemp -d)
    unshare --mount --net --pid --fork --kill-child --propagation private bash -euc '
        layer=$1 directory=$2
        shift 2
        mount -t tmpfs tmpfs "$layer"
        mkdir "$layer"/{upper,work,root}
        root=$layer/root
        mount -t overlay -o "lowerdir=$directory,upperdir=$layer/upper,workdir=$layer/work" overlay "$root"
        mount -t proc proc "$root/proc"
        mount -t tmpfs -o mode=755 tmpfs "$root/dev"
        mkdir "$root/dev/pts" "$root/dev/shm"
        mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
        mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
        ln -s pts/ptmx "$root/dev/ptmx"
        ln -s /proc/self/fd "$root/dev/fd"
        for device in null zero full random urandom tty; do
            touch "$root/dev/$device"
            mount --bind "/dev/$device" "$root/dev/$device"
        done
        while [ "$1" = --bind ]; do
            mkdir -p "$root$3"
            mount --bind "$2" "$root$3"
            shift 3
        done
        shift
        exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"
    ' debian_inside "$layer" "$@" || status=$?
    rmdir "$layer"
    return $status
}

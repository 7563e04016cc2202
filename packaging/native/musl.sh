# shellcheck shell=bash
# A Debian 13 directory in which `cc` compiles for musl, with QuickJS, as on Alpine. Sourced with the checkout as working
# directory, as root.
. packaging/debian/chroot.sh

musl_packages=binutils,busybox-static,dpkg-dev,file,gcc,libc6-dev,make,man-db,musl-tools,openrc,procps,quickjs,runit,s6,shellcheck,xz-utils

# musl_directory: prints the path of the directory; creates it if it does not exist. In /opt/musl it has `bin/cc`, and QuickJS
# built from Debian's source.
musl_directory() {
    local root lists
    root=$(debian_chroot "$musl_packages") || return
    (
        exec 9> "$debian_cache/musl.lock"
        flock 9
        [ ! -d "$root/opt/musl" ] || exit 0
        lists=$(mktemp -d "$root/tmp/source.XXXXXX")
        trap 'rm -rf "$lists"' EXIT
        echo "deb-src $debian_mirror $debian_suite main" > "$lists/sources.list"
        # shellcheck disable=SC2016 # expanded by the inner shell
        chroot "$root" sh -euc '
            cd "$1"
            mkdir -p lists/partial
            set -- -qq -o Dir::Etc::sourcelist="$1/sources.list" -o Dir::State::lists="$1/lists" -o APT::Sandbox::User=root
            apt-get "$@" update
            apt-get "$@" source --download-only quickjs
            mkdir quickjs musl musl/bin musl/include
            tar -xf quickjs_*.orig.tar.xz -C quickjs --strip-components=1
            # The headers of the kernel, without those of the other C library.
            for name in linux asm-generic; do ln -s "/usr/include/$name" musl/include; done
            ln -s "/usr/include/$(dpkg-architecture -q DEB_HOST_MULTIARCH)/asm" musl/include/asm
            printf "#!/bin/sh\nexec musl-gcc -isystem /opt/musl/include \"\$@\"\n" > musl/bin/cc
            chmod 755 musl/bin/cc
            make -s -C quickjs libquickjs.a HOST_CC=musl-gcc CC=musl-gcc CONFIG_LTO=
            cp quickjs/libquickjs.a quickjs/quickjs.h quickjs/quickjs-libc.h musl
            mv musl /opt/musl
        ' sh "/tmp/${lists##*/}" > "$debian_cache/musl.log" 2>&1 || { tail -n 20 "$debian_cache/musl.log" && exit 1; } >&2
    ) || return
    echo "$root"
}

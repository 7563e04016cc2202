# shellcheck shell=bash disable=SC2034
# Other machines, and another C library, for which build.sh compiles the native programs. Sourced with the checkout as working
# directory, as root.
. packaging/native/musl.sh

# choose_target TARGET: sets target_root, the Debian 13 directory with a compiler for arm64, i386, s390x or musl, and
# target_environment, the variables of compile.sh there; creates the directory if it does not exist.
choose_target() {
    local machine packages
    case $1 in
        musl)
            target_root=$(musl_directory) || return
            target_environment=(PATH=/opt/musl/bin:/usr/bin:/bin QUICKJS=/opt/musl)
            return
            ;;
        arm64) machine=aarch64 packages=quickjs,qemu-user ;;
        i386) machine=i686 packages=quickjs ;;
        s390x) machine=s390x packages=qemu-user ;;
        *) echo "expected a target (arm64, i386, s390x or musl), found $1" >&2 && return 1 ;;
    esac
    target_root=$(debian_chroot "gcc-$machine-linux-gnu,libc6-dev-$1-cross,$packages") && target_quickjs "$target_root" "$1" || return
    target_environment=(CC="$machine-linux-gnu-gcc" STRIP="$machine-linux-gnu-strip" QUICKJS=/opt/quickjs)
    # qjsc writes bytecode in the byte order of the machine on which it runs.
    [ "$1" != s390x ] || target_environment+=(QJSC='qemu-s390x -L /usr/s390x-linux-gnu /opt/quickjs/usr/bin/qjsc')
}

# target_quickjs ROOT ARCHITECTURE: unpacks Debian's QuickJS for the architecture to /opt/quickjs. It is not installed, since
# the C library that it depends on must have the version of this machine's, which an archive does not have at all times.
target_quickjs() {
    (
        exec 9> "$debian_cache/$2.lock"
        flock 9
        [ ! -d "$1/opt/quickjs" ] || exit 0
        # shellcheck disable=SC2016 # expanded by the inner shell
        chroot "$1" sh -euc '
            dpkg --add-architecture "$1"
            rm -rf /tmp/quickjs && mkdir /tmp/quickjs && cd /tmp/quickjs
            apt-get -qq update
            apt-get -qq -o APT::Sandbox::User=root download "quickjs:$1" "libquickjs:$1"
            for package in *.deb; do dpkg-deb --extract "$package" unpacked; done
            mv unpacked /opt/quickjs
            rm -rf /tmp/quickjs /var/lib/apt/lists/*
        ' sh "$2" > "$debian_cache/$2.log" 2>&1 || { tail -n 20 "$debian_cache/$2.log" >&2 && exit 1; }
    )
}

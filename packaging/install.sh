#!/bin/bash
# Installs the files of a built checkout into the directories of a distribution. All paths are defined here. It builds
# nothing and uses no network; scriptlets of package managers are in packaging/FAMILY.
#
# Usage: packaging/install.sh --destdir DIR [OPTION...]
#   --part udev|main|all  udev: rules, native vfio_id, initramfs hooks, without Node. main: everything else (all)
#   --paths FAMILY        debian, fedora, arch or alpine: the directories and hooks of that family (debian)
#   --built DIR           the output of `npm run build` (dist)
#   --rules FILE          the rules (rules/70-vfio-names.rules)
#   --native FILE         the native vfio_id (dist/native/vfio_id)
#   --koffi DIR           the node_modules with koffi and @koromix (node_modules); '' omits koffi, which disables probe,
#                         exec --user and the readiness notification of the service
#   --machine MACHINE     the machine of koffi's build, as printed by `uname -m` (this machine)
#   --libc glibc|musl     the C library of koffi's build (glibc; alpine: musl)
#   --bindir, --libdir, --datadir, --udevdir, --unitdir, --openrcdir, --runitdir, --s6dir, --mandir, --docdir,
#   --licensedir, --bash, --zsh, --fish DIR
#                         replaces a directory of the family; '' omits its files
#   --initramfs 'TOOL...' tools to install hooks for: initramfs-tools, dracut, mkinitcpio
# Exit status: 0 success, 2 wrong usage or a file is not built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
    echo "packaging/install.sh: $*" >&2
    exit 2
}

declare -A given=()
while (($#)); do
    case $1 in
        --destdir | --part | --paths | --built | --rules | --native | --koffi | --machine | --libc | --bindir | --libdir | --datadir | \
            --udevdir | --unitdir | --openrcdir | --runitdir | --s6dir | --mandir | --docdir | --licensedir | --bash | --zsh | --fish | --initramfs)
            (($# > 1)) || die "expected a value after $1"
            [[ $1 != --@(*dir|bash|zsh|fish) || $1 == --destdir || -z $2 || $2 == /* ]] ||
                die "expected an absolute path or '' after $1, found '$2'"
            given[${1#--}]=$2
            shift 2
            ;;
        *) die "expected one of the options at the head of this file, found $1" ;;
    esac
done

# option NAME DEFAULT: prints the given value, which may be empty, or the default.
option() { echo "${given[$1]-$2}"; }

# The differences between the families.
zsh=/usr/share/zsh/site-functions unitdir=/usr/lib/systemd/system openrcdir='' libdir=/usr/lib licensedir='' libc=glibc
case $(option paths debian) in
    debian)
        initramfs='initramfs-tools dracut' zsh=/usr/share/zsh/vendor-completions
        libdir=/usr/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH 2> /dev/null || echo "$(uname -m)-linux-gnu")
        ;;
    fedora) initramfs=dracut libdir=/usr/lib64 licensedir=/usr/share/licenses/vfio-names ;;
    arch) initramfs='mkinitcpio dracut' licensedir=/usr/share/licenses/vfio-names ;;
    alpine) initramfs='' unitdir='' openrcdir=/etc/init.d libc=musl ;;
    *) die "expected --paths debian, fedora, arch or alpine, found $(option paths '')" ;;
esac
dest=$(option destdir '') part=$(option part all) built=$(option built dist)
datadir=$(option datadir /usr/share)/vfio-names libdir=$(option libdir "$libdir")/vfio-names
udevdir=$(option udevdir /usr/lib/udev) mandir=$(option mandir /usr/share/man)
docdir=$(option docdir /usr/share/doc/vfio-names)
[[ $dest == /* ]] || die "expected --destdir and an absolute path, found '$dest'"

# put MODE FILE PATH: installs FILE as PATH in the package; does nothing if the family has no such directory.
put() {
    [[ $3 == /* ]] || return 0
    [[ -f $2 ]] || die "expected $2, found none; npm run build makes dist, npm run build:native makes dist/native"
    install -D -m "$1" "$2" "$dest$3"
}

# script FILE PATH INTERPRETER: installs a program with this interpreter in its first line.
script() {
    put 755 "$1" "$2"
    sed -i "1s|^#!.*|#!$3|" "$dest$2"
}

# below DIRECTORY NAME: prints the path, or nothing if DIRECTORY is empty.
below() { echo "${1:+$1/$2}"; }

# pages SECTION NAME...: installs man pages.
pages() {
    local section=$1 name
    shift
    for name; do put 644 "$built/man/$name.$section" "$(below "$mandir" "man$section/$name.$section")"; done
}

part_udev() {
    local tool file
    put 755 "$(option native "$built/native/vfio_id")" "$udevdir/vfio_id"
    put 644 "$(option rules rules/70-vfio-names.rules)" "$udevdir/rules.d/70-vfio-names.rules"
    pages 8 vfio_id
    for tool in $(option initramfs "$initramfs"); do
        case $tool in
            initramfs-tools)
                put 755 "packaging/initramfs/$tool/vfio-names" "/usr/share/$tool/hooks/vfio-names"
                put 755 "packaging/initramfs/$tool/before-udev-vfio-names" "/usr/share/$tool/scripts/init-top/before-udev-vfio-names"
                ;;
            dracut)
                for file in module-setup bind; do
                    put 755 "packaging/initramfs/$tool/$file.sh" "/usr/lib/$tool/modules.d/75vfio-names/$file.sh"
                done
                ;;
            mkinitcpio)
                put 644 "packaging/initramfs/$tool/vfio-names" /usr/lib/initcpio/install/vfio-names
                put 644 "packaging/initramfs/$tool/vfio-names.hook" /usr/lib/initcpio/hooks/vfio-names
                ;;
            *) die "expected initramfs-tools, dracut or mkinitcpio, found $tool" ;;
        esac
    done
}

# part_koffi DIR: installs the files of koffi that are needed at run time, with the build of one machine.
part_koffi() {
    local cpu build home=$libdir/node_modules file
    case $(option machine "$(uname -m)") in
        x86_64) cpu=x64 ;;
        aarch64) cpu=arm64 ;;
        arm | armv7*) cpu=arm ;;
        i?86 | x86) cpu=ia32 ;;
        riscv64) cpu=riscv64 ;;
        ppc64le | powerpc64le) cpu=ppc64 ;;
        loongarch64) cpu=loong64 ;;
        *) die "koffi has no build for $(option machine "$(uname -m)"); --koffi '' leaves it out" ;;
    esac
    case $(option libc $libc) in
        glibc) build=linux ;;
        musl) build=musl ;;
        *) die "expected --libc glibc or musl, found $(option libc '')" ;;
    esac
    for file in package.json index.cjs src/koffi/index.cjs src/koffi/src/static.cjs; do
        put 644 "$1/koffi/$file" "$home/koffi/$file"
    done
    build=("$1/@koromix/koffi-linux-$cpu/$build"_*/koffi.node)
    for file in package.json index.js "$(basename "$(dirname "${build[0]}")")/koffi.node"; do
        put 644 "$1/@koromix/koffi-linux-$cpu/$file" "$home/@koromix/koffi-linux-$cpu/$file"
    done
    # Node searches for it beside the programs, which are the same for every machine.
    ln -sfnr "$dest$home" "$dest$datadir/node_modules"
}

part_main() {
    local file bindir
    bindir=$(option bindir /usr/bin)
    script "$built/vfio-names.cjs" "$datadir/vfio-names.cjs" /usr/bin/node
    script "$built/probe-worker.cjs" "$datadir/probe-worker.cjs" /usr/bin/node
    # For machines without the native program; --jitless, because udevd's sandbox forbids just-in-time compilation.
    script "$built/vfio_id.cjs" "$datadir/vfio_id.cjs" '/usr/bin/node --jitless'
    for file in "$built"/{parts,lib}/*.cjs "$built"/schemas/*.json; do put 644 "$file" "$datadir/${file#"$built/"}"; done
    [[ -z $(option koffi node_modules) ]] || part_koffi "$(option koffi node_modules)"
    mkdir -p "$dest$bindir"
    ln -sfnr "$dest$datadir/vfio-names.cjs" "$dest$bindir/vfio-names"

    put 644 packaging/systemd/vfio-names.service "$(below "$(option unitdir "$unitdir")" vfio-names.service)"
    put 644 packaging/systemd/vfio-names-bind.service "$(below "$(option unitdir "$unitdir")" vfio-names-bind.service)"
    if [[ -n $(option unitdir "$unitdir") ]]; then
        # It does nothing before the administrator has installed rules for drivers, so nobody needs to enable it.
        install -d -m 755 "$dest$(option unitdir "$unitdir")/systemd-udev-trigger.service.wants"
        ln -sfn ../vfio-names-bind.service \
            "$dest$(option unitdir "$unitdir")/systemd-udev-trigger.service.wants/vfio-names-bind.service"
    fi
    put 755 packaging/openrc/vfio-names "$(below "$(option openrcdir "$openrcdir")" vfio-names)"
    put 755 packaging/runit/run "$(below "$(option runitdir '')" vfio-names/run)"
    put 755 packaging/s6/run "$(below "$(option s6dir '')" vfio-names/run)"
    pages 1 vfio-names
    pages 5 vfio-names.toml
    pages 8 vfio-names.service
    put 644 "$built/completions/vfio-names.bash" "$(below "$(option bash /usr/share/bash-completion/completions)" vfio-names)"
    put 644 "$built/completions/_vfio-names" "$(below "$(option zsh "$zsh")" _vfio-names)"
    put 644 "$built/completions/vfio-names.fish" "$(below "$(option fish /usr/share/fish/vendor_completions.d)" vfio-names.fish)"
    for file in access cdi; do
        [[ -z $(option unitdir "$unitdir") ]] || put 644 "packaging/systemd/$file.conf" "$(below "$docdir" "examples/$file.conf")"
    done
    put 644 LICENSE "$(below "$(option licensedir "$licensedir")" LICENSE)"
    put 644 "$built/licenses.txt" "$(below "$(option licensedir "$licensedir")" licenses.txt)"
    # The directory of the administrator's policy.
    install -d -m 755 "$dest/etc/vfio-names"
}

umask 022
case $part in
    udev) part_udev ;;
    main) part_main ;;
    all) part_udev && part_main ;;
    *) die "expected --part udev, main or all, found $part" ;;
esac

#!/bin/bash
# Installs the files of a built checkout into the directories of a distribution. All paths are defined here. It builds
# nothing and uses no network; scriptlets of package managers are in packaging/FAMILY. Nothing that it installs needs Node.
#
# Usage: packaging/install.sh --destdir DIR [OPTION...]
#   --paths FAMILY        debian, fedora, arch or alpine: the directories and hooks of that family (debian)
#   --built DIR           the output of packaging/native/prepare.mjs (dist): the manual, the completions, the schemas
#   --native DIR          the native programs, vfio-names and vfio_id (dist/native)
#   --rules FILE          the rules (rules/70-vfio-names.rules)
#   --bindir, --datadir, --udevdir, --unitdir, --openrcdir, --runitdir, --s6dir, --mandir, --docdir, --licensedir, --bash,
#   --zsh, --fish DIR     replaces a directory of the family; '' omits its files
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
        --destdir | --paths | --built | --native | --rules | --bindir | --datadir | --udevdir | --unitdir | --openrcdir | \
            --runitdir | --s6dir | --mandir | --docdir | --licensedir | --bash | --zsh | --fish | --initramfs)
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
zsh=/usr/share/zsh/site-functions unitdir=/usr/lib/systemd/system openrcdir='' licensedir=/usr/share/licenses/vfio-names
case $(option paths debian) in
    debian) initramfs='initramfs-tools dracut' zsh=/usr/share/zsh/vendor-completions licensedir='' ;;
    fedora) initramfs=dracut ;;
    arch) initramfs='mkinitcpio dracut' ;;
    alpine) initramfs='' unitdir='' openrcdir=/etc/init.d ;;
    *) die "expected --paths debian, fedora, arch or alpine, found $(option paths '')" ;;
esac
dest=$(option destdir '') built=$(option built dist) native=$(option native dist/native)
bindir=$(option bindir /usr/bin) udevdir=$(option udevdir /usr/lib/udev) unitdir=$(option unitdir "$unitdir")
datadir=$(option datadir /usr/share) mandir=$(option mandir /usr/share/man)
docdir=$(option docdir /usr/share/doc/vfio-names) licensedir=$(option licensedir "$licensedir")
[[ $dest == /* ]] || die "expected --destdir and an absolute path, found '$dest'"

# put MODE FILE PATH: installs FILE as PATH in the package; does nothing if the family has no such directory.
put() {
    [[ $3 == /* ]] || return 0
    [[ -f $2 ]] || die "expected $2, found none; npm run build makes dist, npm run build:native makes dist/native"
    install -D -m "$1" "$2" "$dest$3"
}

# service MODE FILE PATH: the same for a file that runs the program, which may be in another directory.
service() {
    put "$@"
    [[ $3 != /* || -z $bindir || $bindir == /usr/bin ]] || sed -i "s|/usr/bin/vfio-names|$bindir/vfio-names|g" "$dest$3"
}

# below DIRECTORY NAME: prints the path, or nothing if DIRECTORY is empty.
below() { echo "${1:+$1/$2}"; }

# pages SECTION NAME...: installs man pages.
pages() {
    local section=$1 name
    shift
    for name; do put 644 "$built/man/$name.$section" "$(below "$mandir" "man$section/$name.$section")"; done
}

umask 022
put 755 "$native/vfio-names" "$(below "$bindir" vfio-names)"
put 755 "$native/vfio_id" "$(below "$udevdir" vfio_id)"
put 644 "$(option rules rules/70-vfio-names.rules)" "$(below "$udevdir" rules.d/70-vfio-names.rules)"
for tool in $(option initramfs "$initramfs"); do
    from=packaging/initramfs/$tool
    case $tool in
        initramfs-tools)
            service 755 "$from/vfio-names" "/usr/share/$tool/hooks/vfio-names"
            service 755 "$from/before-udev-vfio-names" "/usr/share/$tool/scripts/init-top/before-udev-vfio-names"
            ;;
        dracut)
            for file in module-setup bind; do service 755 "$from/$file.sh" "/usr/lib/$tool/modules.d/75vfio-names/$file.sh"; done
            ;;
        mkinitcpio)
            service 644 "$from/vfio-names" /usr/lib/initcpio/install/vfio-names
            service 644 "$from/vfio-names.hook" /usr/lib/initcpio/hooks/vfio-names
            ;;
        *) die "expected initramfs-tools, dracut or mkinitcpio, found $tool" ;;
    esac
done
for file in vfio-names vfio-names-bind; do
    service 644 "packaging/systemd/$file.service" "$(below "$unitdir" "$file.service")"
done
if [[ -n $unitdir ]]; then
    # It does nothing before the administrator has installed rules for drivers, so nobody needs to enable it.
    install -d -m 755 "$dest$unitdir/systemd-udev-trigger.service.wants"
    ln -sfn ../vfio-names-bind.service "$dest$unitdir/systemd-udev-trigger.service.wants/vfio-names-bind.service"
fi
service 755 packaging/openrc/vfio-names "$(below "$(option openrcdir "$openrcdir")" vfio-names)"
openrcdir=$(option openrcdir "$openrcdir")
put 644 packaging/openrc/vfio-names.confd "$(below "${openrcdir:+${openrcdir%/*}/conf.d}" vfio-names)"
service 755 packaging/runit/run "$(below "$(option runitdir '')" vfio-names/run)"
service 755 packaging/s6/run "$(below "$(option s6dir '')" vfio-names/run)"
for file in access cdi; do
    [[ -z $unitdir ]] || service 644 "packaging/systemd/$file.conf" "$(below "$docdir" "examples/$file.conf")"
done
pages 1 vfio-names
pages 5 vfio-names.toml
pages 8 vfio-names.service vfio_id
put 644 "$built/completions/vfio-names.bash" "$(below "$(option bash /usr/share/bash-completion/completions)" vfio-names)"
put 644 "$built/completions/_vfio-names" "$(below "$(option zsh "$zsh")" _vfio-names)"
put 644 "$built/completions/vfio-names.fish" "$(below "$(option fish /usr/share/fish/vendor_completions.d)" vfio-names.fish)"
for file in "$built"/schemas/*.json; do put 644 "$file" "$(below "$datadir" "vfio-names/schemas/${file##*/}")"; done
put 644 LICENSE "$(below "$licensedir" LICENSE)"
put 644 packaging/native/LICENSE.quickjs "$(below "$licensedir" LICENSE.quickjs)"
[[ -z $licensedir ]] || put 644 "$native/licenses.txt" "$licensedir/licenses.txt"
# The directory of the administrator's policy.
install -d -m 755 "$dest/etc/vfio-names"

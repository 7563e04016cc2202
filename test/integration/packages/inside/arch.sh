#!/bin/bash
# usage: arch.sh VERSION: installs, upgrades and removes the Arch Linux package without udev and without Node; needs /packages and /test.
set -uo pipefail
cd / && . /test/lib.sh && . /test/inside/program.sh
version=$1
shopt -s nullglob
# Without a list of mounts pacman cannot check the free space.
sed -i '/^CheckSpace/d' /etc/pacman.conf
main=(/packages/vfio-names-*.pkg.tar.zst)

# all: prints all paths with type, mode and target, except data of pacman.
all() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /packages -o -path /test -o -path /root -o \
        -path /var/lib/pacman -o -path /var/cache -o -path /var/log \) -prune -o -printf '%p %y %m %l\n' | sort
}
# older NAME PATH...: builds the package NAME, version 0.0.1-1, with these paths in /tmp/repository, as it was when there were two.
older() {
    local name=$1 directory=/tmp/older/$1 path
    shift
    mkdir -p "$directory" /tmp/repository
    printf 'pkgname = %s\npkgver = 0.0.1-1\npkgdesc = older\narch = any\nsize = 0\n' "$name" > "$directory/.PKGINFO"
    for path; do mkdir -p "$directory/$(dirname "$path")" && touch "$directory/$path"; done
    [ "$name" != vfio-names ] || ln -s ../share/vfio-names/vfio-names.cjs "$directory/usr/bin/vfio-names"
    (cd "$directory" && bsdtar --uid 0 --gid 0 -caf "/tmp/repository/$name-0.0.1-1-any.pkg.tar.zst" .PKGINFO *)
}
older_packages() {
    older vfio-names usr/share/vfio-names/vfio-names.cjs usr/bin/.keep && older vfio-names-udev usr/lib/udev/rules.d/70-vfio-names.rules usr/lib/udev/vfio_id
}
# A repository with the new package; only there does pacman consider what a package replaces.
publish() {
    cp "${main[0]}" /tmp/repository && repo-add /tmp/repository/test.db.tar.gz "/tmp/repository/${main[0]##*/}" &&
        printf '[options]\nArchitecture = auto\nSigLevel = Never\n[test]\nServer = file:///tmp/repository\n' > /etc/pacman.conf
}
# pacman does not know the Debian packages that provide the dependencies, so the callers use -dd.
pacman_here() { pacman --noconfirm --noprogressbar --disable-sandbox "$@"; }
pkginfo() { bsdtar -xOf "$1" .PKGINFO; }

check "the Arch build has one package" same "${#main[@]}" 1
shellcheck_recipe() { shellcheck /packages/PKGBUILD && bash -n /packages/PKGBUILD; }
check "shellcheck reports nothing in the PKGBUILD" shellcheck_recipe
check "the PKGBUILD has the checksum of its tarball" \
    grep -q "^sha256sums=($(sha256sum < "/packages/vfio-names-$version.tar.gz" | cut -c 1-64))" /packages/PKGBUILD
check "the Arch package has the version of the checkout" same "$(pkginfo "${main[0]}" | sed -n 's/^pkgver = //p')" "$version-1"
check "the Arch package depends only on the C library" same "$(pkginfo "${main[0]}" | sed -n 's/^depend = //p')" glibc
check "every file of the Arch package belongs to root and has the release date" same \
    "$(zstd -dcq "${main[0]}" | tar --list --verbose --full-time | awk '{ print $2, $4, $5 }' | sort -u | wc -l)" 1

# files: the package contains the files of the Debian package at Arch's paths.
files() {
    sed -E -e '/lintian/d' -e 's|vendor-completions|site-functions|' \
        -e 's|usr/share/doc/vfio-names/.*|usr/share/doc/vfio-names/examples/(access\|cdi)\\.conf|' \
        -e 's|usr/share/initramfs-tools/hooks|usr/lib/initcpio/install|; s|usr/share/initramfs-tools/scripts/init-top/before-udev-|usr/lib/initcpio/hooks/|' /test/vfio-names.files > /tmp/files
    echo "usr/share/licenses/vfio-names/(LICENSE(\.quickjs)?|licenses\.txt)" >> /tmp/files
    bsdtar -tf "${main[0]}" | grep -v -e '/$' -e '^\.' | listed /tmp/files
}
check "the Arch package contains exactly the listed files" files

check "older versions of both Arch packages are built" older_packages
check "the repository has the new package" publish
all > /tmp/before
check "pacman installs both older packages" pacman_here -Udd /tmp/repository/*-0.0.1-*.zst
mkdir -p /etc/vfio-names
printf '[names]\nby-tag = true\n' > /etc/vfio-names/10-mine.toml
check "pacman upgrades both packages to one" pacman_here -Syudd
check "the upgrade removes the older udev package on Arch" same "$(pacman -Qq | grep vfio)" vfio-names
check "the upgrade leaves no file for Node on Arch" same "$(find /usr/share/vfio-names -name '*.cjs')" ""
check "the upgrade keeps the admin's policy on Arch" same "$(cat /etc/vfio-names/10-mine.toml)" $'[names]\nby-tag = true'
check "pacman -Qkk reports no changed files" pacman -Qkk vfio-names

program_works Arch "$version"
check "rules install writes the rules of the policy on Arch" vfio-names rules install
check "pacman installs the package again" pacman_here -Udd "${main[0]}"
check "another installation keeps the rules of the policy on Arch" vfio-names rules check
mapfile -t files < <(pacman -Qql vfio-names | grep -v '/$')
check "no file of the Arch package mentions a registry, the build directory or its user" \
    not grep -lE 'registry\.|/build/|/root/|/home/' "${files[@]}"

check "pacman removes the package" pacman_here -Rdd vfio-names
check "the removal keeps the admin's policy and rules on Arch" \
    test -e /etc/vfio-names/10-mine.toml -a -e /etc/udev/rules.d/70-vfio-names.rules
rm -r /etc/vfio-names /etc/udev
all > /tmp/after
check "the removal of the Arch package leaves no other files" diff /tmp/before /tmp/after

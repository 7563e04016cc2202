#!/bin/bash
# usage: arch.sh VERSION: installs, upgrades and removes the Arch Linux packages without udev; needs /packages and /test.
set -uo pipefail
cd / && . /test/lib.sh
version=$1
shopt -s nullglob
# Without a list of mounts pacman cannot check the free space.
sed -i '/^CheckSpace/d' /etc/pacman.conf
udev=(/packages/vfio-names-udev-*.pkg.tar.zst) main=(/packages/vfio-names-[0-9]*.pkg.tar.zst)

# all: prints all paths with type, mode and target, except data of pacman.
all() {
    find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /packages -o -path /test -o -path /root -o \
        -path /var/lib/pacman -o -path /var/cache -o -path /var/log \) -prune -o -printf '%p %y %m %l\n' | sort
}
# older NAME PACKAGE: builds the package with version 0.0.1-1 in /tmp/older.
older() {
    local directory=/tmp/older/$1
    mkdir -p "$directory"
    bsdtar -xf "$2" -C "$directory" && rm "$directory/.MTREE" &&
        sed -i 's/^pkgver = .*/pkgver = 0.0.1-1/' "$directory/.PKGINFO" &&
        (cd "$directory" && bsdtar --uid 0 --gid 0 -caf "$directory.pkg.tar.zst" .PKGINFO *)
}
# pacman does not know the Debian packages that provide the dependencies, so the callers use -dd.
pacman_here() { pacman --noconfirm --noprogressbar --disable-sandbox "$@"; }
pkginfo() { bsdtar -xOf "$1" .PKGINFO; }

check "the Arch build has two packages" same "${#udev[@]} ${#main[@]}" "1 1"
shellcheck_recipe() { shellcheck /packages/PKGBUILD && bash -n /packages/PKGBUILD; }
check "shellcheck reports nothing in the PKGBUILD" shellcheck_recipe
check "the PKGBUILD has the checksum of its tarball" \
    grep -q "^sha256sums=($(sha256sum < "/packages/vfio-names-$version.tar.gz" | cut -c 1-64))" /packages/PKGBUILD
check "the Arch packages have the version of the checkout" \
    same "$(for file in "${udev[@]}" "${main[@]}"; do pkginfo "$file" | sed -n 's/^pkgver = //p'; done)" "$version-1"$'\n'"$version-1"
check "the Arch udev package does not depend on Node" not grep -q '^depend = nodejs' <<< "$(pkginfo "${udev[0]}")"
check "the Arch main package depends on a minimum version of Node" grep -q '^depend = nodejs>=20' <<< "$(pkginfo "${main[0]}")"
check "every file of the Arch packages belongs to root and has the release date" same \
    "$(for file in "${udev[@]}" "${main[@]}"; do zstd -dcq "$file" | tar --list --verbose --full-time | awk '{ print $2, $4, $5 }'; done | sort -u | wc -l)" 1

# files PACKAGE FILE: the package contains the files of the Debian package at Arch's paths.
files() {
    sed -E -e '/lintian/d' -e 's|usr/lib/\[a-z0-9_-\]\+/|usr/lib/|; s|vendor-completions|site-functions|' \
        -e 's|usr/share/doc/vfio-names/.*|usr/share/doc/vfio-names/examples/(access\|cdi)\\.conf|; /usr\/share\/doc\/vfio-names-udev/d' \
        -e 's|usr/share/initramfs-tools/hooks|usr/lib/initcpio/install|' "/test/$1.files" > /tmp/files
    echo "usr/share/licenses/$1/(LICENSE(\.quickjs)?|licenses\.txt)" >> /tmp/files
    bsdtar -tf "$2" | grep -v -e '/$' -e '^\.' | listed /tmp/files
}
check "the Arch udev package contains exactly the listed files" files vfio-names-udev "${udev[0]}"
check "the Arch main package contains exactly the listed files" files vfio-names "${main[0]}"

fake_machine /tmp/machine
all > /tmp/before
older_packages() { older udev "${udev[0]}" && older main "${main[0]}"; }
check "older versions of the Arch packages are built" older_packages
check "pacman installs the packages without udev" pacman_here -Udd /tmp/older/*.zst
printf '[names]\nby-tag = true\n' > /etc/vfio-names/10-mine.toml
check "rules install writes the rules of the policy on Arch" vfio-names rules install
rules=$(cat /etc/udev/rules.d/70-vfio-names.rules)
check "pacman upgrades both packages" pacman_here -Udd "${udev[@]}" "${main[@]}"
check "the upgrade keeps the admin's policy on Arch" same "$(cat /etc/vfio-names/10-mine.toml)" $'[names]\nby-tag = true'
check "the upgrade keeps the rules of the policy on Arch" same "$(cat /etc/udev/rules.d/70-vfio-names.rules)" "$rules"
check "pacman -Qkk reports no changed files" pacman -Qkk vfio-names vfio-names-udev
check "the Arch package lists a device with its link" shows 'pci/0000:00:04.0' vfio-names list --root /tmp/machine
check "the Arch package runs doctor" shows kernel vfio-names doctor
check "koffi of the Arch package can be loaded" node -e 'require("/usr/share/vfio-names/node_modules/koffi").load("libc.so.6")'
check "the native vfio_id of the Arch package runs" shows "$version" /usr/lib/udev/vfio_id --version
check "ExecStart of the unit is the installed program on Arch" \
    test -e "$(sed -n 's/^ExecStart=.* \(\/.*\.cjs\) watch$/\1/p' /usr/lib/systemd/system/vfio-names.service)"
check "man finds the manual of the Arch package" shows 'vfio-names.service(8)' man -P cat vfio-names.service
mapfile -t files < <(pacman -Qql vfio-names vfio-names-udev | grep -v '/$')
check "no file of the Arch packages mentions a registry, the build directory or its user" \
    not grep -lE 'registry\.|/build/|/root/|/home/' "${files[@]}"

check "pacman removes both packages" pacman_here -Rdd vfio-names vfio-names-udev
check "the removal keeps the admin's policy and rules on Arch" \
    test -e /etc/vfio-names/10-mine.toml -a -e /etc/udev/rules.d/70-vfio-names.rules
rm -r /etc/vfio-names /etc/udev
all > /tmp/after
check "the removal of the Arch packages leaves no other files" diff /tmp/before /tmp/after

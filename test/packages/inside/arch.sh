#!/bin/bash
# The life of the packages for Arch Linux where no udev runs: arch.sh VERSION, with /packages and /test.
set -uo pipefail
cd / && . /test/lib.sh
version=$1
shopt -s nullglob
# There is no list of mounts whose space could be looked at.
sed -i '/^CheckSpace/d' /etc/pacman.conf
udev=(/packages/vfio-names-udev-*.pkg.tar.zst) main=(/packages/vfio-names-[0-9]*.pkg.tar.zst)

# What there is: paths with kind, mode and target; without the notes of pacman.
all() {
    find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /packages -o -path /test -o -path /root -o \
        -path /var/lib/pacman -o -path /var/cache -o -path /var/log \) -prune -o -printf '%p %y %m %l\n' | sort
}
# older PACKAGE: prints the path of the same one as version 0.0.1-1.
older() {
    local directory=/tmp/older/$1
    mkdir -p "$directory"
    bsdtar -xf "$2" -C "$directory" && rm "$directory/.MTREE" &&
        sed -i 's/^pkgver = .*/pkgver = 0.0.1-1/' "$directory/.PKGINFO" &&
        (cd "$directory" && bsdtar --uid 0 --gid 0 -caf "$directory.pkg.tar.zst" .PKGINFO *)
}
# No dependency is looked for: what is there has the names of Debian.
pacman_here() { pacman --noconfirm --noprogressbar --disable-sandbox "$@"; }
says() { bsdtar -xOf "$1" .PKGINFO; }

check "there are two packages for Arch" same "${#udev[@]} ${#main[@]}" "1 1"
shellcheck_recipe() { shellcheck /packages/PKGBUILD && bash -n /packages/PKGBUILD; }
check "shellcheck finds nothing in the PKGBUILD" shellcheck_recipe
check "the PKGBUILD knows its tarball" \
    grep -q "^sha256sums=($(sha256sum < "/packages/vfio-names-$version.tar.gz" | cut -c 1-64))" /packages/PKGBUILD
check "they are of the version of the checkout" \
    same "$(for file in "${udev[@]}" "${main[@]}"; do says "$file" | sed -n 's/^pkgver = //p'; done)" "$version-1"$'\n'"$version-1"
check "the udev package needs no Node" not grep -q '^depend = nodejs' <<< "$(says "${udev[0]}")"
check "the main package needs Node and says which" grep -q '^depend = nodejs>=20' <<< "$(says "${main[0]}")"
check "every file is root's and has the date of the release" same \
    "$(for file in "${udev[@]}" "${main[@]}"; do zstd -dcq "$file" | tar --list --verbose --full-time | awk '{ print $2, $4, $5 }'; done | sort -u | wc -l)" 1

# files PACKAGE FILE: the files of a package are those that Debian has, each in Arch's place.
files() {
    sed -E -e '/lintian/d' -e 's|usr/lib/\[a-z0-9_-\]\+/|usr/lib/|; s|vendor-completions|site-functions|' \
        -e 's|usr/share/doc/vfio-names/.*|usr/share/doc/vfio-names/examples/(access\|cdi)\\.conf|; /usr\/share\/doc\/vfio-names-udev/d' \
        -e 's|usr/share/initramfs-tools/hooks|usr/lib/initcpio/install|' "/test/$1.files" > /tmp/files
    echo "usr/share/licenses/$1/(LICENSE(\.quickjs)?|licenses\.txt)" >> /tmp/files
    bsdtar -tf "$2" | grep -v -e '/$' -e '^\.' | listed /tmp/files
}
check "the udev package has its files and no other" files vfio-names-udev "${udev[0]}"
check "the main package has its files and no other" files vfio-names "${main[0]}"

fake_machine /tmp/machine
all > /tmp/before
older_packages() { older udev "${udev[0]}" && older main "${main[0]}"; }
check "older packages are made" older_packages
check "without udev the Arch packages are installed" pacman_here -Udd /tmp/older/*.zst
printf '[names]\nby-tag = true\n' > /etc/vfio-names/10-mine.toml
check "the policy becomes rules" vfio-names rules install
rules=$(cat /etc/udev/rules.d/70-vfio-names.rules)
check "both are upgraded" pacman_here -Udd "${udev[@]}" "${main[@]}"
check "the admin's policy is as it was" same "$(cat /etc/vfio-names/10-mine.toml)" $'[names]\nby-tag = true'
check "and so are its rules" same "$(cat /etc/udev/rules.d/70-vfio-names.rules)" "$rules"
check "every file is as the Arch packages have it" pacman -Qkk vfio-names vfio-names-udev
check "list shows a device with its name" shows 'pci/0000:00:04.0  vfio0' vfio-names list --root /tmp/machine
check "doctor runs" shows kernel vfio-names doctor
check "koffi is found beside the programs" node -e 'require("/usr/share/vfio-names/node_modules/koffi").load("libc.so.6")'
check "vfio_id is a native program and runs" shows "$version" /usr/lib/udev/vfio_id --version
check "the service's program is the installed one" \
    test -e "$(sed -n 's/^ExecStart=.* \(\/.*\.cjs\) watch$/\1/p' /usr/lib/systemd/system/vfio-names.service)"
check "the manual is found" shows 'vfio-names.service(8)' man -P cat vfio-names.service
mapfile -t files < <(pacman -Qql vfio-names vfio-names-udev | grep -v '/$')
check "no file names a registry, the build's directory or its user" \
    not grep -lE 'registry\.|/build/|/root/|/home/' "${files[@]}"

check "both are removed" pacman_here -Rdd vfio-names vfio-names-udev
check "the admin's policy and rules are still there" \
    test -e /etc/vfio-names/10-mine.toml -a -e /etc/udev/rules.d/70-vfio-names.rules
rm -r /etc/vfio-names /etc/udev
all > /tmp/after
check "nothing else of the Arch packages is left" diff /tmp/before /tmp/after

# shellcheck shell=bash disable=SC2034
# Debian 13's packages of the package tools of other distributions; sets $tools to the directory.
# Sourced with the checkout as working directory, as root.
. packaging/debian/chroot.sh

tools=binutils,debugedit,fakeroot,file,gcc,libarchive-tools,libc6-dev,libquickjs,makepkg,man-db
tools+=,pacman-package-manager,quickjs,rpm,rpmlint,shellcheck,zstd
tools=$(debian_chroot "$tools") || exit 1

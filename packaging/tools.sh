# shellcheck shell=bash disable=SC2034
# The package tools of other distributions and their service managers, as Debian 13 has them: $tools is the directory.
# Sourced with the checkout as working directory, as root. Knows nothing of what is built there.
. packaging/debian/chroot.sh

tools=binutils,busybox-static,debugedit,fakeroot,file,gcc,libarchive-tools,libc6-dev,libquickjs,makepkg,man-db,nodejs
tools+=,openrc,pacman-package-manager,quickjs,rpm,rpmlint,runit,s6,shellcheck,zstd
tools=$(debian_chroot "$tools") || exit 1

#!/bin/busybox sh
# shellcheck shell=dash disable=SC1091,SC2034,SC2086,SC2116,SC2154 # the variables of an APKBUILD are word lists
# Runs an APKBUILD without abuild, as abuild(1) and APKBUILD(5) describe it: checks and unpacks it, runs build, check and
# package, and splits the packages. Does not create apk files, install dependencies or check signatures.
# usage: apkbuild.sh DIRECTORY WORK MACHINE
#   writes the files of each package to WORK/pkg/NAME, and its depends, install_if and arch to WORK/info/NAME
set -eu
startdir=$1 work=$2 CARCH=$3 CHOST=$3-alpine-linux-musl
srcdir=$work/src pkgbasedir=$work/pkg
depends='' install='' subpackages='' install_if=''

die() {
    echo "apkbuild.sh: $*" >&2
    exit 1
}

# amove PATH...: moves paths from the main package to the current subpackage.
amove() {
    local path
    for path; do
        [ -e "$pkgdir/$path" ] || [ -L "$pkgdir/$path" ] || die "$subpkgname: expected $path, found none"
        mkdir -p "$subpkgdir/$(dirname "$path")"
        mv "$pkgdir/$path" "$subpkgdir/$(dirname "$path")"
        (cd "$pkgdir" && rmdir -p "$(dirname "$path")" 2> /dev/null) || :
    done
}

# The default split functions of abuild.
doc() {
    local path
    depends='' install_if="docs $pkgname=$pkgver-r$pkgrel"
    for path in usr/share/doc usr/share/man usr/share/licenses; do
        [ ! -e "$pkgdir/$path" ] || amove "$path"
    done
    find "$subpkgdir/usr/share/man" -type f -exec gzip -n -9 {} +
    find "$subpkgdir/usr/share/man" -type l | while read -r path; do
        ln -s "$(readlink "$path").gz" "$path.gz"
        rm "$path"
    done
}
openrc() { depends='' install_if="openrc $pkgname=$pkgver-r$pkgrel" && amove etc/init.d && amove etc/conf.d; }
bashcomp() { depends='' install_if="bash-completion $pkgname=$pkgver-r$pkgrel" && amove usr/share/bash-completion/completions; }
zshcomp() { depends='' install_if="zsh $pkgname=$pkgver-r$pkgrel" && amove usr/share/zsh/site-functions; }
fishcomp() { depends='' install_if="fish $pkgname=$pkgver-r$pkgrel" && amove usr/share/fish/vendor_completions.d; }
check() { :; }

. "$startdir/APKBUILD"

# subpkg NAME[:FUNCTION[:ARCH]]: sets subpkgname, split and subarch.
subpkg() {
    local rest=${1#"${1%%:*}"}
    subpkgname=${1%%:*} split='' subarch=''
    case $rest in :*) split=${rest#:} && subarch=${split#"${split%%:*}"} && subarch=${subarch#:} && split=${split%%:*} ;; esac
    case $subpkgname in
        *-bash-completion) : "${split:=bashcomp}" ;;
        *-zsh-completion) : "${split:=zshcomp}" ;;
        *-fish-completion) : "${split:=fishcomp}" ;;
        *) : "${split:=${subpkgname##*-}}" ;;
    esac
    case $subpkgname in *-doc | *-openrc | *-completion) : "${subarch:=noarch}" ;; *) : "${subarch:=all}" ;; esac
}
is_function() { type "$1" 2> /dev/null | head -n 1 | grep -q function; }

for name in pkgname pkgver pkgrel pkgdesc url arch license source sha512sums; do
    eval "[ -n \"\${$name:-}\" ]" || die "expected $name, found none"
done
case $pkgrel in *[!0-9]*) die "expected a number as pkgrel, found $pkgrel" ;; esac
[ ${#pkgdesc} -lt 128 ] || die "pkgdesc is too long: ${#pkgdesc}"
grep -qE '^# Maintainer: [^<]+ <[^@]+@[^@]+>$' "$startdir/APKBUILD" || die "expected one maintainer with an address"
case " $arch " in *" $CARCH "* | *" all "*) ;; *) die "$CARCH is not in arch" ;; esac
for name in build package; do is_function $name || die "expected a function $name, found none"; done
for word in $subpackages; do
    subpkg "$word"
    is_function "$split" || die "expected a function $split, found none"
done
for file in $install; do
    case $file in
        *.pre-install | *.post-install | *.pre-upgrade | *.post-upgrade | *.pre-deinstall | *.post-deinstall) ;;
        *) die "expected the name of an install script, found $file" ;;
    esac
    echo " $pkgname $subpackages" | tr ':\n\t' '   ' | grep -q " ${file%.*} " || die "$file belongs to no package"
    head -n 1 "$startdir/$file" | grep -qx '#!/bin/sh' || die "expected #!/bin/sh in $file"
    sh -n "$startdir/$file"
done
for file in "$startdir"/*; do
    case " APKBUILD $(echo $source $install) " in *" ${file##*/} "*) ;; *) die "nothing names ${file##*/}" ;; esac
done
(cd "$startdir" && echo "$sha512sums" | sed '/^$/d' | sha512sum -c -) > /dev/null

mkdir -p "$srcdir" "$pkgbasedir" "$work/info"
for file in $source; do tar -xzf "$startdir/$file" -C "$srcdir"; done
builddir=${builddir:-$srcdir/$pkgname-$pkgver} pkgdir=$pkgbasedir/$pkgname
for step in build check package; do (cd "$builddir" && $step); done
note() { printf 'depends=%s\ninstall_if=%s\narch=%s\n' "$depends" "$install_if" "$2" > "$work/info/$1"; }
for word in $subpackages; do
    subpkg "$word"
    subpkgdir=$pkgbasedir/$subpkgname
    (
        install_if=''
        cd "$pkgdir"
        $split
        note "$subpkgname" "$subarch"
    )
done
note "$pkgname" "$CARCH"

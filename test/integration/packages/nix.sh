#!/bin/bash
# Tests packaging/nix with Debian's Nix, without nixpkgs: both files are evaluated with stubs in the place of what they use of
# it, and the script that renders the rules is run.
set -uo pipefail
. test/integration/packages/lib.sh
. packaging/debian/chroot.sh

nix=$(debian_chroot nix-bin) || exit 1
node packaging/npm/build.mjs || exit 1

# A package whose vfio-names is that of the checkout, and a policy.
mkdir -p "$work/package/bin" "$work/build"
printf '#!/bin/sh\nexec %q %q "$@"\n' "$(command -v node)" "$PWD/dist/vfio-names.cjs" > "$work/package/bin/vfio-names"
chmod 755 "$work/package/bin/vfio-names"
printf '[names]\nby-path = true\n\n[[bind]]\nmatch = { bus = "pci", vendor = "0x10de" }\ndriver = "vfio-pci"\n' > "$work/policy.toml"

cat > "$work/stubs.nix" <<'NIX'
rec {
  lib = {
    mkEnableOption = description: { inherit description; default = false; };
    mkOption = option: option;
    mkIf = condition: content: { inherit condition content; };
    literalExpression = text: text;
    types.package = "package";
    fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    licenses = { mit = "MIT"; bsd3 = "BSD-3-Clause"; };
    platforms.linux = [ "x86_64-linux" "aarch64-linux" ];
  };
  fetchurl = { url, hash }: url;
  stdenv.mkDerivation = make: let self = make self; in self;
  package = file: import file { inherit lib stdenv fetchurl; quickjs = "/quickjs"; };
  pkgs = {
    formats.toml = _: { type = "toml"; generate = name: value: "@policy@"; };
    runCommand = name: env: script: { inherit name script; };
    callPackage = file: _: package file;
  };
  module = file: import file {
    inherit lib pkgs;
    config.services.vfio-names = { package = "@package@"; settings = { }; enable = true; };
  };
}
NIX
# evaluate EXPRESSION: prints the value, which may use the stubs as s, without quotes.
evaluate() {
    debian_inside "$nix" --bind packaging/nix /nix-files --bind "$work" /work -- env NIX_CONFIG="build-users-group =" NIX_STATE_DIR=/tmp/nix NIX_STORE_DIR=/tmp/store \
        sh -c "nix-instantiate --eval --strict --json --expr 'let s = import /work/stubs.nix; in $1'" | node -e '
            const value = JSON.parse(require("fs").readFileSync(0, "utf8"));
            console.log(typeof value === "string" ? value : JSON.stringify(value));'
}

check "package.nix has the version of the checkout" same "$(evaluate '(s.package /nix-files/package.nix).version')" \
    "$(node -p 'require("./package.json").version')"
# As a build of package.nix does it, from the release tarball, with stubs in the place of the compiled programs.
install_package() {
    local phase
    phase=$(evaluate '(s.package /nix-files/package.nix).installPhase') && bash packaging/tarball.sh "$work" &&
        tar --extract --directory "$work" --file "$work"/vfio-names-*.tar.gz && cd "$work"/vfio-names-*/ || return
    for name in vfio-names vfio_id; do printf '#!/bin/sh\n' > "dist/native/$name"; done
    runHook() { :; }
    substituteInPlace() { sed -i "s|$3|$4|g" "$1"; }
    export -f runHook substituteInPlace
    out=$work/installed bash -euo pipefail -c "$phase"
}
check "package.nix installs the files of the release tarball below its own directory" install_package
check "package.nix installs nothing outside of bin, lib and share" same "$(ls "$work/installed")" $'bin\nlib\nshare'
check "the rules of package.nix call vfio_id of the package" \
    grep -q "\"$work/installed/lib/udev/vfio_id" "$work/installed/lib/udev/rules.d/70-vfio-names.rules"
check "module.nix gives udev the rules of the policy" same \
    "$(evaluate '(builtins.head (s.module /nix-files/module.nix).config.content.services.udev.packages).name')" vfio-names-rules
check "module.nix copies the policy, with a mode of its own" same \
    "$(evaluate '(s.module /nix-files/module.nix).config.content.environment.etc."vfio-names/nixos.toml"')" \
    '{"mode":"0644","source":"@policy@"}'

script=$(evaluate '(builtins.head (s.module /nix-files/module.nix).config.content.services.udev.packages).script')
script=${script//@package@/$work/package}
script=${script//@policy@/$work/policy.toml}
# render POLICY: runs the script as a build does; the text of the policy replaces the policy.
render() {
    rm -rf "$work/out" "$work/build" && mkdir "$work/build" &&
        (cd "$work/build" && out=$work/out bash -euo pipefail -c "$script")
}
check "the script of module.nix renders the rules" render
check "the rules call vfio_id of the package" grep -q "$work/package/lib/udev/vfio_id" "$work/out/lib/udev/rules.d/70-vfio-names.rules"
check "the rules call no vfio_id in /usr" not grep -rq '"/usr/lib/udev/vfio_id\|[^e]/usr/lib/udev' "$work/out"
check "the rules of [[bind]] have a file of their own" test -s "$work/out/lib/udev/rules.d/60-vfio-names-bind.rules"
echo 'names = "wrong"' > "$work/policy.toml"
check "an error in the policy fails the build" not render

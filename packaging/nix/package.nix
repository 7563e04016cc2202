# The native programs, from the release tarball (packaging/tarball.sh), as callPackage takes it.
{
  lib,
  stdenv,
  fetchurl,
  quickjs,
}:

stdenv.mkDerivation (finalAttrs: {
  pname = "vfio-names";
  version = "0.1.0";

  src = fetchurl {
    url = "https://github.com/OWNER/vfio-names/releases/download/v${finalAttrs.version}/vfio-names-${finalAttrs.version}.tar.gz";
    # From SHA256SUMS of the release.
    hash = lib.fakeHash;
  };

  nativeBuildInputs = [ quickjs ];
  env.QUICKJS = quickjs;

  buildPhase = ''
    runHook preBuild
    bash packaging/native/compile.sh dist/native
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    bash packaging/install.sh --destdir "$out" --bindir /bin --datadir /share --udevdir /lib/udev --unitdir "" \
      --mandir /share/man --docdir /share/doc/vfio-names --licensedir /share/licenses/vfio-names --initramfs "" \
      --bash /share/bash-completion/completions --zsh /share/zsh/site-functions --fish /share/fish/vendor_completions.d
    # The policy belongs to the system, not to the package.
    rm -r "$out/etc"
    substituteInPlace "$out/lib/udev/rules.d/70-vfio-names.rules" --replace-fail /usr/lib/udev/vfio_id "$out/lib/udev/vfio_id"
    runHook postInstall
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    "$out/bin/vfio-names" --version
    "$out/lib/udev/vfio_id" --version
  '';

  meta = {
    description = "Stable, checked names for VFIO device nodes";
    homepage = "https://vfio-names.dev";
    license = with lib.licenses; [
      mit
      bsd3
    ];
    mainProgram = "vfio-names";
    platforms = lib.platforms.linux;
  };
})

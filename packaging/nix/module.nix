# A NixOS module. The rules of the policy are rendered while the system is built, and an error in the policy fails the build:
#
#     imports = [ ./vfio-names/packaging/nix/module.nix ];
#     services.vfio-names = {
#       enable = true;
#       settings.names.by-alias.gpu = { name = "0000:01:00.0"; };
#       settings.access = [ { match = { driver = "vfio-pci"; }; group = "kvm"; mode = "0660"; } ];
#     };
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.services.vfio-names;
  format = pkgs.formats.toml { };
  policy = format.generate "vfio-names.toml" cfg.settings;

  # The rules call vfio_id by the path that it has on other distributions.
  rules = pkgs.runCommand "vfio-names-rules" { } ''
    mkdir -p "$out/lib/udev/rules.d" empty
    render() {
      ${cfg.package}/bin/vfio-names rules render --root "$PWD/empty" --policy ${policy} "$@" > text
      sed 's#/usr/lib/udev/vfio_id#${cfg.package}/lib/udev/vfio_id#g' text
    }
    ${cfg.package}/bin/vfio-names config check --root "$PWD/empty" ${policy}
    render > "$out/lib/udev/rules.d/70-vfio-names.rules"
    render --bind > bind
    [ ! -s bind ] || cp bind "$out/lib/udev/rules.d/60-vfio-names-bind.rules"
  '';
in
{
  options.services.vfio-names = {
    enable = lib.mkEnableOption "stable names for VFIO device nodes";

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
      description = "The package with vfio-names and vfio_id.";
    };

    settings = lib.mkOption {
      inherit (format) type;
      default = { };
      description = "The policy, as in {manpage}`vfio-names.toml(5)`.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];

    services.udev.packages = [ rules ];

    # A copy, not a link into the store: a directory on the way to a policy must not be writable by a group.
    environment.etc."vfio-names/nixos.toml" = {
      source = policy;
      mode = "0644";
    };
  };
}

# Functions for scenarios that use vfio_id; sourced after lib.sh.

helper=/usr/lib/udev/vfio_id

# writable DIRECTORY: mounts an overlay with its upper layer in memory, because the guest's root is read-only.
writable() {
  local layer=/tmp/layer${1//\//-}
  mkdir -p "$layer/upper" "$layer/work" &&
    mount -t overlay -o "lowerdir=$1,upperdir=$layer/upper,workdir=$layer/work" overlay "$1"
}

# install_native, install_node: install vfio_id where the rules expect it. Node needs --jitless in udevd's sandbox.
install_native() { install -m 755 /project/dist/native/vfio_id $helper; }
# install_logging: installs the native build with stderr in a file, because udevd does not pass it on.
install_logging() {
  printf '#!/bin/sh\nexec /project/dist/native/vfio_id "$@" 2>>/run/vfio_id.log\n' >$helper && chmod 755 $helper
}
install_node() {
  printf '#!/bin/sh\nexec /usr/bin/node %s /project/dist/vfio_id.cjs "$@"\n' "${1---jitless}" >$helper.new
  chmod 755 $helper.new && mv $helper.new $helper
}

# rules_via VIA [POLICY]: installs the policy's rules, rendered by the program, and reloads udevd.
rules_via() {
  vfio_names rules render --via "$1" ${2:+--policy "$2"} >/run/rules.new &&
    mv /run/rules.new /run/udev/rules.d/70-vfio-names.rules &&
    reload_rules
}

# links: every link below /dev/vfio with its target.
links() { find /dev/vfio -type l -printf '%P %l\n' | sort; }

# link_count NUMBER [DIRECTORY]
link_count() { same "$(find "/dev/vfio/${2-}" -type l 2>/dev/null | wc -l)" "$1"; }

# no_dangling_links: every link below /dev/vfio points to an existing node.
no_dangling_links() {
  local link bad=0
  while read -r link; do
    [[ -c $link ]] || { echo "$link is dangling" && bad=1; }
  done < <(find /dev/vfio -type l)
  return $bad
}

# Functions for the scenarios of vfio_id; sourced after lib.sh.

helper=/usr/lib/udev/vfio_id

# writable DIRECTORY: the guest's root is read-only; what is written there now lies in memory.
writable() {
  local layer=/tmp/layer${1//\//-}
  mkdir -p "$layer/upper" "$layer/work" &&
    mount -t overlay -o "lowerdir=$1,upperdir=$layer/upper,workdir=$layer/work" overlay "$1"
}

# install_native, install_node: vfio_id where the rules look for it. Node needs --jitless in udevd's sandbox.
install_native() { install -m 755 /project/dist/vfio_id $helper; }
# install_heard: the native one, with its complaints in a file, since udevd keeps them to itself.
install_heard() {
  printf '#!/bin/sh\nexec /project/dist/vfio_id "$@" 2>>/run/vfio_id.log\n' >$helper && chmod 755 $helper
}
install_node() {
  printf '#!/bin/sh\nexec /usr/bin/node %s /project/dist/vfio_id.cjs "$@"\n' "${1---jitless}" >$helper.new
  chmod 755 $helper.new && mv $helper.new $helper
}

# rules_via WAY [POLICY]: give udevd the rules of the policy, made by the program.
rules_via() {
  vfio_names rules render --via "$1" ${2:+--policy "$2"} >/run/rules.new &&
    mv /run/rules.new /run/udev/rules.d/70-vfio-names.rules &&
    udevadm control --reload
}

# links: every link below /dev/vfio with its target.
links() { find /dev/vfio -type l -printf '%P %l\n' | sort; }

# link_count NUMBER [DIRECTORY]
link_count() { same "$(find "/dev/vfio/${2-}" -type l 2>/dev/null | wc -l)" "$1"; }

# all_true: every link below /dev/vfio leads to a node that is there, and every bound PCI function has its name.
all_true() {
  local link bad=0
  while read -r link; do
    [[ -c $link ]] || { echo "$link leads nowhere" && bad=1; }
  done < <(find /dev/vfio -type l)
  return $bad
}

# With access.conf the service gives nodes and /dev/iommu to whom the policy says, at each bind anew,
# and without it says that it may not.
# kernels: both
# devices: one
# init: systemd
# rules: no
# timeout: 900

address=0000:00:04.0
soon=60
. /project/test/vm/guest/watch.sh

# access PATH: owner, group and mode.
access() { stat -L -c '%U:%G %a' "$1"; }
open_to_kvm() { same "$(access "$1")" "root:kvm 660"; }
node() { echo "/dev/vfio/devices/$(vfio_of $pci/$address)"; }

check "udevd ends" end_udev
mkdir -p /run/vfio-names
printf '[[access]]\nmatch = { bus = "pci" }\ngroup = "kvm"\n' >/run/vfio-names/10.toml
bind $address
check "the kernel gives the node to root alone" same "$(access "$(node)")" "root:root 600"
chmod 600 /dev/iommu

install_unit
check "without access.conf the service starts" systemctl start $unit
check "the name is there all the same" true_pci $address
check "the node stays root's" same "$(access "$(node)")" "root:root 600"
check "it tells that it may not" has StatusText "1 device, 1 name, 1 finding"
systemctl stop $unit

install_unit /project/packaging/systemd/access.conf
check "with access.conf it starts" systemctl start $unit
check "the node is open to the group" open_to_kvm "$(node)"
check "and so is /dev/iommu" open_to_kvm /dev/iommu
check "it has these two capabilities and no other" \
  same "$(capsh --decode="$(awk '/^CapEff/ { print $2 }' "/proc/$(show MainPID)/status")" | cut -d= -f2)" \
  cap_chown,cap_fowner

unbind $address
bind $address
check "a node that comes later is open to the group soon" until_true $soon open_to_kvm "$(node)"
check "and the name is true" true_pci $address
check "stop" systemctl stop $unit
journalctl -b --no-pager -u $unit 2>/dev/null | tail -n 15 | sed 's/^/# /'

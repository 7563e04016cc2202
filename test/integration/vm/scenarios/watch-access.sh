# With access.conf the service sets owner and mode of nodes and /dev/iommu as the policy says, after each bind; without it
# the service reports that it is not permitted.
# kernels: both
# devices: one
# init: systemd
# rules: no
# timeout: 900

address=0000:00:04.0
soon=60
. /project/test/integration/vm/guest/watch.sh

# access PATH: owner, group and mode.
access() { stat -L -c '%U:%G %a' "$1"; }
open_to_kvm() { same "$(access "$1")" "root:kvm 660"; }
node() { echo "/dev/vfio/devices/$(vfio_of $pci/$address)"; }

check "udevd ends" end_udev
mkdir -p /run/vfio-names
printf '[[access]]\nmatch = { bus = "pci" }\ngroup = "kvm"\n' >/run/vfio-names/10.toml
bind $address
check "the kernel creates the node with owner root:root and mode 0600" same "$(access "$(node)")" "root:root 600"
chmod 600 /dev/iommu

install_unit
check "the service starts without access.conf" systemctl start $unit
check "the service creates the link without access.conf" pci_links_correct $address
check "the service does not change the node without access.conf" same "$(access "$(node)")" "root:root 600"
check "the service reports a finding without access.conf" has StatusText "1 device, 1 name, 1 finding"
systemctl stop $unit

install_unit /project/packaging/systemd/access.conf
check "the service starts with access.conf" systemctl start $unit
check "the node has the group and the mode of the policy" open_to_kvm "$(node)"
check "/dev/iommu has the group and the mode of the policy" open_to_kvm /dev/iommu
check "the service has only CAP_CHOWN and CAP_FOWNER" \
  same "$(capsh --decode="$(awk '/^CapEff/ { print $2 }' "/proc/$(show MainPID)/status")" | cut -d= -f2)" \
  cap_chown,cap_fowner

unbind $address
bind $address
check "the service sets the group and the mode of a node created later" until_true $soon open_to_kvm "$(node)"
check "the link is correct after the second bind" pci_links_correct $address
check "stop" systemctl stop $unit
journalctl -b --no-pager -u $unit 2>/dev/null | tail -n 15 | sed 's/^/# /'

# Both builds of vfio_id work in the sandbox of systemd-udevd.service: no signal terminates them.
# kernels: both
# devices: one
# init: systemd

. /project/test/integration/vm/guest/helper.sh
address=0000:00:04.0

property() { udevadm info -q property /dev/vfio/devices/vfio0 | sed -n "s/^$1=//p"; }
# deaths: messages of udevd or the kernel about a helper that was killed.
deaths() { { dmesg; journalctl -b --no-pager 2>/dev/null; } | grep -E "terminated by signal|traps:|SIGTRAP|SIGSYS|audit.*seccomp"; }

check "systemd-udevd.service has MemoryDenyWriteExecute" \
  same "$(systemctl show -P MemoryDenyWriteExecute systemd-udevd.service)" yes
check "/usr/lib/udev is writable" writable /usr/lib/udev
cat >/tmp/policy.toml <<'POLICY'
scheme = 1
[names]
by-path = true
by-group = true
[[link]]
match = { bus = "pci", not = { group = "9999" } }
name = "by-x/{{path}}"
POLICY
check "install rules that call vfio_id for every link" rules_via import /tmp/policy.toml

for build in native node; do
  check "$build: install vfio_id" install_$build
  check "$build: bind" bind $address
  check "$build: the event ends" udevadm settle --timeout=120
  check "$build: the default link is correct" pci_links_correct $address
  check "$build: the links by path and group exist" \
    same "$(cd /dev/vfio && echo by-*/*)" "by-group/$(basename "$(readlink $pci/$address/iommu_group)") by-path/pci0000_00-04.0 by-x/pci0000_00-04.0"
  check "$build: the group is in udev's database" \
    same "$(property ID_VFIO_GROUP)" "$(basename "$(readlink $pci/$address/iommu_group)")"
  check "$build: no helper was killed" not deaths
  unbind $address
  check "$build: the event ends" udevadm settle --timeout=120
  check "$build: no link is left" link_count 0
done

# Shows that a killed helper is detected: Node with its JIT cannot run in this sandbox.
check "with a JIT: install vfio_id" install_node ""
check "with a JIT: bind" bind $address
check "with a JIT: the event ends" udevadm settle --timeout=120
check "with a JIT: the killed helper is logged" until_true 60 deaths
check "with a JIT: there is no link" link_count 0

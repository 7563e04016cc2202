# In udevd's own sandbox below systemd both builds of vfio_id give their facts: no signal ends them.
# kernels: both
# devices: one
# init: systemd
# native: yes

. /project/test/vm/guest/helper.sh
address=0000:00:04.0

property() { udevadm info -q property /dev/vfio/devices/vfio0 | sed -n "s/^$1=//p"; }
# Whatever udevd or the kernel said of a helper that was killed.
deaths() { { dmesg; journalctl -b --no-pager 2>/dev/null; } | grep -E "terminated by signal|traps:|SIGTRAP|SIGSYS|audit.*seccomp"; }

check "udevd runs in its sandbox" \
  same "$(systemctl show -P MemoryDenyWriteExecute systemd-udevd.service)" yes
check "there is a place for vfio_id" writable /usr/lib/udev
cat >/tmp/policy.toml <<'POLICY'
scheme = 1
[names]
by-path = true
by-group = true
[[link]]
match = { bus = "pci", not = { group = "9999" } }
name = "by-x/{{path}}"
POLICY
check "the rules ask vfio_id for every name" rules_via import /tmp/policy.toml

for build in native node; do
  check "$build: vfio_id is installed" install_$build
  check "$build: bind" bind $address
  check "$build: the event ends" udevadm settle --timeout=120
  check "$build: the name of the scheme is true" true_pci $address
  check "$build: the names by path and group are there" \
    same "$(cd /dev/vfio && echo by-*/*)" "by-group/$(basename "$(readlink $pci/$address/iommu_group)") by-path/pci0000_00-04.0 by-x/pci0000_00-04.0"
  check "$build: the group is in udev's database" \
    same "$(property ID_VFIO_GROUP)" "$(basename "$(readlink $pci/$address/iommu_group)")"
  check "$build: nothing was killed" not deaths
  unbind $address
  check "$build: the event ends" udevadm settle --timeout=120
  check "$build: no link is left" link_count 0
done

# The proof that a death would be seen: Node with its JIT cannot live there.
check "with a JIT: vfio_id is installed" install_node ""
check "with a JIT: bind" bind $address
check "with a JIT: the event ends" udevadm settle --timeout=120
check "with a JIT: its death is told" until_true 60 deaths
check "with a JIT: no name was made" link_count 0

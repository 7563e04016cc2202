# Facts of a device come from sysfs and the configuration space, and the families of links use them.
# kernels: both
# devices: bridge

first=0000:02:01.0 second=0000:02:02.0

fact() {
  vfio_names show "$1" --json | tr -d ' ",' | sed -n "s/^$2://p" | head -n 1
}

check "bind the first" bind $first
check "bind the second" bind $second
settle
check "the fact path has no bus number" same "$(fact $first path)" pci0000_00-06.0-00.0-01.0
check "the fact function is the last digit of the address" same "$(fact $first function)" 0

mkdir -p /run/vfio-names
cat >/run/vfio-names/10-test.toml <<'END'
[names]
by-path = true
by-tag = true
by-group = true

[names.by-alias]
net = { name = "02:01.0" }

[[link]]
match = { vendor = "8086", name = "*:01.0", not = { pf = "*" } }
name = 'by-intel/{{replace device "0x" ""}}/{{pad group 4}}'
END
group=$(basename "$(readlink -f $pci/$first/iommu_group)")
check "config check accepts the policy" vfio_names config check
check "sync creates the links" vfio_names sync
for link in by-path/pci0000_00-06.0-00.0-01.0 by-tag/pci-0000_02_01_0 by-group/$group/pci-$first \
  by-alias/net by-intel/100e/$(printf %04d "$group"); do
  check "$link points to the node of the first function" \
    same "$(stat -L -c %t:%T /dev/vfio/$link)" "$(stat -L -c %t:%T /dev/vfio/pci/$first)"
done
check "plan is empty after sync" exits 0 vfio_names plan
echo '[names' >/run/vfio-names/20-bad.toml
check "sync exits with status 2 for an invalid policy" exits 2 vfio_names sync
check "sync does not change links if the policy is invalid" \
  same "$(readlink /dev/vfio/by-alias/net)" "../devices/$(basename "$(readlink -f /dev/vfio/pci/$first)")"

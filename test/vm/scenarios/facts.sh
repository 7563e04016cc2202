# What sysfs and the configuration space say of a device arrives as facts, and the families name by them.
# kernels: both
# devices: bridge

one=0000:02:01.0 two=0000:02:02.0

fact() {
  vfio_names show "$1" --json | tr -d ' ",' | sed -n "s/^$2://p" | head -n 1
}

check "bind the first" bind $one
check "bind the second" bind $two
settle
check "the path has no bus number" same "$(fact $one path)" pci0000_00-06.0-00.0-01.0
check "the function is the last digit" same "$(fact $one function)" 0

mkdir -p /run/vfio-names
cat >/run/vfio-names/10-test.toml <<'END'
[names]
by-path = true
by-tag = true
by-group = true

[names.by-alias]
net = { name = "02:01.0" }

[[link]]
match = { vendor = "8086", not = { pf = "*" } }
name = 'by-intel/{{replace device "0x" ""}}/{{pad group 4}}'
END
group=$(basename "$(readlink -f $pci/$one/iommu_group)")
check "the policy is fine" vfio_names config check
check "sync makes the names" vfio_names sync
for link in by-path/pci0000_00-06.0-00.0-01.0 by-tag/pci-0000_02_01_0 by-group/$group/pci-$one \
  by-alias/net by-intel/100e/$(printf %04d "$group"); do
  check "$link leads to the node of the first" \
    same "$(stat -L -c %t:%T /dev/vfio/$link)" "$(stat -L -c %t:%T /dev/vfio/pci/$one)"
done
check "a second sync changes nothing" exits 0 vfio_names plan
echo '[names' >/run/vfio-names/20-bad.toml
check "a bad policy is status 2" exits 2 vfio_names sync
check "a bad policy leaves the names alone" \
  same "$(readlink /dev/vfio/by-alias/net)" "../devices/$(basename "$(readlink -f /dev/vfio/pci/$one)")"

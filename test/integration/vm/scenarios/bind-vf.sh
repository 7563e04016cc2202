# The virtual functions of a PF whose rule takes them all never reach a driver of the host.
# kernels: both
# devices: sriov-twice
# rules: no
# root: writable
# cpus: 2
# timeout: 900

pf=0000:01:00.0 other=0000:02:00.0 count=8

driver_of() { if [[ -e $pci/$1/driver ]]; then basename "$(readlink $pci/$1/driver)"; else echo none; fi; }
drivers_of() { local vf; for vf in $(functions_of $1); do driver_of $vf; done | sort | uniq -c | sed 's/^ *//'; }

mkdir -p /etc/vfio-names
cat >/etc/vfio-names/10-bind.toml <<TOML
[[bind]]
match = { pf = "$pf" }
TOML
check "rules install writes the rules" vfio_names rules install
check "udevadm accepts the rules" udevadm verify /etc/udev/rules.d/60-vfio-names-bind.rules
check "the installation has no effect on the PF" same "$(driver_of $pf) $(<$pci/$pf/sriov_drivers_autoprobe)" "nvme 1"
udevadm trigger --action=add --settle $pci/$pf
check "the add event of the PF keeps drivers from its VFs" same "$(<$pci/$pf/sriov_drivers_autoprobe)" 0
check "the PF keeps its driver" same "$(driver_of $pf)" nvme
check "the other PF is not changed" same "$(<$pci/$other/sriov_drivers_autoprobe)" 1

# Each VF has two events, of which the first may come before the kernel has linked it to its PF.
for round in {1..10}; do
  echo $count >$pci/$pf/sriov_numvfs
  settle
  check "round $round: all VFs are on vfio-pci" same "$(drivers_of $pf)" "$count vfio-pci"
  # shellcheck disable=SC2046
  check "round $round: their links are correct" pci_links_correct $(functions_of $pf)
  echo 0 >$pci/$pf/sriov_numvfs
  settle
done
echo 1 >$pci/$pf/sriov_numvfs
settle
check "a VF has the attribute by which the rules know it" test -e $pci/0000:01:00.1/sriov_vf_msix_count
echo 2 >$pci/$other/sriov_numvfs
settle
check "VFs of the other PF are not on vfio-pci" not grep -q vfio-pci <(drivers_of $other)
check "no driver of the host has tried a VF" not grep -E 'nvme (0000:01:00\.[1-7]|nvme.*0000:01:00\.[1-7])' <(dmesg)

# Virtual functions have an index, a path and a slot, and the families by-sriov, by-path and by-slot use them.
# kernels: both
# devices: sriov

pf=0000:01:00.0 count=4

echo 0 >$pci/$pf/sriov_drivers_autoprobe
check "enable $count virtual functions" eval "echo $count >$pci/$pf/sriov_numvfs"
for index in 0 1 2 3; do
  check "bind VF $index" bind "$(basename "$(readlink $pci/$pf/virtfn$index)")"
done
settle
slot=$(basename /sys/bus/pci/slots/*)
check "there is one slot and it has the controller's address" same "$(cat /sys/bus/pci/slots/*/address)" "${pf%.0}"
mkdir -p /run/vfio-names
printf '[names]\nby-sriov = true\nby-path = true\nby-slot = true\n' >/run/vfio-names/10-test.toml
check "sync creates the links" vfio_names sync
for index in 0 1 2 3; do
  vf=$(basename "$(readlink $pci/$pf/virtfn$index)")
  for link in by-sriov/$pf/vf$index by-path/pci0000_00-06.0-00.0-vf$index by-slot/$slot.${vf##*.}; do
    check "$link points to the node of $vf" \
      same "$(stat -L -c %t:%T /dev/vfio/$link)" "$(stat -L -c %t:%T /dev/vfio/pci/$vf)"
  done
done

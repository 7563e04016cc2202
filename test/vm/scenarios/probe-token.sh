# A VF whose PF is on vfio-pci wants the PF's token: none, a wrong one and the right one, through
# the node and through the group.
# kernels: both
# devices: sriov
. /project/test/vm/guest/probe.sh

pf=0000:01:00.0
token=bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3 other=00000000-5a5f-4f5a-a211-f591514ba1f3
echo Y >/sys/module/vfio_pci/parameters/enable_sriov
# A PF that sleeps because nobody uses it takes its VFs along.
echo Y >/sys/module/vfio_pci/parameters/disable_idle_d3
check "bind the PF" bind $pf
settle
# Before there are VFs: the reset of a PF switches them off.
run vfio_names probe --bind --yes --vf-token $token $pf
check "the PF is given its token" gave 0
check "it makes a VF" eval "echo 1 >$pci/$pf/sriov_numvfs"
settle
vf=$(basename "$(readlink $pci/$pf/virtfn0)")
check "vfio-pci has taken the VF" vfio_of $pci/"$vf"

run vfio_names probe --json --bind --yes "$vf"
check "without a token the kernel says EACCES, and what is wanted is told" \
  gave 4 '"errno": "EACCES"' "a VF token is wanted: its PF $pf is on vfio-pci" "--vf-token UUID"
run vfio_names probe --bind --yes --vf-token $other "$vf"
check "a wrong token is told" gave 4 "the VF token is wrong: its PF $pf is on vfio-pci"
run vfio_names probe --bind --yes --vf-token $token "$vf"
check "with the right one the VF opens" gave 0 "$vf: openable"
run vfio_names probe --group --yes "$vf"
check "through the group it is wanted, too" gave 4 "a VF token is wanted"
run vfio_names probe --group --yes --vf-token $token "$vf"
check "and with it the VF opens" gave 0 "$vf: openable"

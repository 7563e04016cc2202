# A VF whose PF is bound to vfio-pci requires the PF's token: no token, a wrong one and the right one, through the node and
# through the group.
# kernels: both
# devices: sriov
. /project/test/integration/vm/guest/probe.sh

pf=0000:01:00.0
token=bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3 other=00000000-5a5f-4f5a-a211-f591514ba1f3
echo Y >/sys/module/vfio_pci/parameters/enable_sriov
# An idle PF enters D3, which makes its VFs unusable.
echo Y >/sys/module/vfio_pci/parameters/disable_idle_d3
check "bind the PF" bind $pf
settle
# Before VFs are enabled, because the reset of a PF disables them.
run vfio_names probe --bind --yes --vf-token $token $pf
check "probe --bind sets the PF's token" exited 0
check "enable one VF" eval "echo 1 >$pci/$pf/sriov_numvfs"
settle
vf=$(basename "$(readlink $pci/$pf/virtfn0)")
check "the VF is bound to vfio-pci" vfio_of $pci/"$vf"

run vfio_names probe --json --bind --yes "$vf"
check "probe --bind without a token explains EACCES" \
  exited 4 '"errno": "EACCES"' "a VF token is wanted: its PF $pf is on vfio-pci" "--vf-token UUID"
run vfio_names probe --bind --yes --vf-token $other "$vf"
check "probe --bind reports a wrong token" exited 4 "the VF token is wrong: its PF $pf is on vfio-pci"
run vfio_names probe --bind --yes --vf-token $token "$vf"
check "probe --bind opens the VF with the right token" exited 0 "$vf: can be opened"
run vfio_names probe --group --yes "$vf"
check "probe --group without a token reports that a token is required" exited 4 "a VF token is wanted"
run vfio_names probe --group --yes --vf-token $token "$vf"
check "probe --group opens the VF with the right token" exited 0 "$vf: can be opened"

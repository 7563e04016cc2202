# The default policy and ten more give the same links, byte for byte, through udev's rules and through sync, for a
# function, virtual functions and a mediated device.
# kernels: both
# devices: sriov-and-one
# native: yes
# timeout: 1200

. /project/test/vm/guest/helper.sh
pf=0000:01:00.0 one=0000:00:04.0 uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001

check "there is a place for vfio_id" writable /usr/lib/udev
check "vfio_id is installed" install_native
echo 0 >$pci/$pf/sriov_drivers_autoprobe
check "the controller makes virtual functions" eval "echo 3 >$pci/$pf/sriov_numvfs"
for index in 0 1 2; do bind "$(basename "$(readlink $pci/$pf/virtfn$index)")"; done
bind $one
echo $uuid >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create
settle

# through_udev WAY [POLICY]: udev alone, then nobody.
through_udev() {
  rules_via native "$@" && udevadm trigger --subsystem-match=vfio-dev --action=change --settle
}
without_rules() {
  rm -f /run/udev/rules.d/70-vfio-names.rules
  udevadm control --reload && udevadm trigger --subsystem-match=vfio-dev --action=change --settle
}

for policy in '' /project/test/vm/policies/*.toml; do
  name=$(basename "${policy:-default}" .toml)
  check "$name: rules" through_udev $policy
  links >/tmp/udev
  check "$name: without the rules udev's links go" eval 'without_rules && link_count 0'
  check "$name: sync" vfio_names sync ${policy:+--policy $policy}
  links >/tmp/sync
  check "$name: the same $(wc -l </tmp/sync) links" same "$(cat /tmp/udev)" "$(cat /tmp/sync)"
  check "$name: more than those of the scheme, or the default" \
    test "$(wc -l </tmp/sync)" -gt $([[ $policy ]] && echo 5 || echo 4)
  find /dev/vfio -type l -delete
  find /dev/vfio -mindepth 1 -type d -empty -delete
done
check "a policy of facts that udev knows runs no program" \
  not contains IMPORT{program} vfio_names rules render --policy /project/test/vm/policies/driver.toml

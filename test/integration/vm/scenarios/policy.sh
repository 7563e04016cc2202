# udev's rules and sync create byte-identical links for the default policy and ten others, for a PCI function, virtual
# functions and a mediated device.
# kernels: both
# devices: sriov-and-one
# timeout: 1200

. /project/test/integration/vm/guest/helper.sh
pf=0000:01:00.0 function=0000:00:04.0 uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001

check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_native
echo 0 >$pci/$pf/sriov_drivers_autoprobe
check "enable 3 virtual functions" eval "echo 3 >$pci/$pf/sriov_numvfs"
for index in 0 1 2; do bind "$(basename "$(readlink $pci/$pf/virtfn$index)")"; done
bind $function
echo $uuid >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create
settle

# through_udev [POLICY]: udev creates the links. without_rules: udev removes them.
through_udev() {
  rules_via native "$@" && udevadm trigger --subsystem-match=vfio-dev --action=change --settle
}
without_rules() {
  rm -f /run/udev/rules.d/70-vfio-names.rules
  reload_rules && udevadm trigger --subsystem-match=vfio-dev --action=change --settle
}

# sync rejects a policy that others than root can write, as they may in the project.
mkdir -m 755 /run/policies
# Those whose names begin with bind- are about drivers.
find /project/test/integration/vm/policies -name '*.toml' ! -name 'bind-*' -exec install -m 644 -t /run/policies {} +
for policy in '' /run/policies/*.toml; do
  name=$(basename "${policy:-default}" .toml)
  check "$name: udev applies the rules" through_udev $policy
  links >/tmp/udev
  check "$name: udev removes its links after the rules are removed" eval 'without_rules && link_count 0'
  check "$name: sync" vfio_names sync ${policy:+--policy $policy}
  links >/tmp/sync
  check "$name: sync creates the $(wc -l </tmp/sync) links that udev created" same "$(cat /tmp/udev)" "$(cat /tmp/sync)"
  check "$name: there are more links than the default ones, or it is the default policy" \
    test "$(wc -l </tmp/sync)" -gt $([[ $policy ]] && echo 5 || echo 4)
  find /dev/vfio -type l -delete
  find /dev/vfio -mindepth 1 -type d -empty -delete
done
rm $helper
printf '#!/bin/sh\n: >/run/vfio_id.called\n' >$helper
chmod 755 $helper
check "the rules of a policy that uses only udev's attributes run no program" \
  eval 'through_udev /run/policies/driver.toml && absent /run/vfio_id.called'
check "they create the links" same "$(links)" "$(vfio_names sync --policy /run/policies/driver.toml >/dev/null; links)"

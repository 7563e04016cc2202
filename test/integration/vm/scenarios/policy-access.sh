# A user in the policy's group can open the node of the device in the policy and no other; with udev's rules and with sync.
# kernels: both
# devices: three
# timeout: 900

. /project/test/integration/vm/guest/helper.sh
a=0000:00:04.0 b=0000:00:05.0

printf '[[access]]\nmatch = { name = "%s" }\ngroup = "kvm"\nmode = "0660"\n' $a >/run/policy.toml
check "install the rules of the policy" rules_via native /run/policy.toml
udevadm trigger --subsystem-match=misc --sysname-match=iommu --action=change
bind $a
bind $b
settle

# opens ADDRESS: user nobody, in the group kvm, can open the device's node for reading and writing.
opens() {
  setpriv --reuid=nobody --regid=nogroup --groups="$(getent group kvm | cut -d: -f3)" \
    bash -c 'exec 3<>"$1"' bash "/dev/vfio/devices/$(vfio_of $pci/$1)"
}

check "a user in the group can open the device in the policy" opens $a
check "a user in the group cannot open the other device" not opens $b
check "/dev/iommu belongs to the group" same "$(stat -c %G /dev/iommu)" kvm

rm /run/udev/rules.d/70-vfio-names.rules
reload_rules
chown root:root "/dev/vfio/devices/$(vfio_of $pci/$a)"
check "a user in the group cannot open the device after its group is reset" not opens $a
check "sync sets the access of the policy" exits 0 vfio_names sync --policy /run/policy.toml
check "a user in the group can open the device in the policy after sync" opens $a
check "a user in the group cannot open the other device after sync" not opens $b

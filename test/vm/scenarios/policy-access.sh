# An unprivileged user in the policy's group can open his device's node and not the others; by udev's rules, and by sync.
# kernels: both
# devices: three
# timeout: 900

. /project/test/vm/guest/helper.sh
a=0000:00:04.0 b=0000:00:05.0

printf '[[access]]\nmatch = { name = "%s" }\ngroup = "kvm"\nmode = "0660"\n' $a >/tmp/policy.toml
check "rules of the policy" rules_via native /tmp/policy.toml
udevadm trigger --subsystem-match=misc --sysname-match=iommu --action=change
bind $a
bind $b
settle

# opens ADDRESS: nobody, in the group kvm, can open the device's node for reading and writing.
opens() {
  setpriv --reuid=nobody --regid=nogroup --groups="$(getent group kvm | cut -d: -f3)" \
    bash -c 'exec 3<>"$1"' bash "/dev/vfio/devices/$(vfio_of $pci/$1)"
}

check "the device of the group opens" opens $a
check "the other does not" not opens $b
check "/dev/iommu is the group's, too" same "$(stat -c %G /dev/iommu)" kvm

rm /run/udev/rules.d/70-vfio-names.rules
udevadm control --reload
chown root:root "/dev/vfio/devices/$(vfio_of $pci/$a)"
check "without access it does not open" not opens $a
check "sync gives the access" exits 0 vfio_names sync --policy /tmp/policy.toml
check "the device of the group opens again" opens $a
check "the other does not, still" not opens $b

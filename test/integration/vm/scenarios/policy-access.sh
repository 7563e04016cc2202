# A user in the policy's group can open the node of the device in the policy and no other; with udev's rules and with sync. When
# the rules of another policy come, they take back what the first ones gave.
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

# change: another event for each node.
change() { udevadm trigger --subsystem-match=vfio-dev --subsystem-match=misc --subsystem-match=vfio --action=change && settle; }
# node_of ADDRESS
node_of() { echo "/dev/vfio/devices/$(vfio_of $pci/"$1")"; }
access_of() { stat -c '%U:%G %a' "$1"; }
change
check "a second event changes nothing" same "$(access_of "$(node_of $a)") $(access_of "$(node_of $b)")" "root:kvm 660 root:root 600"

printf '[[access]]\nmatch = { name = "%s" }\nowner = "nobody"\n[[access]]\ngroup = "kvm"\n' $b >/run/other.toml
check "install the rules of another policy" rules_via native /run/other.toml
change
check "the rules set a group for all, and an owner" \
  same "$(access_of "$(node_of $a)") $(access_of "$(node_of $b)")" "root:kvm 660 nobody:kvm 660"
printf '[[access]]\nmatch = { name = "%s" }\nmode = "0640"\n[[access]]\ngroup = "kvm"\n' $b >/run/other.toml
check "install the rules of a third policy" rules_via native /run/other.toml
change
check "an owner that no rule gives any more is taken back, and a mode for one device wins" \
  same "$(access_of "$(node_of $a)") $(access_of "$(node_of $b)")" "root:kvm 660 root:kvm 640"
check "rules without access" rules_via native
change
check "they take all of it back" same "$(access_of "$(node_of $a)") $(access_of "$(node_of $b)")" "root:root 600 root:root 600"
check "and from /dev/iommu" same "$(access_of /dev/iommu)" "root:root 660"
chgrp audio "$(node_of $a)"
change
check "what somebody else gives is left alone" same "$(access_of "$(node_of $a)")" "root:audio 600"
chgrp root "$(node_of $a)"
check "the rules of the first policy again" rules_via native /run/policy.toml
change
check "they give it again" opens $a

rm /run/udev/rules.d/70-vfio-names.rules
reload_rules
chown root:root "/dev/vfio/devices/$(vfio_of $pci/$a)"
check "a user in the group cannot open the device after its group is reset" not opens $a
check "sync sets the access of the policy" exits 0 vfio_names sync --policy /run/policy.toml
check "a user in the group can open the device in the policy after sync" opens $a
check "a user in the group cannot open the other device after sync" not opens $b

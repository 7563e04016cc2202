# [[access]] reaches the node of a group if all members that are bound to VFIO agree, by udev and by sync. On a kernel without
# nodes of devices.
# kernels: group
# devices: groups

. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/groups.sh
single=0000:00:04.0 first=0000:02:01.0 second=0000:02:02.0

access() { stat -c '%U:%G %a' "/dev/vfio/$(group_of "$1")"; }
has() { same "$(access "$1")" "$2"; }
cat >/run/policy.toml <<'POLICY'
[[access]]
match = { name = "00:04.0" }
group = "audio"
[[access]]
match = { name = "0000:02:0[12].0" }
owner = "nobody"
mode = "0600"
POLICY
cat >/run/other.toml <<'POLICY'
[[access]]
match = { name = "02:01.0" }
owner = "nobody"
mode = "0600"
POLICY

check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_counting
for way in native import run; do
  check "$way: render the rules" rules_via $way /run/policy.toml
  for address in $single $first; do bind $address; done
  settle
  check "$way: the group has the access of its device" has $single "root:audio 660"
  check "$way: the group of two has the access of the bound one" has $first "nobody:root 600"
  bind $second
  settle
  check "$way: it keeps it when the other one agrees" has $first "nobody:root 600"
  check "$way: verify finds nothing" exits 0 vfio_names verify --policy /run/policy.toml
  check "$way: other rules" rules_via $way /run/other.toml
  udevadm trigger --subsystem-match=vfio --action=change
  settle
  check "$way: a group whose members do not agree is given to neither" has $first "root:root 600"
  check "$way: and the group of a device that no rule names any more is given back" has $single "root:root 600"
  check "$way: verify names the member that does not agree" \
    contains "group-owners" vfio_names verify --policy /run/other.toml
  for address in $single $first $second; do unbind $address; done
  settle
done

rm /run/udev/rules.d/70-vfio-names.rules
reload_rules
for address in $single $first $second; do bind $address; done
settle
check "sync sets the access" exits 0 vfio_names sync --policy /run/policy.toml
check "the group has the access of its device" has $single "root:audio 660"
check "the group of two has the access of both" has $first "nobody:root 600"
check "verify finds nothing" exits 0 vfio_names verify --policy /run/policy.toml
check "sync takes back what the members do not agree on" exits 0 vfio_names sync --policy /run/other.toml
check "the group is given to neither" has $first "root:root 600"
check "and the other group to nobody" has $single "root:root 600"
check "vfio_id printed no errors" same "$(cat /run/vfio_id.log)" ""

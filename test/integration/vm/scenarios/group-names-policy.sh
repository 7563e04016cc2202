# Names of groups on a kernel with nodes of devices: none, and no call of vfio_id, unless the policy asks for them; with each of
# the three values of --via the same links as sync makes.
# kernels: both
# devices: groups

. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/groups.sh
single=0000:00:04.0 first=0000:02:01.0 second=0000:02:02.0

check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_counting
for address in $single $first $second; do check "bind $address" bind $address; done
settle
check "the links of the devices are correct" pci_links_correct $single $first $second
check "there are no names of groups" absent /dev/vfio/groups
for address in $single $first $second; do unbind $address; done
settle
check "vfio_id was not called" same "$(cat /run/vfio_id.calls)" ""
check "no link is left" link_count 0

cat >/tmp/policy.toml <<'POLICY'
[names]
groups = true
by-path = true
by-tag = true
[names.by-alias]
nic = { name = "00:04.0" }
twins = { name = "0000:02:0[12].0", class = "0x02*", cdev = "no" }
[[link]]
match = { bus = "pci", not = { vendor = "0x10de" } }
name = "by-pad/{{pad group 4}}-{{lower name}}"
POLICY
for way in native import run; do
  check "$way: render the rules" rules_via $way /tmp/policy.toml
  bind $first
  settle
  check "$way: a sibling that is not bound has the name of its group" group_names_correct $first $second
  bind $second
  bind $single
  settle
  check "$way: all names of groups are correct" group_names $single $first $second
  check "$way: the alias leads to the group" group_link_correct /dev/vfio/groups/by-alias/nic "$(group_of $single)"
  check "$way: the links of the devices are correct" pci_links_correct $single $first $second
  links >/tmp/links.$way
  check "$way: plan has nothing to do" exits 0 vfio_names plan --policy /tmp/policy.toml
  check "$way: verify finds nothing" exits 0 vfio_names verify --policy /tmp/policy.toml
  check "$way: the links are the same as with native" same "$(cat /tmp/links.$way)" "$(cat /tmp/links.native)"
  unbind $first
  settle
  check "$way: the names stay while one member is bound" group_names $single $first $second
  unbind $second
  unbind $single
  settle
  check "$way: no link is left" link_count 0
  check "$way: no directory is left" same "$(find /dev/vfio -mindepth 1 -type d)" ""
done
check "vfio_id printed no errors" same "$(cat /run/vfio_id.log)" ""
note "$(cat /tmp/links.native)"

# What vfio_id said once is not asked again while it is true, and is never believed when it is not.
# kernels: both
# devices: sriov-and-one
# native: yes

. /project/test/vm/guest/helper.sh
pf=0000:01:00.0 alone=0000:00:04.0 count=4

# counted NUMBER COMMAND...: the command makes vfio_id run so often. A run is noted before it answers.
cat >/run/counting <<'HELPER'
#!/bin/sh
echo "$*" >>/run/vfio_id.calls
exec /project/dist/vfio_id "$@" 2>>/run/vfio_id.log
HELPER
counted() {
  local number=$1
  shift
  : >/run/vfio_id.calls
  "$@" && settle && same "$(wc -l </run/vfio_id.calls)" "$number"
}
event() { udevadm trigger --subsystem-match=vfio-dev --action="$1"; }
policy() {
  printf 'scheme = 1\n[names]\n' >/tmp/policy.toml
  printf '%s = true\n' "$@" >>/tmp/policy.toml
  rules_via native /tmp/policy.toml
}
bind_in_order() {
  local address
  for address; do bind "$address" || return; done
}
bind_anew() { unbind "$1" && bind "$1"; }
true_vfs() {
  local index bad=0
  for ((index = 0; index < count; index++)); do
    same "$(readlink "/dev/vfio/by-sriov/$pf/vf$index")" "../../devices/$(vfio_of "$pci/$pf/virtfn$index")" || bad=1
    same "$(readlink "/dev/vfio/by-path/pci0000_00-06.0-00.0-vf$index")" "../devices/$(vfio_of "$pci/$pf/virtfn$index")" || bad=1
  done
  return $bad
}
true_groups() {
  local address group bad=0
  for address; do
    group=$(basename "$(readlink "$pci/$address/iommu_group")")
    same "$(readlink "/dev/vfio/by-group/$group/pci-$address")" "../../devices/$(vfio_of "$pci/$address")" || bad=1
  done
  return $bad
}
all_names() {
  check "$1: the names by index and by path are true" true_vfs
  check "$1: the names by group are true" true_groups "${all[@]}"
  check "$1: the names of the scheme are true" true_pci "${all[@]}"
  check "$1: there is no other name" link_count $((2 * ${#all[@]} + 2 * count + 1))
}
numbers() {
  local address
  for address in "${all[@]}"; do echo "$address $(vfio_of "$pci/$address")"; done
}

check "there is a place for vfio_id" writable /usr/lib/udev
check "vfio_id is installed" install -m 755 /run/counting $helper
check "the controller makes $count virtual functions" virtual_functions $count $pf
mapfile -t functions < <(functions_of $pf)
all=("${functions[@]}" $alone)

check "names by index, path and group" policy by-sriov by-path by-group
check "each device is asked for once" counted ${#all[@]} bind_in_order "${all[@]}"
all_names "bound"
facts() { udevadm info /dev/vfio/devices/* | grep '^E: ID_VFIO_' | sort; }
facts >/tmp/facts
for action in change add; do
  check "$action: nobody is asked for again" counted 0 event $action
  all_names "$action"
  check "$action: the facts are as they were" same "$(facts)" "$(cat /tmp/facts)"
done

check "a device that went is asked for when it is back" counted 1 bind_anew "${functions[0]}"
all_names "one bound anew"

# udevd sees nothing of this, so that its database speaks of other devices than those that have the numbers now.
numbers >/tmp/before
pkill -x systemd-udevd
check "udevd is gone" until_true 60 not pgrep -x systemd-udevd
for address in "${all[@]}"; do unbind "$address"; done
check "they are bound in another order" \
  bind_in_order "$alone" "${functions[2]}" "${functions[3]}" "${functions[0]}" "${functions[1]}"
check "the numbers are others'" not same "$(numbers)" "$(cat /tmp/before)"
: >/run/vfio_id.calls
/usr/lib/systemd/systemd-udevd --daemon
event change
settle
all_names "numbers changed hands"
moved=$(numbers | grep -cvxFf /tmp/before)
check "those that moved were asked for ($moved)" same "$(wc -l </run/vfio_id.calls)" "$moved"
check "and no more" counted 0 event change
all_names "after that"

check "fewer names: by group alone" policy by-group
check "what it needs is known" counted 0 event change
check "the groups' names are true" true_groups "${all[@]}"
check "there is no other name, then" link_count $((2 * ${#all[@]}))
check "the other names come back" policy by-sriov by-path by-group
check "what was not kept is asked for" counted ${#all[@]} event change
all_names "the old policy"

check "a name by serial number" policy by-sriov by-serial
check "that can't be proved: each is asked for" counted ${#all[@]} event change
check "and again" counted ${#all[@]} event change
check "the names by index are there" same "$(find /dev/vfio/by-sriov -type l | wc -l)" $count
check "vfio_id had nothing to complain of" same "$(cat /run/vfio_id.log)" ""

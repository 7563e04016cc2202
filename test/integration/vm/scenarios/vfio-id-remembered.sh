# Values of vfio_id are cached in udev's database: the rules reuse them while sysfs confirms them and call vfio_id again
# otherwise.
# kernels: both
# devices: sriov-and-one

. /project/test/integration/vm/guest/helper.sh
pf=0000:01:00.0 alone=0000:00:04.0 count=4

# counted NUMBER COMMAND...: the command causes NUMBER runs of vfio_id. A run is logged before it prints anything.
cat >/run/counting <<'HELPER'
#!/bin/sh
echo "$*" >>/run/vfio_id.calls
exec /project/dist/native/vfio_id "$@" 2>>/run/vfio_id.log
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
vf_links_correct() {
  local index bad=0
  for ((index = 0; index < count; index++)); do
    same "$(readlink "/dev/vfio/by-sriov/$pf/vf$index")" "../../devices/$(vfio_of "$pci/$pf/virtfn$index")" || bad=1
    same "$(readlink "/dev/vfio/by-path/pci0000_00-06.0-00.0-vf$index")" "../devices/$(vfio_of "$pci/$pf/virtfn$index")" || bad=1
  done
  return $bad
}
group_links_correct() {
  local address group bad=0
  for address; do
    group=$(basename "$(readlink "$pci/$address/iommu_group")")
    same "$(readlink "/dev/vfio/by-group/$group/pci-$address")" "../../devices/$(vfio_of "$pci/$address")" || bad=1
  done
  return $bad
}
all_names() {
  check "$1: the by-sriov and by-path links are correct" vf_links_correct
  check "$1: the by-group links are correct" group_links_correct "${all[@]}"
  check "$1: the default links are correct" pci_links_correct "${all[@]}"
  check "$1: there is no other link" link_count $((2 * ${#all[@]} + 2 * count + 1))
}
numbers() {
  local address
  for address in "${all[@]}"; do echo "$address $(vfio_of "$pci/$address")"; done
}

check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install a vfio_id that logs its runs" install -m 755 /run/counting $helper
check "enable $count virtual functions" virtual_functions $count $pf
mapfile -t functions < <(functions_of $pf)
all=("${functions[@]}" $alone)

check "install rules for by-sriov, by-path and by-group" policy by-sriov by-path by-group
check "bind runs vfio_id once for each device" counted ${#all[@]} bind_in_order "${all[@]}"
all_names "bound"
facts() { udevadm info /dev/vfio/devices/* | grep '^E: ID_VFIO_' | sort; }
facts >/tmp/facts
for action in change add; do
  check "$action: vfio_id does not run" counted 0 event $action
  all_names "$action"
  check "$action: the facts are unchanged" same "$(facts)" "$(cat /tmp/facts)"
done

check "vfio_id runs for a device that is bound again" counted 1 bind_anew "${functions[0]}"
all_names "one device bound again"

# udevd does not run during the next steps, so that its database describes the devices that had the numbers before.
numbers >/tmp/before
pkill -x systemd-udevd
check "udevd ends" until_true 60 not pgrep -x systemd-udevd
for address in "${all[@]}"; do unbind "$address"; done
check "bind the devices in another order" \
  bind_in_order "$alone" "${functions[2]}" "${functions[3]}" "${functions[0]}" "${functions[1]}"
check "the devices have other numbers" not same "$(numbers)" "$(cat /tmp/before)"
: >/run/vfio_id.calls
/usr/lib/systemd/systemd-udevd --daemon
event change
settle
all_names "numbers changed"
moved=$(numbers | grep -cvxFf /tmp/before)
check "vfio_id ran for the devices whose number changed ($moved)" same "$(wc -l </run/vfio_id.calls)" "$moved"
check "vfio_id does not run for the next change event" counted 0 event change
all_names "after the next change event"

check "install rules for by-group only" policy by-group
check "vfio_id does not run for values that are cached" counted 0 event change
check "the by-group links are correct" group_links_correct "${all[@]}"
check "there is no other link after the policy change" link_count $((2 * ${#all[@]}))
check "install the rules for all three families again" policy by-sriov by-path by-group
check "vfio_id runs for values that are not cached" counted ${#all[@]} event change
all_names "all three families again"

check "install rules for by-sriov and by-serial" policy by-sriov by-serial
check "vfio_id runs for each device, since sysfs cannot confirm a serial number" counted ${#all[@]} event change
check "vfio_id runs again for each device on the next event" counted ${#all[@]} event change
check "the by-sriov links exist" same "$(find /dev/vfio/by-sriov -type l | wc -l)" $count
check "vfio_id printed no errors" same "$(cat /run/vfio_id.log)" ""

# The names of 127 groups: how long a pass of `change` events takes with groups, beside without rules; without groups, no program
# runs.
# kernels: both
# devices: sriov
# timeout: 1800
# cpus: 2

. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/groups.sh
controller=0000:01:00.0 count=127

check "enable $count virtual functions" virtual_functions $count $controller
mapfile -t functions < <(functions_of $controller)
check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_native
rm -f /run/udev/rules.d/70-vfio-names.rules
reload_rules
for vf in "${functions[@]}"; do bind "$vf"; done
settle
check "there are $count groups" same "$(find /sys/class/vfio -mindepth 1 | wc -l)" $count

# pass: triggers `change` for every group and prints milliseconds.
pass() {
  local begin=${EPOCHREALTIME/./} end
  udevadm trigger --subsystem-match=vfio --action=change && settle
  end=${EPOCHREALTIME/./}
  echo $(((end - begin) / 1000))
}
# Alternate three times and take the median, so that a temporary slowdown of the machine affects both.
median() { printf '%s\n' "$@" | sort -n | sed -n 2p; }
printf '[names]\ngroups = true\n' >/tmp/groups.toml
bare=() groups=()
for turn in 1 2 3; do
  rm -f /run/udev/rules.d/70-vfio-names.rules && reload_rules
  bare+=("$(pass)")
  check "turn $turn: install rules with groups" rules_via native /tmp/groups.toml
  groups+=("$(pass)")
  check "turn $turn: each group has its name" link_count $count groups
done
without=$(median "${bare[@]}")
note "one pass over $count groups: ${bare[*]} ms without rules, ${groups[*]} ms with their names: $(($(median "${groups[@]}") * 100 / without)) %"
check "$count names are correct" group_names "${functions[@]}"

install_counting
pass >/dev/null
check "a pass calls vfio_id once for each group" calls 'group names' $count
printf '[names]\ngroups = false\n' >/tmp/none.toml
check "install rules without groups" rules_via native /tmp/none.toml
reset_calls
note "one pass with rules without groups: $(pass) ms"
check "without groups no program runs" same "$(wc -l </run/vfio_id.calls)" 0
check "the names are gone" absent /dev/vfio/groups
check "vfio_id printed no errors" same "$(cat /run/vfio_id.log 2>/dev/null)" ""

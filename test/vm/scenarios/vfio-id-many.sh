# A policy that needs vfio_id for each of 254 virtual functions: all names are true, and the pass ends soon.
# kernels: both
# devices: sriov-twice
# timeout: 1800
# native: yes

. /project/test/vm/guest/helper.sh
controllers=(0000:01:00.0 0000:02:00.0) count=254

check "two controllers make $count virtual functions" virtual_functions $((count / 2)) "${controllers[@]}"
mapfile -t functions < <(functions_of "${controllers[@]}")
check "there are $count of them" same "${#functions[@]}" $count
bind_all() {
  local vf
  for vf in "${functions[@]}"; do bind "$vf" || return; done
}
# pass [OPTION...]: one `change` for every device, or for those of the options; prints milliseconds.
pass() {
  local begin=${EPOCHREALTIME/./} end
  udevadm trigger --subsystem-match=vfio-dev --action=change "$@" && settle
  end=${EPOCHREALTIME/./}
  echo $(((end - begin) / 1000))
}

check "there is a place for vfio_id" writable /usr/lib/udev
check "vfio_id is installed" install_native
rm -f /run/udev/rules.d/70-vfio-names.rules
udevadm control --reload
check "bind them all" bind_all
settle
check "without rules there is no name" absent /dev/vfio/pci
# In turn, three times each, and the median: what slows the machine for a while slows both.
median() { printf '%s\n' "$@" | sort -n | sed -n 2p; }
without_rules() { rm -f /run/udev/rules.d/70-vfio-names.rules && udevadm control --reload; }
printf '[[link]]\nmatch = { bus = "pci", driver = "vfio-pci" }\nname = "by-driver/{{driver}}/{{name}}"\n' >/tmp/native.toml
bare=() native=()
for turn in 1 2 3; do
  without_rules
  bare+=("$(pass)")
  check "turn $turn: the rules of a policy that udev knows" rules_via native /tmp/native.toml
  native+=("$(pass)")
  check "turn $turn: each device has both names" link_count $((2 * count))
done
check "they run no program" not grep -q 'IMPORT{program}' /run/udev/rules.d/70-vfio-names.rules
without=$(median "${bare[@]}")
note "one pass over $count devices: ${bare[*]} ms without rules, ${native[*]} ms with native ones: $(($(median "${native[@]}") * 100 / without)) %"

cat >/tmp/policy.toml <<'POLICY'
scheme = 1
[names]
by-sriov = true
by-group = true
POLICY
check "the rules ask vfio_id for each" rules_via native /tmp/policy.toml
first=$(pass)
note "the first pass: $without ms without rules, $first ms with vfio_id for each: $((first * 100 / without)) %"
check "each device has its three names" link_count $((3 * count))

# From now on udev has each answer; a vfio_id that is started all the same is seen.
printf '#!/bin/sh\n: >/run/vfio_id.called\nexit 1\n' >$helper
later=()
for turn in 1 2 3; do later+=("$(pass)"); done
with=$(median "${later[@]}")
note "later passes: ${later[*]} ms: $((with * 100 / without)) %"
check "no later pass starts vfio_id" absent /run/vfio_id.called

# Ten of them by both builds, with names that only vfio_id makes, so that each event starts it.
ten() { pass --sysname-match='vfio1?'; }
check "the rules ask for every name" rules_via import /tmp/policy.toml
install_native
native=$(ten)
install_node
note "ten devices: $native ms with the native vfio_id, $(ten) ms with that of Node"
check "each device has its three names by Node, too" link_count $((3 * count))

check "$count names of the scheme are true" true_pci "${functions[@]}"
true_vfs() {
  local pf index bad=0 vf
  for pf in "${controllers[@]}"; do
    for ((index = 0; index < count / 2; index++)); do
      vf=$pci/$pf/virtfn$index
      same "$(readlink "/dev/vfio/by-sriov/$pf/vf$index")" "../../devices/$(vfio_of "$vf")" || bad=1
    done
  done
  return $bad
}
check "$count names by index are true" true_vfs
check "$count names by group are there" link_count $count by-group
check "each device has its three names" link_count $((3 * count))
check "the controllers take their virtual functions away" virtual_functions 0 "${controllers[@]}"
settle
check "no link is left" link_count 0

# A policy that needs vfio_id for each of 254 virtual functions: all links are correct, and later passes run no helper.
# kernels: both
# devices: sriov-twice
# timeout: 1800
# cpus: 2

. /project/test/integration/vm/guest/helper.sh
controllers=(0000:01:00.0 0000:02:00.0) count=254

check "enable $count virtual functions of two controllers" virtual_functions $((count / 2)) "${controllers[@]}"
mapfile -t functions < <(functions_of "${controllers[@]}")
check "there are $count virtual functions" same "${#functions[@]}" $count
bind_all() {
  local vf
  for vf in "${functions[@]}"; do bind "$vf" || return; done
}
# pass [OPTION...]: triggers `change` for every device, or for those selected by the options; prints milliseconds.
pass() {
  local begin=${EPOCHREALTIME/./} end
  udevadm trigger --subsystem-match=vfio-dev --action=change "$@" && settle
  end=${EPOCHREALTIME/./}
  echo $(((end - begin) / 1000))
}

check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_native
rm -f /run/udev/rules.d/70-vfio-names.rules
reload_rules
check "bind all functions" bind_all
settle
check "there is no link without rules" absent /dev/vfio/pci
# Alternate three times and take the median, so that a temporary slowdown of the machine affects both.
median() { printf '%s\n' "$@" | sort -n | sed -n 2p; }
without_rules() { rm -f /run/udev/rules.d/70-vfio-names.rules && reload_rules; }
printf '[[link]]\nmatch = { bus = "pci", driver = "vfio-pci" }\nname = "by-driver/{{driver}}/{{name}}"\n' >/tmp/native.toml
bare=() native=()
for turn in 1 2 3; do
  without_rules
  bare+=("$(pass)")
  check "turn $turn: install rules that need no helper" rules_via native /tmp/native.toml
  native+=("$(pass)")
  check "turn $turn: each device has two links" link_count $((2 * count))
done
printf '#!/bin/sh\n: >/run/vfio_id.called\n' >$helper
pass >/dev/null
check "these rules run no program" absent /run/vfio_id.called
check "install vfio_id again" install_native
without=$(median "${bare[@]}")
note "one pass over $count devices: ${bare[*]} ms without rules, ${native[*]} ms with native ones: $(($(median "${native[@]}") * 100 / without)) %"

cat >/tmp/policy.toml <<'POLICY'
scheme = 1
[names]
by-sriov = true
by-group = true
POLICY
check "install rules that call vfio_id for each device" rules_via native /tmp/policy.toml
first=$(pass)
note "the first pass: $without ms without rules, $first ms with vfio_id for each: $((first * 100 / without)) %"
check "each device has three links after the first pass" link_count $((3 * count))

# From here on udev's database has all values; the replaced vfio_id records any further run.
printf '#!/bin/sh\n: >/run/vfio_id.called\nexit 1\n' >$helper
later=()
for turn in 1 2 3; do later+=("$(pass)"); done
with=$(median "${later[@]}")
note "later passes: ${later[*]} ms: $((with * 100 / without)) %"
check "later passes do not run vfio_id" absent /run/vfio_id.called

# Ten devices with each build; with --via import each event runs vfio_id.
ten() { pass --sysname-match='vfio1?'; }
check "install rules that call vfio_id for every link" rules_via import /tmp/policy.toml
install_native
native=$(ten)
install_node
note "ten devices: $native ms with the native vfio_id, $(ten) ms with the Node build"
check "each device has three links after the pass with Node" link_count $((3 * count))

check "$count default links are correct" pci_links_correct "${functions[@]}"
vf_links_correct() {
  local pf index bad=0 vf
  for pf in "${controllers[@]}"; do
    for ((index = 0; index < count / 2; index++)); do
      vf=$pci/$pf/virtfn$index
      same "$(readlink "/dev/vfio/by-sriov/$pf/vf$index")" "../../devices/$(vfio_of "$vf")" || bad=1
    done
  done
  return $bad
}
check "$count by-sriov links are correct" vf_links_correct
check "there are $count by-group links" link_count $count by-group
check "each device has three links at the end" link_count $((3 * count))
check "disable the virtual functions" virtual_functions 0 "${controllers[@]}"
settle
check "no link is left" link_count 0

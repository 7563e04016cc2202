# 127 virtual functions of one controller are bound and unbound at once: udev creates and removes 127 correct links.
# kernels: both cdev
# devices: sriov
# timeout: 900
# cpus: 2

pf=0000:01:00.0 count=127

check "enable $count virtual functions" virtual_functions $count $pf
mapfile -t functions < <(functions_of $pf)
check "there are $count virtual functions" same "${#functions[@]}" $count

bind_all() {
  local vf
  for vf in "${functions[@]}"; do bind "$vf" || return; done
}
check "bind all functions" bind_all
settle
check "$count links are correct" pci_links_correct "${functions[@]}"
check "there is no other link" only /dev/vfio/pci "${functions[@]}"
check "$count links point to $count nodes" \
  same "$(stat -L -c %t:%T /dev/vfio/pci/* | sort -u | wc -l)" $count

unbind_all() {
  local vf
  for vf in "${functions[@]}"; do unbind "$vf" || return; done
}
check "unbind all functions" unbind_all
settle
check "no link is left after unbind" absent /dev/vfio/pci

check "bind all functions again" bind_all
settle
check "$count links are correct after the second bind" pci_links_correct "${functions[@]}"
check "disable the virtual functions" virtual_functions 0 $pf
settle
check "no link is left after the virtual functions are disabled" absent /dev/vfio/pci

# 127 virtual functions of one controller get 127 true names at once, and lose them at once.
# kernels: both cdev
# devices: sriov
# timeout: 900

pf=0000:01:00.0 count=127

check "the controller makes $count virtual functions" virtual_functions $count $pf
mapfile -t functions < <(functions_of $pf)
check "there are $count of them" same "${#functions[@]}" $count

bind_all() {
  local vf
  for vf in "${functions[@]}"; do bind "$vf" || return; done
}
check "bind them all" bind_all
settle
check "$count names are true" true_pci "${functions[@]}"
check "nothing else is named" only /dev/vfio/pci "${functions[@]}"
check "$count names lead to $count nodes" \
  same "$(stat -L -c %t:%T /dev/vfio/pci/* | sort -u | wc -l)" $count

unbind_all() {
  local vf
  for vf in "${functions[@]}"; do unbind "$vf" || return; done
}
check "unbind them all" unbind_all
settle
check "no name is left" absent /dev/vfio/pci

check "bind them again" bind_all
settle
check "$count names are true again" true_pci "${functions[@]}"
check "the controller takes its virtual functions away" virtual_functions 0 $pf
settle
check "no name is left then either" absent /dev/vfio/pci

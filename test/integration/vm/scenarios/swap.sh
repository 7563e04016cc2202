# Three devices are unbound and bound in other orders, so that their numbers change and an outdated link would point to
# another device.
# kernels: both cdev
# devices: three
# cpus: 2

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
swaps=0
declare -A before=()

round=0
for order in "$a $b $c" "$b $c $a" "$c $b $a" "$b $a $c" "$c $a $b"; do
  round=$((round + 1))
  read -ra addresses <<<"$order"
  for address in "$a" "$b" "$c"; do unbind "$address"; done
  for address in "${addresses[@]}"; do
    check "round $round: bind $address" bind "$address"
  done
  settle
  check "round $round: all three links are correct" pci_links_correct "$a" "$b" "$c"
  check "round $round: there is no other link" only /dev/vfio/pci "$a" "$b" "$c"
  for address in "$a" "$b" "$c"; do
    now=$(vfio_of "$pci/$address")
    [[ ${before[$address]:-$now} == "$now" ]] || swaps=$((swaps + 1))
    before[$address]=$now
  done
  note "round $round: ${before[$a]} ${before[$b]} ${before[$c]}"
done
check "devices changed their numbers ($swaps times)" test "$swaps" -gt 0

# Once more without waiting for udevd in between, so that it processes events after the numbers have changed again.
for order in "$a $b $c" "$b $c $a" "$c $b $a"; do
  for address in "$a" "$b" "$c"; do unbind "$address"; done
  for address in $order; do bind "$address"; done
done
settle
check "without settle: all three links are correct" pci_links_correct "$a" "$b" "$c"
check "without settle: there is no other link" only /dev/vfio/pci "$a" "$b" "$c"

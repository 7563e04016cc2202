# Two syncs run at once while devices are bound and unbound: no link is missing and no temporary file is left.
# kernels: both
# devices: three
# rules: no
# timeout: 1200
# cpus: 2

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0

orders=("$a $b $c" "$b $c $a" "$c $b $a" "$b $a $c" "$c $a $b")
crashed=0
for round in {1..15}; do
  vfio_names sync >/tmp/first 2>&1 &
  first=$!
  vfio_names sync >/tmp/second 2>&1 &
  second=$!
  for address in $a $b $c; do unbind $address; done
  for address in ${orders[round % 5]}; do bind "$address"; done
  # A device that is unbound during a sync may cause a finding (status 1), but no other failure.
  for pid in $first $second; do
    status=0
    wait $pid || status=$?
    if ((status > 1)); then
      crashed=$((crashed + 1))
      note "round $round: exit status $status"
      cat /tmp/first /tmp/second
    fi
  done
done
check "every sync exits with status 0 or 1" same $crashed 0

settle
check "sync exits with status 0 afterwards" exits 0 vfio_names sync
check "all three links are correct" pci_links_correct $a $b $c
check "no temporary link is left" only /dev/vfio/pci $a $b $c
check "no hidden file is left below /dev/vfio" \
  same "$(find /dev/vfio -mindepth 1 -name '.*')" ""
check "verify finds nothing" exits 0 vfio_names verify

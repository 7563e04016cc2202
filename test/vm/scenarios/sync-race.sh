# Two syncs at once while devices come and go: nothing is lost, nothing is left over.
# kernels: both
# devices: three
# rules: no
# timeout: 1200

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0

orders=("$a $b $c" "$b $c $a" "$c $b $a" "$b $a $c" "$c $a $b")
crashed=0
for round in {1..15}; do
  vfio_names sync >/tmp/one 2>&1 &
  one=$!
  vfio_names sync >/tmp/two 2>&1 &
  two=$!
  for address in $a $b $c; do unbind $address; done
  for address in ${orders[round % 5]}; do bind "$address"; done
  # A device that leaves in the middle of a sync may be a finding, never a crash.
  for pid in $one $two; do
    status=0
    wait $pid || status=$?
    if ((status > 1)); then
      crashed=$((crashed + 1))
      note "round $round: exit status $status"
      cat /tmp/one /tmp/two
    fi
  done
done
check "no sync failed in another way than with a finding" same $crashed 0

settle
check "a last sync" exits 0 vfio_names sync
check "all three names are true" true_pci $a $b $c
check "no temporary name is left" only /dev/vfio/pci $a $b $c
check "no hidden name is left anywhere below /dev/vfio" \
  same "$(find /dev/vfio -mindepth 1 -name '.*')" ""
check "verify is content" exits 0 vfio_names verify

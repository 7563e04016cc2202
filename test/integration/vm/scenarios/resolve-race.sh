# Resolves devices two thousand times while three devices are unbound and bound in changing order. An independent C
# program checks every answer against its log: none may be wrong.
# kernels: both
# devices: three
# rules: no
# timeout: 900
# cpus: 2

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
race=/project/test/integration/vm/guest/race

for address in $a $b $c; do bind $address; done
settle
$race rebind /tmp/log /tmp/stop $a $b $c >/tmp/rounds &
rebinding=$!
check "2000 calls of resolve return a node or a known error" \
  node /project/test/integration/vm/guest/resolve-loop.mjs 2000 /tmp/answers $a $b $c
touch /tmp/stop
wait $rebinding
check "the devices were unbound and bound meanwhile" same $? 0
note "$(cat /tmp/rounds)"
check "every answer was correct at some moment of its call" $race judge /tmp/log /tmp/answers
note "$($race judge /tmp/log /tmp/answers)"
check "sync exits with status 0 afterwards" exits 0 vfio_names sync
check "all three links are correct" pci_links_correct $a $b $c

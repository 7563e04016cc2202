# Names are resolved two thousand times while three devices are unbound and bound in changing order.
# A C program that knows nothing of ours judges every answer: none may be wrong.
# kernels: both
# devices: three
# rules: no
# timeout: 900

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
race=/project/test/vm/guest/race

for address in $a $b $c; do bind $address; done
settle
$race rebind /tmp/log /tmp/stop $a $b $c >/tmp/rounds &
rebinding=$!
check "2000 questions get answers, or a refusal that says why" \
  node /project/test/vm/guest/resolve-loop.mjs 2000 /tmp/answers $a $b $c
touch /tmp/stop
wait $rebinding
check "the devices were bound anew all the time" same $? 0
note "$(cat /tmp/rounds)"
check "not one answer was wrong" $race judge /tmp/log /tmp/answers
note "$($race judge /tmp/log /tmp/answers)"
check "in the end sync finds its way" exits 0 vfio_names sync
check "and all three names are true" true_pci $a $b $c

# With cdi.conf the service keeps a CDI file true while devices come, go and change their numbers; an
# observer of its own compares each document that is written.
# kernels: both group
# devices: three
# init: systemd
# rules: no
# timeout: 1500

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
soon=120
file=/run/cdi/vfio-names-pci.json
. /project/test/vm/guest/watch.sh

# nodes: `ADDRESS=NODE` of the file, sorted.
nodes() {
  [[ ! -e $file ]] || node -p '
    JSON.parse(fs.readFileSync(process.argv[1], "utf8")).devices
      .map(({ name, containerEdits }) => `${name}=${containerEdits.deviceNodes[0].hostPath}`)
      .sort().join("\n")' $file
}
# is: the same by sysfs, of the devices that are given.
is() {
  local address
  for address; do
    if [[ -e /dev/vfio/devices ]]; then
      echo "$address=/dev/vfio/devices/$(vfio_of $pci/$address)"
    else
      echo "$address=/dev/vfio/$(basename "$(readlink $pci/$address/iommu_group)")"
    fi
  done
}
# judged: what the observer has judged last, the same way.
judged() { tail -n 1 /tmp/observed | cut -d ' ' -f 2- | tr ' ' '\n' | sort; }
true_file() { same "$(nodes)" "$(is "$@")" && same "$(judged)" "$(is "$@")"; }
# written N: the observer has seen so many documents at least.
written() { (($(wc -l </tmp/observed) >= $1)); }

check "udevd ends" end_udev
mkdir -p /run/cdi
node /project/test/vm/guest/cdi-observer.mjs $file >/tmp/observed &
observer=$!
check "the observer looks" until_true $soon written 1

install_unit /project/packaging/systemd/cdi.conf
check "systemd has no complaint of the drop-in" \
  same "$(systemd-analyze verify --man=no /run/systemd/system/$unit 2>&1 | grep -F $unit)" ""
check "the service starts" systemctl start $unit
check "without a device there is no file" absent $file
for address in $a $b $c; do
  bind $address
done
check "three devices come" until_true $soon true_file $a $b $c
unbind $b
check "a device that goes leaves the file" until_true $soon true_file $a $c
bind $b
check "and comes back" until_true $soon true_file $a $b $c
unbind $a
check "another goes" until_true $soon true_file $b $c
unbind $b
check "and another" until_true $soon true_file $c
bind $b
check "they come back in another order" until_true $soon true_file $b $c
bind $a
check "so that the numbers change hands" until_true $soon true_file $a $b $c
check "step by step, no document was false when the observer looked" \
  same "$(grep -v '^true' /tmp/observed)" ""

# Without a pause, so that a number may go to the next device while a document is written.
for order in "$b $c $a" "$c $b $a" "$b $a $c" "$a $c $b"; do
  for address in $a $b $c; do unbind $address; done
  for address in $order; do bind $address; done
done
check "after exchanges without a pause the file is true" until_true $soon true_file $a $b $c
check "no document gave two devices one node" same "$(grep '^twice' /tmp/observed)" ""
note "$(grep -c '^true' /tmp/observed) documents true when the observer looked, $(grep -c '^false' /tmp/observed) overtaken"

check "the mode is 0644" same "$(stat -c %a $file)" 644
check "nothing else is left beside it" only /run/cdi vfio-names-pci.json
check "the service never fell" has NRestarts 0
check "stop" systemctl stop $unit
check "the end takes the file away" absent $file
kill $observer
check "its exposure is at most 1.1 by systemd's own measure" \
  bash -c 'mkdir /tmp/unit && cp -r /project/packaging/systemd/vfio-names.service /tmp/unit/ &&
    mkdir /tmp/unit/vfio-names.service.d && cp /project/packaging/systemd/cdi.conf /tmp/unit/vfio-names.service.d/ &&
    systemd-analyze security --offline=yes --threshold=11 /tmp/unit/vfio-names.service'
sed 's/^/# /' /tmp/observed
journalctl -b --no-pager -u $unit 2>/dev/null | tail -n 30 | sed 's/^/# /'

# With cdi.conf the service keeps a CDI file up to date while devices are bound, unbound and change their numbers; an
# independent observer checks each document that is written.
# kernels: both group
# devices: three
# init: systemd
# rules: no
# timeout: 1500
# cpus: 2

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
soon=120
file=/run/cdi/vfio-names-pci.json
. /project/test/integration/vm/guest/watch.sh

# nodes: `ADDRESS=NODE` of each device in the file, sorted.
nodes() {
  [[ ! -e $file ]] || node -p '
    JSON.parse(fs.readFileSync(process.argv[1], "utf8")).devices
      .map(({ name, containerEdits }) => `${name}=${containerEdits.deviceNodes[0].hostPath}`)
      .sort().join("\n")' $file
}
# expected ADDRESS...: the same lines by sysfs.
expected() {
  local address
  for address; do
    if [[ -e /dev/vfio/devices ]]; then
      echo "$address=/dev/vfio/devices/$(vfio_of $pci/$address)"
    else
      echo "$address=/dev/vfio/$(basename "$(readlink $pci/$address/iommu_group)")"
    fi
  done
}
# observed: the same lines of the last document that the observer saw.
observed() { tail -n 1 /tmp/observed | cut -d ' ' -f 2- | tr ' ' '\n' | sort; }
file_correct() { same "$(nodes)" "$(expected "$@")" && same "$(observed)" "$(expected "$@")"; }
# written N: the observer has seen at least N documents.
written() { (($(wc -l </tmp/observed) >= $1)); }

check "udevd ends" end_udev
mkdir -p /run/cdi
node /project/test/integration/vm/guest/cdi-observer.mjs $file >/tmp/observed &
observer=$!
check "the observer runs" until_true $soon written 1

install_unit /project/packaging/systemd/cdi.conf
check "systemd-analyze verify reports nothing about the drop-in" \
  same "$(systemd-analyze verify --man=no /run/systemd/system/$unit 2>&1 | grep -F $unit)" ""
check "the service starts" systemctl start $unit
check "there is no CDI file without a device" absent $file
for address in $a $b $c; do
  bind $address
done
check "the CDI file has three devices" until_true $soon file_correct $a $b $c
unbind $b
check "the service removes an unbound device from the CDI file" until_true $soon file_correct $a $c
bind $b
check "the service adds a device that is bound again" until_true $soon file_correct $a $b $c
unbind $a
check "the CDI file has two devices after the next unbind" until_true $soon file_correct $b $c
unbind $b
check "the CDI file has one device after another unbind" until_true $soon file_correct $c
bind $b
check "the CDI file has two devices after a bind in another order" until_true $soon file_correct $b $c
bind $a
check "the CDI file is correct after devices changed their numbers" until_true $soon file_correct $a $b $c
check "every document so far was correct when the observer read it" \
  same "$(grep -v '^true' /tmp/observed)" ""

# Without a pause, so that the kernel may reuse a number while the service writes a document.
for order in "$b $c $a" "$c $b $a" "$b $a $c" "$a $c $b"; do
  for address in $a $b $c; do unbind $address; done
  for address in $order; do bind $address; done
done
check "the CDI file is correct after exchanges without a pause" until_true $soon file_correct $a $b $c
check "no document has the same node for two devices" same "$(grep '^twice' /tmp/observed)" ""
note "$(grep -c '^true' /tmp/observed) documents were correct when the observer read them, $(grep -c '^false' /tmp/observed) outdated"

check "the CDI file has mode 0644" same "$(stat -c %a $file)" 644
check "the directory has no other file" only /run/cdi vfio-names-pci.json
check "the service was not restarted" has NRestarts 0
check "stop" systemctl stop $unit
check "the service removes the CDI file when it ends" absent $file
kill $observer
check "systemd-analyze security rates the exposure at 1.1 or less" \
  bash -c 'mkdir /tmp/unit && cp -r /project/packaging/systemd/vfio-names.service /tmp/unit/ &&
    mkdir /tmp/unit/vfio-names.service.d && cp /project/packaging/systemd/cdi.conf /tmp/unit/vfio-names.service.d/ &&
    systemd-analyze security --offline=yes --threshold=11 /tmp/unit/vfio-names.service'
sed 's/^/# /' /tmp/observed
journalctl -b --no-pager -u $unit 2>/dev/null | tail -n 30 | sed 's/^/# /'

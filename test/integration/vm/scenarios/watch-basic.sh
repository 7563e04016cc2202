# Without udevd the service creates, updates, corrects and removes the links, by events only.
# kernels: both
# devices: three
# rules: no

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
soon=60

udevadm control --exit
check "udevd ends" until_true $soon not pgrep -x systemd-udevd
rm -f /run/udev/control

# The rescan interval is longer than this scenario, so that the service reacts to events only.
start() {
  rm -f /tmp/figures.prom
  node /project/dist/vfio-names.cjs watch --json --interval 3600 \
    --metrics /tmp/figures.prom >>/tmp/lines 2>>/tmp/troubles &
  service=$!
}
# logged TEXT: a line of the service's output contains the text.
logged() { grep -qF -- "$1" /tmp/lines; }
names() { only /dev/vfio/pci "$@" && pci_links_correct "$@"; }

start
check "the service completes its first pass" until_true $soon test -e /tmp/figures.prom
check "the service creates no directory without a device" absent /dev/vfio/pci

for address in $a $b $c; do bind $address; done
check "the service creates all three links" until_true $soon names $a $b $c
unbind $b
check "the service removes the link of an unbound device" until_true $soon names $a $c

# Exchange the numbers of the two devices.
unbind $a
unbind $c
bind $c
bind $a
check "the service updates the links after two devices exchanged numbers" until_true $soon names $a $c

rm -rf /dev/vfio/pci
check "the service restores removed links" until_true $soon names $a $c
ln -sfn ../devices/vfio999 /dev/vfio/pci/$a
check "the service corrects a link with a wrong target" until_true $soon names $a $c

# Only the node disappears, the device stays in sysfs: as in a container or where a device manager creates nodes late.
node=/dev/vfio/devices/$(vfio_of $pci/$c)
mv "$node" /dev/kept
check "the service removes the link of a device whose node is gone" until_true $soon names $a
mv /dev/kept "$node"
check "the service creates the link when the node appears" until_true $soon names $a $c

rm -rf /dev/vfio
for address in $a $c; do unbind $address && bind $address; done
check "the service creates the links after /dev/vfio was removed and created again" until_true $soon names $a $c
unbind $a
unbind $c
check "the service removes the directory with the last link" until_true $soon absent /dev/vfio/pci

# The service removes an empty directory of links, so rename one that already contains the file.
mkdir /dev/vfio/.new
echo mine >/dev/vfio/.new/$b
mv /dev/vfio/.new /dev/vfio/pci
bind $b
check "the service reports a file in place of a link" until_true $soon logged '"blocked"'
check "the service does not change the file" same "$(</dev/vfio/pci/$b)" mine
rm /dev/vfio/pci/$b
check "the service creates the link after the file is removed" until_true $soon names $b

kill -9 $service
wait $service 2>/dev/null
ln -sfn ../devices/vfio999 /dev/vfio/pci/$b
bind $a
start
check "the service corrects the links after kill -9 and a restart" until_true $soon names $a $b

mkdir -p /run/vfio-names
echo '[nonsense]' >/run/vfio-names/10.toml
kill -HUP $service
check "the service rejects an invalid policy" until_true $soon grep -q 'still using the previous one' /tmp/troubles
check "the service changes no link after an invalid policy" names $a $b
printf '[names]\nby-tag = true\n' >/run/vfio-names/10.toml
kill -HUP $service
check "the service applies a new policy after SIGHUP" \
  until_true $soon link_correct /dev/vfio/by-tag/pci-0000_00_04_0 $pci/$a

kill -TERM $service
status=0
wait $service || status=$?
check "the service exits with status 0 on SIGTERM" same $status 0
check "the links remain after the service has ended" names $a $b
check "no temporary file is left" same "$(find /dev/vfio -name '.*')" ""
sed 's/^/# /' /tmp/lines /tmp/troubles

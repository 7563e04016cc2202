# Without udevd the service makes, moves, mends and removes the names, on events alone.
# kernels: both
# devices: three
# rules: no

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
soon=60

udevadm control --exit
check "udevd is gone" until_true $soon not pgrep -x systemd-udevd
rm -f /run/udev/control

# No rescan in the time of this scenario: what is found, an event has told.
start() {
  rm -f /tmp/figures.prom
  node --jitless --no-expose-wasm --optimize-for-size /project/dist/vfio-names.cjs watch --json --interval 3600 \
    --metrics /tmp/figures.prom >>/tmp/lines 2>>/tmp/troubles &
  service=$!
}
# told TEXT: a line of the service has it.
told() { grep -qF -- "$1" /tmp/lines; }
names() { only /dev/vfio/pci "$@" && true_pci "$@"; }

start
check "the service has looked once" until_true $soon test -e /tmp/figures.prom
check "with nothing bound no directory is made" absent /dev/vfio/pci

for address in $a $b $c; do bind $address; done
check "all three names come" until_true $soon names $a $b $c
unbind $b
check "a name goes with its device" until_true $soon names $a $c

# The two exchange their numbers.
unbind $a
unbind $c
bind $c
bind $a
check "names follow an exchange of numbers" until_true $soon names $a $c

rm -rf /dev/vfio/pci
check "names that were removed by hand come back" until_true $soon names $a $c
ln -sfn ../devices/vfio999 /dev/vfio/pci/$a
check "a name that was turned elsewhere is mended" until_true $soon names $a $c

# The devices stay in sysfs all the while: the node alone decides, as in a container or where a manager of /dev is late.
node=/dev/vfio/devices/$(vfio_of $pci/$c)
mv "$node" /dev/kept
check "a name goes with its node" until_true $soon names $a
mv /dev/kept "$node"
check "and comes as soon as the node is there" until_true $soon names $a $c

rm -rf /dev/vfio
for address in $a $c; do unbind $address && bind $address; done
check "names come back after /dev/vfio was removed and made anew" until_true $soon names $a $c
unbind $a
unbind $c
check "the last names go with their directory" until_true $soon absent /dev/vfio/pci

# The service removes an empty directory of names, so it comes with the file in it.
mkdir /dev/vfio/.new
echo mine >/dev/vfio/.new/$b
mv /dev/vfio/.new /dev/vfio/pci
bind $b
check "a file in the way is told of" until_true $soon told '"in-the-way"'
check "and is left alone" same "$(</dev/vfio/pci/$b)" mine
rm /dev/vfio/pci/$b
check "the name comes when it is moved away" until_true $soon names $b

kill -9 $service
wait $service 2>/dev/null
ln -sfn ../devices/vfio999 /dev/vfio/pci/$b
bind $a
start
check "after kill -9 the next start mends what came meanwhile" until_true $soon names $a $b

mkdir -p /run/vfio-names
echo '[nonsense]' >/run/vfio-names/10.toml
kill -HUP $service
check "a wrong policy is refused" until_true $soon grep -q 'the old one stays' /tmp/troubles
check "and changes nothing" names $a $b
printf '[names]\nby-tag = true\n' >/run/vfio-names/10.toml
kill -HUP $service
check "a new policy is taken at SIGHUP" \
  until_true $soon true_name /dev/vfio/by-tag/pci-0000_00_04_0 $pci/$a

kill -TERM $service
status=0
wait $service || status=$?
check "SIGTERM ends it with status 0" same $status 0
check "the names stay" names $a $b
check "nothing temporary is left" same "$(find /dev/vfio -name '.*')" ""
sed 's/^/# /' /tmp/lines /tmp/troubles

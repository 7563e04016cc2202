# The Debian package on a clean host: it creates links, its program and its units work, and nothing is left after it is purged.
# kernels: both
# devices: three
# init: systemd
# rules: no
# root: writable
# packages: yes
# timeout: 1200

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
files=/project/packages

check "bind a function before anything is installed" bind $a
settle
check "the function has no link" absent /dev/vfio/pci

check "install the package" dpkg --install $files/vfio-names_*.deb
settle
check "the bound function's link is correct after installation" pci_links_correct $a
check "bind another function" bind $b
settle
check "both links are correct" pci_links_correct $a $b
check "the device unit is active" \
  until_true 60 systemctl is-active "dev-vfio-pci-$a.device"
check "the program is a native one" same "$(head -c 4 /usr/bin/vfio-names | tail -c 3)" ELF
check "list prints both devices" same \
  "$(vfio-names list --json | node -p 'JSON.parse(require("fs").readFileSync(0)).devices.map((one) => one.name).join(" ")')" "$a $b"
check "verify finds nothing" vfio-names verify
check "resolve prints the node" same "$(vfio-names resolve $b)" "/dev/vfio/devices/$(vfio_of $pci/$b)"
check "probe opens the device" vfio-names probe $b
# shellcheck disable=SC2016 # expanded by the inner shell
check "exec passes the open device to a program" same "$(vfio-names exec $b -- sh -c 'readlink /proc/self/fd/$0' '{fd}')" \
  "/dev/vfio/devices/$(vfio_of $pci/$b)"
check "the service is not enabled" not systemctl is-enabled --quiet vfio-names.service
check "starting the service succeeds while udev runs" systemctl start vfio-names.service
check "the service does not run because its condition fails" \
  same "$(systemctl show --property ConditionResult vfio-names.service)" ConditionResult=no

printf '[names]\nby-tag = true\n' >/etc/vfio-names/10-tag.toml
check "rules install" vfio-names rules install
settle
check "the policy's by-tag link is correct" link_correct /dev/vfio/by-tag/pci-0000_00_05_0 $pci/$b
check "rules uninstall" vfio-names rules uninstall
settle
check "the by-tag links are removed" absent /dev/vfio/by-tag
check "the links of the package's rules are correct" pci_links_correct $a $b

check "remove the package" dpkg --remove vfio-names
check "the administrator's policy is kept" test -e /etc/vfio-names/10-tag.toml
settle
check "all links are removed" absent /dev/vfio/pci
check "there is no link below /dev/vfio" same "$(find /dev/vfio -type l)" ""
check "the nodes exist" test -c /dev/vfio/devices/"$(vfio_of $pci/$a)" -a -c /dev/vfio/devices/"$(vfio_of $pci/$b)"
check "bind a third function" bind $c
settle
check "the third function has no link" absent /dev/vfio/pci

check "purge the package" dpkg --purge vfio-names
check "no file of the package is left" same \
  "$(find /etc /usr /var -xdev \( -name '*vfio-names*' -o -name '*vfio_id*' \) ! -path '/var/cache/*' ! -path '/var/log/*')" ""

# The service, on a host whose udev has ended.
. /project/test/integration/vm/guest/watch.sh
check "install the package again" dpkg --install $files/vfio-names_*.deb
check "udevd ends" end_udev
rm -rf /dev/vfio/pci
check "the service starts without udevd" systemctl start $unit
check "the service runs the native program of the package" same "$(readlink "/proc/$(show MainPID)/exe")" /usr/bin/vfio-names
check "the links are correct when the service is ready" pci_links_correct $a $b $c
note "memory of the service: $(show MemoryCurrent) bytes"
check "purge the package while the service runs" dpkg --purge vfio-names
check "the service has ended" until_true 60 not pgrep -f 'vfio-names watch'

# The Debian packages on a host that has nothing of ours: a name after the first, the program after the second, and
# nothing left when they go.
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
check "it has no name" absent /dev/vfio/pci

check "install the udev package" dpkg --install $files/vfio-names-udev_*.deb
settle
check "the function that was bound has its name, without any further step" true_pci $a
check "bind another" bind $b
settle
check "both names are true" true_pci $a $b
check "systemd has the device's unit" \
  until_true 60 systemctl is-active "dev-vfio-pci-$a.device"
check "no program of ours runs on Node for this" not test -e /usr/bin/vfio-names

check "install the main package" dpkg --install $files/vfio-names_*.deb
check "vfio-names lists both" same \
  "$(vfio-names list --json | node -p 'JSON.parse(require("fs").readFileSync(0)).devices.map((one) => one.name).join(" ")')" "$a $b"
check "verify finds no fault" vfio-names verify
check "resolve gives the node" same "$(vfio-names resolve $b)" "/dev/vfio/devices/$(vfio_of $pci/$b)"
check "probe opens the device through the package's koffi" vfio-names probe $b
check "the service is off" not systemctl is-enabled --quiet vfio-names.service
check "and stands down where udev runs" systemctl start vfio-names.service
check "since its condition does not hold" \
  same "$(systemctl show --property ConditionResult vfio-names.service)" ConditionResult=no

printf '[names]\nby-tag = true\n' >/etc/vfio-names/10-tag.toml
check "a policy becomes rules" vfio-names rules install
settle
check "with more names" true_name /dev/vfio/by-tag/pci-0000_00_05_0 $pci/$b
check "which go with the policy's rules" vfio-names rules uninstall
settle
check "as they came" absent /dev/vfio/by-tag
check "and those of the package are there" true_pci $a $b

check "remove the main package" dpkg --remove vfio-names
check "names do not need it" true_pci $a $b
check "the admin's policy is kept" test -e /etc/vfio-names/10-tag.toml
check "remove the udev package" dpkg --remove vfio-names-udev
settle
check "all names are gone" absent /dev/vfio/pci
check "nothing below /dev/vfio dangles" same "$(find /dev/vfio -type l)" ""
check "the nodes are there" test -c /dev/vfio/devices/"$(vfio_of $pci/$a)" -a -c /dev/vfio/devices/"$(vfio_of $pci/$b)"
check "bind a third" bind $c
settle
check "it has no name" absent /dev/vfio/pci

check "purge both" dpkg --purge vfio-names vfio-names-udev
check "nothing of ours is left" same \
  "$(find /etc /usr /var -xdev \( -name '*vfio-names*' -o -name '*vfio_id*' \) ! -path '/var/cache/*' ! -path '/var/log/*')" ""

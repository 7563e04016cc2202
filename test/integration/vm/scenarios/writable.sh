# A scenario with `# root: writable` can write to the root, and the changes are discarded.
# kernels: both
# devices: one
# root: writable

address=0000:00:04.0

check "the root can be written" touch /usr/bin/new /etc/new
check "a file of the root can be changed" bash -c 'echo changed >>/etc/issue && grep -q changed /etc/issue'
check "a directory of the root can be renamed and removed" bash -c 'cp -a /etc/udev /etc/udev.new && mv /etc/udev.new /etc/other && rm -r /etc/other'
check "a program that is copied to the root runs" bash -c 'cp /bin/true /usr/local/bin/mine && mine'
mkdir -p /tmp/package/DEBIAN /tmp/package/usr/share/lab
printf '%s\n' "Package: lab" "Version: 1" "Architecture: all" "Maintainer: lab <lab@localhost>" "Description: lab" >/tmp/package/DEBIAN/control
echo here >/tmp/package/usr/share/lab/file
check "build a package" dpkg-deb --build /tmp/package /tmp/lab.deb
check "install the package" dpkg --install /tmp/lab.deb
check "the package's file exists" same "$(cat /usr/share/lab/file)" here
check "the shares are mounted in their places" test -e /project/package.json -a -e /project/node_modules/koffi -a -w /results
check "/mnt is empty" only /mnt
check "bind" bind $address
settle
check "the link is correct" pci_links_correct $address

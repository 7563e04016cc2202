# The same as initramfs, with an image made by dracut.
# kernels: both
# devices: bridge
# initramfs: dracut
# kernel-command-line: vfio-pci.ids=8086:100e
# rules: families
# root: writable
# timeout: 900

. /project/test/integration/vm/scenarios/initramfs.sh

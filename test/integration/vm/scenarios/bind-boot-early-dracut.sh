# The same as bind-boot-early, with an image made by dracut.
# kernels: debian
# devices: two-pairs
# cpus: 2
# init: systemd
# rules: bind-twins
# root: writable
# initramfs: dracut
# kernel-command-line: systemd.default_device_timeout_sec=900
# timeout: 1200

. /project/test/integration/vm/scenarios/bind-boot-early.sh

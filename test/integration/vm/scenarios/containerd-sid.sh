# A container of containerd of Debian sid gets the device that it requests by its CDI name and no other, through the CRI as from
# a kubelet and by ctr, while `watch --cdi` keeps the file up to date.
# kernels: both group
# devices: three
# clients: sid
# timeout: 2400

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
soon=120
file=/run/cdi/vfio-names-pci.json
image=docker.io/lab/busybox:1
. /project/test/integration/vm/guest/clients.sh

# An image whose only layer has busybox, as `docker save` writes it. Its command is also that of the container that keeps a pod.
rootfs=/tmp/rootfs
mkdir -p $rootfs/{bin,dev,etc,proc,sys,tmp} /tmp/image
cp "$(command -v busybox)" $rootfs/bin/busybox
for word in sh cat cd find mknod sed sleep sort; do ln -s busybox $rootfs/bin/$word; done
tar -C $rootfs -cf /tmp/image/layer.tar .
cat >/tmp/image/config.json <<JSON
{"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sleep", "1000"], "Env": ["PATH=/bin"]},
  "rootfs": {"type": "layers", "diff_ids": ["sha256:$(sha256sum /tmp/image/layer.tar | cut -d ' ' -f 1)"]}}
JSON
echo '[{"Config": "config.json", "RepoTags": ["lab/busybox:1"], "Layers": ["layer.tar"]}]' >/tmp/image/manifest.json
tar -C /tmp/image -cf $sid/tmp/image.tar manifest.json config.json layer.tar

# What is written by containerd lies in memory, but not in an overlay, since it makes overlays of its own there.
mkdir -p $sid/var/lib/containerd $sid/etc/containerd
mount -t tmpfs tmpfs $sid/var/lib/containerd
cat >$sid/etc/containerd/config.toml <<TOML
version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = '$image'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
BinaryName = '/tmp/runc'
TOML
# The kernel has no cpu controller, and containerd limits each pod's share of the processor.
cat >$sid/tmp/runc <<'SH'
#!/bin/sh
[ ! -e config.json ] || sed -i 's/"cpu":{"shares":[0-9]*}/"cpu":{}/' config.json
exec /usr/sbin/runc "$@"
SH
chmod 755 $sid/tmp/runc

# by_cri DEVICE COMMAND..., by_ctr DEVICE COMMAND...: run a container with this CDI device (or none); set `out` and `got`.
by_cri() {
  got=0
  out=$(timeout 300 node /project/test/integration/vm/guest/cri.mjs /run/containerd/containerd.sock $image "$@" 2>&1) || got=$?
}
by_ctr() {
  local device=(--device "$1")
  [[ -n $1 ]] || device=()
  shift
  got=0
  out=$(timeout 300 chroot $sid ctr --namespace k8s.io run --rm --runc-binary /tmp/runc "${device[@]}" \
    $image "lab-$RANDOM" "$@" 2>&1) || got=$?
}
status() { same "$got" "$1" || { echo "$out" && return 1; }; }
output_has() {
  echo "$out"
  [[ $out == *"$1"* ]]
}
line() { same "$(sed -n "s/^$1: //p" <<<"$out")" "$2"; }
name_of() { echo "vfio-names.dev/pci=$1"; }
# node_of ADDRESS: the node that a container must get, by sysfs.
node_of() {
  if [[ -e /dev/vfio/devices ]]; then
    echo "/dev/vfio/devices/$(vfio_of $pci/$1)"
  else
    echo "/dev/vfio/$(basename "$(readlink $pci/$1/iommu_group)")"
  fi
}
# lists ADDRESS...: the CDI file has these devices with their nodes, and is not older than these: containerd keeps the numbers of
# nodes until the file changes, and a group gets another number with the same node.
lists() {
  local address
  for address; do
    [[ ! $(node_of $address) -nt $file ]] || { echo "the node of $address is newer than $file" && return 1; }
  done
  same "$(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).devices
    .map(({ name, containerEdits }) => `${name}=${containerEdits.deviceNodes[0].hostPath}`).sort().join("\n")' $file)" \
    "$(for address; do echo "$address=$(node_of $address)"; done)"
}
inside='
  echo "nodes: $(cd /dev/vfio && find . -type c | sort | sed s,^./,,)" | sed -n "H; \${x; s/\n/ /g; s/^ //; p}"
  (exec 3<>$0) && echo "open: yes"
  (exec 3<>$1) && echo "iommu: yes"
  mknod /tmp/other c ${2%:*} ${2#*:} && echo "made: yes"
  (exec 3<>/tmp/other) 2>/tmp/error || echo "other: no"
  echo "why: $(sed "s/.*: //" /tmp/error)"'
# gets_only WAY ADDRESS OTHER: a container that requests the device at ADDRESS gets it, and cannot open the one at OTHER.
gets_only() {
  local node nodes common=/dev/iommu
  node=$(node_of "$2") nodes=${node#/dev/vfio/}
  # Nodes of groups come with the node of the container.
  [[ -e /dev/vfio/devices ]] || common=/dev/vfio/vfio nodes="$nodes vfio"
  "by_$1" "$(name_of "$2")" sh -c "$inside" "$node" $common "$(stat -c %Hr:%Lr "$(node_of "$3")")"
  check "$1, $2: the container exits with status 0" status 0
  check "$1, $2: it has only the node of its device" line nodes "$nodes"
  check "$1, $2: it can open the node" line open yes
  check "$1, $2: it can open $common" line iommu yes
  check "$1, $2: it can create a node for another device" line made yes
  check "$1, $2: it cannot open the other device" line other no
  check "$1, $2: the device cgroup denies it" line why "Operation not permitted"
}

mkdir -p /run/cdi
$vfio_names_command watch --cdi $file >/tmp/lines 2>/tmp/troubles &
watch=$!
check "the service starts" until_true $soon grep -q watching /tmp/lines
for address in $a $b; do bind $address; done
check "the CDI file has two devices" until_true $soon lists $a $b
note "$(in_sid containerd --version), $(in_sid runc --version | head -n 1)"
# Its streaming server listens on 127.0.0.1.
ip link set lo up
# Not by chroot: what `runc exec` starts has the root of the mount namespace, and containers must have been pivoted from that.
# shellcheck disable=SC2016 # expanded by the inner shell
unshare --mount --propagation private bash -c 'cd "$0" && pivot_root . mnt && umount -l /mnt && exec containerd' $sid \
  >/tmp/containerd.log 2>&1 &
check "containerd starts" until_true 300 in_sid ctr version
check "containerd imports the image" in_sid ctr --namespace k8s.io images import /tmp/image.tar

for way in cri ctr; do
  gets_only $way $a $b
  gets_only $way $b $a
  "by_$way" "" find /dev/vfio
  check "$way: a container without a device has no /dev/vfio" output_has "No such file or directory"
  "by_$way" "$(name_of $c)" sleep 0
  check "$way: a device that is not bound is rejected" output_has "unresolvable CDI devices $(name_of $c)"
done

# The same daemon sees what the service writes: the two devices exchange their numbers.
for address in $a $b; do unbind $address; done
for address in $b $a; do bind $address; done
check "the CDI file is correct after the exchange" until_true $soon lists $a $b
gets_only cri $a $b
unbind $a
check "the CDI file has one device after an unbind" until_true $soon lists $b
by_cri "$(name_of $a)" sleep 0
check "the device is rejected then" output_has "unresolvable CDI devices $(name_of $a)"
kill $watch
wait $watch
check "the service has removed the CDI file" absent $file
by_cri "$(name_of $b)" sleep 0
check "without the file every device is rejected" output_has "unresolvable CDI devices $(name_of $b)"
check "the service reported no problem" same "$(grep -v 'left out' /tmp/troubles)" ""
sed 's/^/# /' /tmp/lines /tmp/troubles
grep -iE 'level=(error|fatal)|cdi' /tmp/containerd.log | tail -n 20 | sed 's/^/# /'

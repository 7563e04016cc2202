# The DaemonSet's container by its own words, without a cluster: its command line, its mounts, a root
# that can't be written, and no capability. Names and CDI file are kept, and nothing else can be changed.
# kernels: both
# devices: three
# rules: no
# timeout: 900

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
soon=120
pod=/tmp/pod
file=/run/cdi/vfio-names-pci.json
mkdir -p $pod /run/cdi

# manifest EXPRESSION: of the pod's specification, a line a value.
manifest() {
  node -p "const { volumes, containers: [{ args, volumeMounts }] } =
    require('/project/node_modules/yaml').parse(fs.readFileSync('/project/packaging/kubernetes/daemonset.yaml', 'utf8'))
      .spec.template.spec; ($1).join('\n')"
}
mapfile -t args < <(manifest args)
mapfile -t mounts < <(manifest "volumeMounts.map(({ name, mountPath, readOnly }) =>
  [volumes.find((volume) => volume.name === name).hostPath.path, mountPath, readOnly ? 'ro' : 'rw'].join(' '))")
check "the manifest has arguments and mounts" test ${#args[@]} -gt 3 -a ${#mounts[@]} -gt 3

# container COMMAND...: runs it in the container's world; what comes from the image is the guest's own.
container() {
  # shellcheck disable=SC2016
  unshare --mount --propagation private bash -euc '
    pod=$1 count=$2
    mount -t tmpfs tmpfs "$pod"
    mkdir "$pod"/{usr,project,proc}
    for link in bin sbin lib lib64; do [[ ! -L /$link ]] || ln -s "usr/$link" "$pod/$link"; done
    for path in usr project proc; do mount --rbind "/$path" "$pod/$path"; done
    shift 2
    for ((; count > 0; count--)); do
      read -r from to how <<<"$1"
      shift
      mkdir -p "$pod$to"
      mount --bind "$(realpath -m "$from")" "$pod$to"
      [[ $how == rw ]] || mount -o remount,bind,ro "$pod$to"
    done
    mount -o remount,ro "$pod"
    exec chroot "$pod" setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
  ' bash $pod ${#mounts[@]} "${mounts[@]}" "$@"
}
# The manifest says /var/run, which is a link to /run on any host.
check "the guest has /var/run as hosts have it" same "$(realpath /var/run)" /run

check "its root can't be written" not container touch /x
check "nor /dev of the host" not container touch /host/dev/x
check "nor a setting of the kernel" not container sh -c 'echo 1 >/host/sys/bus/pci/rescan'
check "it can write where it must" container sh -c 'touch /host/dev/vfio/.x /var/run/cdi/.x &&
  rm /host/dev/vfio/.x /var/run/cdi/.x'

container node /project/dist/vfio-names.cjs "${args[@]}" >/tmp/lines 2>/tmp/troubles &
job=$!
names() { only /dev/vfio/pci "$@" && true_pci "$@"; }
listed() {
  same "$(node -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).devices
    .map(({ name, containerEdits }) => `${name}=${containerEdits.deviceNodes[0].hostPath}`).sort().join("\n")' $file)" \
    "$(for address; do echo "$address=/dev/vfio/devices/$(vfio_of $pci/$address)"; done)"
}
check "it runs" until_true $soon grep -q watching /tmp/lines
service=$(pgrep -fx 'node /project/dist/vfio-names.cjs watch .*')
check "it has no capability" same "$(awk '/^Cap(Eff|Bnd|Prm)/ { print $2 }' /proc/$service/status | sort -u)" \
  0000000000000000
for address in $a $b; do bind $address; done
check "names come on the host" until_true $soon names $a $b
check "and the file" until_true $soon listed $a $b
unbind $a
bind $c
check "both follow" until_true $soon listed $b $c
check "the names, too" until_true $soon names $b $c
kill $service
status=0
wait $job || status=$?
check "SIGTERM ends it with status 0" same $status 0
check "the file goes" absent $file
check "it had no trouble" same "$(grep -v 'left out' /tmp/troubles)" ""
sed 's/^/# /' /tmp/lines /tmp/troubles

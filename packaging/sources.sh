# shellcheck shell=bash
# The source files of packages. Sourced with the checkout as working directory.

# Packages have the same modes for everyone who builds them.
umask 022

# source_files: prints the files that a package is built from, one per line, including uncommitted ones.
source_files() {
    local places=(src templates rules packaging LICENSE README.md CHANGELOG.md package.json package-lock.json tsconfig.json .npmrc)
    if [ -e .git ]; then
        # git still lists files that were removed but not committed.
        git ls-files --cached --others --exclude-standard -- "${places[@]}" | while read -r file; do
            [ ! -e "$file" ] || echo "$file"
        done
    else
        find "${places[@]}" -type f ! -name '*.gen.ts' ! -path src/policy/validate-policy.js
    fi | LC_ALL=C sort -u
}

# source_key: prints a hash of these files and of the machine.
source_key() {
    { source_files && source_files | xargs sha256sum && uname -m; } | sha256sum | cut -c 1-16
}

# source_epoch: prints the modification time for the files of a package, in seconds: the date of the Debian changelog.
source_epoch() {
    echo "${SOURCE_DATE_EPOCH:-$(date -d "$(sed -n 's/^ -- .*>  //p' packaging/debian/changelog | head -n 1)" +%s)}"
}

# The npm packages from which the programs are bundled, and those that the bundler and the generators need.
source_modules=(smol-toml)
build_modules=(esbuild @esbuild ajv fast-deep-equal fast-uri json-schema-traverse require-from-string handlebars source-map)

# prepare_source DIRECTORY [MODULE...]: copies the files and these packages of node_modules there, so that the build requires
# no network.
prepare_source() {
    local directory=$1 module
    shift
    mkdir -p "$directory"
    source_files | tar --create --no-recursion --files-from - | tar --extract --directory "$directory"
    for module; do
        [ -d "node_modules/$module" ] || { echo "expected node_modules/$module, found none; run npm ci" >&2 && return 2; }
    done
    tar --create "${@/#/node_modules/}" | tar --extract --directory "$directory"
    chmod -R u=rwX,go=rX "$directory"
}

# pack_tree DIRECTORY NAME FILE: packs the directory as NAME/ into a tarball that depends only on the files.
pack_tree() {
    chmod -R u=rwX,go=rX "$1"
    tar --create --sort=name --format=gnu --mtime="@$(source_epoch)" --owner=0 --group=0 --numeric-owner \
        --transform "s,^\.,$2," --directory "$1" . | gzip -9 -n > "$3.part"
    mv "$3.part" "$3"
}

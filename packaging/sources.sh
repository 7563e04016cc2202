# shellcheck shell=bash
# The source files of packages. Sourced with the checkout as working directory.

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

# prepare_source DIRECTORY: copies the files and node_modules there, so that the build requires no network.
prepare_source() {
    mkdir -p "$1"
    source_files | tar --create --no-recursion --files-from - | tar --extract --directory "$1"
    [ -e node_modules/.package-lock.json ] || { echo "expected node_modules as npm ci makes it, found none" >&2 && return 2; }
    # The linter is not needed for the build.
    tar --create --exclude node_modules/@biomejs node_modules | tar --extract --directory "$1"
}

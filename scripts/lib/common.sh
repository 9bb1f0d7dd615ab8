# Shared by the scripts; sourced, not run.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# No build server may outlive a script.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
build_flags=(--disable-build-servers -nodeReuse:false -v quiet)

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Prints the comment at the head of the calling script: that is its help.
help_and_exit() {
    awk 'NR > 1 && /^#/ { sub(/^# ?/, ""); print; next } NR > 1 { exit }' "$0"
    exit 0
}

need_root() {
    [ "$(id -u)" = 0 ] || die "${0##*/}: network namespaces need root: run it as root (sudo $0)"
}

need_dotnet() {
    command -v dotnet >/dev/null && return
    die "${0##*/}: the .NET SDK (10 or later) is missing: there is no 'dotnet' command.
Debian has no package of it. Two ways to get it:
  - Microsoft's package repository for Debian: https://learn.microsoft.com/dotnet/core/install/linux-debian, then: apt-get install dotnet-sdk-10.0
  - the archive from https://dotnet.microsoft.com/download/dotnet, unpacked to /usr/local/dotnet, with a link /usr/local/bin/dotnet to its 'dotnet'"
}

# need_commands COMMAND:PACKAGE...: installs the packages of the commands that are missing, and says which.
need_commands() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    if [ ! -e /usr/include/stdio.h ]; then
        case " $* " in *" gcc:gcc "*) missing+=(libc6-dev) ;; esac
    fi
    [ ${#missing[@]} -gt 0 ] || return 0
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    echo "Missing Debian packages: ${missing[*]}"
    [ "$(id -u)" = 0 ] || die "${0##*/}: install them first, or run it as root"
    command -v apt-get >/dev/null || die "${0##*/}: this is no Debian: install what these packages contain, then try again"
    install_packages "${missing[@]}"
}

# Debian starts a service when its package is installed. policy-rc.d forbids it meanwhile; what was there before comes back afterwards.
install_packages() (
    policy=/usr/sbin/policy-rc.d
    kept=$(mktemp -d)
    trap 'rm -f "$policy"; [ ! -e "$kept/policy" ] || mv "$kept/policy" "$policy"; rm -rf "$kept"' EXIT
    [ ! -e "$policy" ] || mv "$policy" "$kept/policy"
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    export DEBIAN_FRONTEND=noninteractive
    log=$kept/log
    { apt-get -qq update && apt-get -qq -y --no-install-recommends install "$@"; } >"$log" 2>&1 </dev/null || {
        cat "$log" >&2
        die "${0##*/}: could not install: $*"
    }
    # Nor may it start with the next boot.
    for package in "$@"; do
        if [ "$package" = etcd-server ] && command -v systemctl >/dev/null; then
            systemctl disable --quiet etcd.service >/dev/null 2>&1 || true
        fi
    done
)

# What publishing needs, and what the test bed needs on top.
need_publish_tools() {
    need_commands gcc:gcc objcopy:binutils
    need_dotnet
}

need_bed_tools() {
    need_commands ip:iproute2 nft:nftables etcd:etcd-server etcdctl:etcd-client ps:procps curl:curl
}

# What building packages needs.
need_package_tools() {
    need_commands objdump:binutils dpkg-deb:dpkg rpmbuild:rpm xz:xz-utils
}

# What the tests need on top of the bed.
need_test_tools() {
    need_package_tools
    need_commands chromium:chromium curl:curl openssl:openssl setpriv:util-linux debootstrap:debootstrap lintian:lintian man:man-db rpmlint:rpmlint update-ca-certificates:ca-certificates systemd-analyze:systemd zsh:zsh fish:fish unshare:util-linux
}

# The folder of the published executable: out/, published now.
publish_quietly() {
    echo "Publishing (takes a minute or two) ..."
    "$root/scripts/publish" "$root/out"
    export LINK_EXECUTABLE=$root/out/link
}

# Builds the tests, which are the test bed of run and bench, too; prints what the compiler says if that fails.
build_tests() {
    local log
    echo "Building the tests ..."
    log=$(mktemp)
    if ! dotnet build "$root/Link.Tests/Link.Tests.csproj" -c Release "${build_flags[@]}" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        die "${0##*/}: the tests do not build"
    fi
    rm -f "$log"
}

# The test program: tests, benchmark and demonstration.
tests() {
    dotnet "$root"/Link.Tests/bin/Release/*/Link.Tests.dll "$@"
}

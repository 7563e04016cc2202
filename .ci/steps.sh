# shellcheck shell=bash
# Steps of a CI run, each with a limit of seconds, below a limit for all of them. Sourced by .ci/run and .ci/full.
#
#   begin SECONDS                 starts the clock of the whole run
#   step NAME SECONDS COMMAND...  runs one step
#   give_up REASON                the steps after this one do not run
#   finish                        prints the summary; its status is that of the run
#
# A suite ends with a line `N passed, N failed[, N skipped]`, or with ava's `N tests passed` and so on. A command without
# such a line, for example npm ci, counts as one test. A step that did not run counts as a failure, and finish names it.

begin() {
    steps=$(mktemp -d) || exit 1
    trap 'stop && rm -rf "$steps"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    started=$SECONDS total=$1 running=''
    : > "$steps/results"
}

# stop: ends the step that runs; timeout passes the signal on to all processes of its group.
stop() {
    [ -z "$running" ] || kill "$running" 2> /dev/null
    return 0
}

# number PATTERN TEXT: the last number in TEXT that stands alone on a line with PATTERN behind it, or 0.
number() {
    local found
    found=$(sed -nE "s/^ *([0-9]+) $1\$/\\1/p" <<< "$2" | tail -n 1)
    echo "${found:-0}"
}

# count LOG STATUS: prints the passed, failed and skipped tests of a step.
count() {
    local text line passed failed skipped kind
    # Only the end matters, without colours.
    text=$(tail -n 100 "$1" | sed 's/\x1b\[[0-9;]*m//g')
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' <<< "$text" | tail -n 1)
    if [ -n "$line" ]; then
        IFS=' ' read -r passed _ failed _ skipped _ <<< "$line"
    else
        passed=$(number 'tests? passed' "$text") skipped=$(number 'tests? skipped' "$text") failed=0
        for kind in 'tests? failed' 'uncaught exceptions?' 'unhandled rejections?' 'tests? remained pending after a timeout'; do
            failed=$((failed + $(number "$kind" "$text")))
        done
        if [ "$2" -eq 0 ] && [ $((passed + failed + ${skipped:-0})) -eq 0 ]; then passed=1; fi
    fi
    if [ "$2" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
    echo "$passed $failed ${skipped:-0}"
}

# step NAME SECONDS COMMAND...: runs the command, shows its output, and counts the tests that it reports.
step() {
    local name=$1 limit=$2 log status=0 begun=$SECONDS left why='' passed failed skipped
    shift 2
    left=$((total - (SECONDS - started)))
    if [ -e "$steps/given-up" ] || [ "$left" -le 0 ]; then
        echo "$name not-run 0 0 1 0" >> "$steps/results"
        return 1
    fi
    if [ "$left" -lt "$limit" ]; then
        limit=$left why="what was left of the $total seconds of the whole run, $limit seconds"
    else
        why="its $limit seconds"
    fi
    echo "=== $name: $*"
    log=$steps/$name.log
    : > "$log"
    # Not through a pipe: a process that the step leaves behind would keep it open, and this script waiting.
    timeout --kill-after=20 "$limit" "$@" < /dev/null > "$log" 2>&1 &
    running=$!
    tail --lines=+1 --follow --sleep-interval=0.2 --pid="$running" "$log"
    wait "$running" || status=$?
    running=''
    IFS=' ' read -r passed failed skipped < <(count "$log" "$status")
    # timeout ends with 124, or with 137 where the command had to be killed.
    if [ $((SECONDS - begun)) -ge "$limit" ] && { [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; }; then
        echo "FAILED $name: it has used up $why"
    fi
    echo "=== $name: status $status, $passed passed, $failed failed, $skipped skipped, $((SECONDS - begun)) s"
    echo "$name $status $((SECONDS - begun)) $passed $failed $skipped" >> "$steps/results"
    return "$status"
}

# give_up REASON
give_up() {
    echo "FAILED: $1"
    : > "$steps/given-up"
}

# finish: one line a step, then the sum.
finish() {
    local name status seconds passed failed skipped all_passed=0 all_failed=0 all_skipped=0 missing=()
    echo "=== all steps, $((SECONDS - started)) of $total s"
    while read -r name status seconds passed failed skipped; do
        if [ "$status" = not-run ]; then missing+=("$name") && failed=1 passed=0 skipped=0; fi
        printf '%-12s %5s s  status %-8s %5d passed %3d failed %3d skipped\n' \
            "$name" "$seconds" "$status" "$passed" "$failed" "$skipped"
        all_passed=$((all_passed + passed)) all_failed=$((all_failed + failed)) all_skipped=$((all_skipped + skipped))
    done < "$steps/results"
    if [ "${#missing[@]}" -gt 0 ]; then
        echo "FAILED: these steps did not run: ${missing[*]}"
        [ $((SECONDS - started)) -lt "$total" ] || echo "FAILED: the whole run has used up its $total seconds"
    fi
    echo "$all_passed passed, $all_failed failed, $all_skipped skipped"
    [ "$all_failed" -eq 0 ] && [ "$all_passed" -gt 0 ]
}

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# compare and stat --baseline: verdicts of folders whose numbers are known, exit codes, what is said.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"
export XDG_STATE_HOME=$work/state # no A/A run of the developer's own

# folder DIR HOST LAUNCHES [AWK]: a run of the configs colour=0 and colour=1; awk sets v (ns), w (bytes), state, note from b and c
folder() {
	mkdir -p "$1"
	cat >"$1/run.json" <<-END
		{"format": 1, "blocks": $3, "began": "2026-01-01T00:00:00Z", "plan_hash": "0",
		 "host": {"hostname": "$2", "kernel": "6.1", "cpu_model": "X", "cpus_online": "2"},
		 "machine": {"nodes": 1}, "versions": {"flaw": ""},
		 "experiments": [{"name": "main", "first_config": 0, "configs": 2,
		   "axes": [{"name": "colour", "values": ["0", "1"]}]}],
		 "configs": [{"config": 0, "label": "colour=0", "axes": {"colour": "0"}},
		             {"config": 1, "label": "colour=1", "axes": {"colour": "1"}}]}
	END
	awk -v n="$3" "BEGIN {
		print \"# slabscope samples 3\"
		print \"trial,block,config,experiment,label,metric,value,unit,state,share,source,worker,note\"
		for (b = 0; b < n; b++) for (c = 0; c < 2; c++) {
			v = 10 + c + (b * 7 % n) / 100; w = 4096; state = \"ok\"; note = \"\"
			${4:-}
			id = sprintf(\"b%03d-c%04d,%d,%d,main,colour=%d\", b, c, b, c, c)
			printf \"%s,time.ns_per_op,%.17g,ns,exact,1,clock,-1,\\n\", id, v
			printf \"%s,slabinfo.bytes_held,%d,bytes,exact,1,engine,-1,\\n\", id, w
			printf \"%s,perf.cycles,,cycles,unavailable,1,hardware,-1,no PMU\\n\", id
			printf \"%s,perf.llc_misses,,lines,unavailable,1,hardware,-1,no PMU\\n\", id
			printf \"%s,trial.status,0,1,%s,1,runner,-1,%s\\n\", id, state, note
		}
	}" >"$1/samples.csv"
}

folder slower here 12
folder same here 12 'v = 10 + (b * 5 % n + (b + c) % 2) / 1000'
folder noisy here 12 'v = 10 + (b * 5 % n) / 10 + (b + c) % 2'
folder few here 4
folder aside here 12 'if (c && b < 8) { state = "disturbed"; note = "run_delay 31 %" }'
folder bytes here 12 'v = 10; w = 4096 * (1 + c)'
folder much here 12 'v *= 2'
folder elsewhere there 12

# each of the five verdicts, as a sentence and in the table
expect 0 compare slower
says out '^colour=1 is slower than colour=0: .* more time (ratio 1\.0.*, 95 % interval 1\.0.* to 1\.1.*, 12 pairs)$'
says out '^colour=1 .*  slower$'
says out '^confidence: 95 %; equivalent: within 1 %$'
says out 'A/A run'
expect 0 compare slower:colour=1 slower:colour=0
says out '^colour=0 is faster than colour=1: '
expect 0 compare same
says out '^colour=1 and colour=0 are equivalent: within 1 %'
expect 0 compare noisy
says out '^inconclusive: colour=1 against colour=0: .*; about [0-9]* further pairs would probably decide$'
expect 0 compare few
says out '^inconclusive: .*4 pairs: an interval needs 6$'
expect 0 compare aside
says out '^invalid: .*: 8 of 12 launches set aside (run_delay)$'
expect 0 compare bytes -m slabinfo.bytes_held
says out 'colour=1 has more slabinfo.bytes_held than colour=0: 8192 against 4096 bytes, 2.00 x (exact)'
expect 0 compare slower -m perf.cycles
says out '^invalid: .*perf.cycles is unavailable: no PMU'
expect 0 compare slower -m time.ns_per_op -m slabinfo.bytes_held
says out '^2 comparisons: 1 slower, 1 same$'

# exit codes: 3 a gate, 4 no verdict, a gate before no verdict
expect 3 compare slower --fail-on slower
says err 'fail-on slower'
expect 3 compare slower --fail-on slower:5%
expect 0 compare slower --fail-on slower:20%
expect 0 compare slower:colour=1 slower:colour=0 --fail-on slower
expect 3 compare slower:colour=1 slower:colour=0 --fail-on faster:5%
expect 0 compare noisy --fail-on slower
expect 3 compare aside --fail-on invalid
expect 3 compare bytes --fail-on 'slabinfo.bytes_held>50%'
expect 0 compare bytes --fail-on 'slabinfo.bytes_held>150%'
expect 0 compare slower --require-verdict
expect 0 compare same --require-verdict
expect 4 compare noisy --require-verdict
says err 'require-verdict: 1 of 1'
expect 4 compare aside --require-verdict
expect 3 compare noisy --require-verdict --fail-on inconclusive

# --delta and --confidence are what they say
expect 0 compare slower --delta 20%
says out 'are equivalent: within 20 %, though not the same'
expect 0 compare slower --confidence 99.99
says out '12 pairs: an interval needs 15'

# two runs: not paired, said; unlike hosts refused unless told; what differs is shown
expect 0 compare slower much
says out '^much:colour=0 is slower than slower:colour=0: 2.00 x (.*12 against 12 launches, not paired)$'
says out 'were not interleaved'
says out '^host, build and settings are the same in both runs$'
expect 0 compare slower:colour=0 slower/../much:colour=1
says out 'not paired'
expect 0 compare slower:colour=0 slower/../slower:colour=1
says out '12 pairs'
expect 2 compare slower elsewhere
says err "unlike hosts: hostname: 'here' and 'there'"
expect 0 compare slower elsewhere --unlike-hosts
says out '^differs: hostname: here -> there$'

# JSON and Markdown
expect 0 compare slower --json --explain --fail-on slower:20%
if command -v python3 >/dev/null; then
	python3 - out <<-'END' || fail "compare --json is not what it should be"
		import json, sys
		o = json.load(open(sys.argv[1]))
		r = o["results"][0]
		assert r["verdict"] == "slower" and r["better"] is False and r["pairs"] == 12, r
		assert r["lo"] < r["ratio"] < r["hi"] and r["kind"] == "paired", r
		assert r["config"]["label"] == "colour=1" and r["against"]["ok"] == 12, r
		assert o["interleaved"] and o["comparisons"] == 1 and o["fail_on"][0]["comparisons"] == 0, o
		assert "unavailable" in o["noise"], o
	END
fi
expect 0 compare slower --markdown
says out '^| config | its median | median | ratio | 95 % interval | pairs | verdict |$'
says out '^| --- | ---: | ---: |'

# what cannot be
expect 2 compare
# each of several against the first, corrected for all of them
expect 0 compare slower same few
says out '^same against slower$'
says out '^few against slower$'
expect 0 compare slower same few --json
[ "$(grep -c '"format": 1' out)" = 2 ] || fail "not two objects: $(head -n 3 out)"
expect 2 compare slower:colour=0
says err 'against what'
expect 2 compare slower:colour=0 slower:colour=0
says err 'the same config'
expect 2 compare slower:colour=0 slower:colour=2
says err "axis colour has no value '2': it has 0, 1"
expect 2 compare slower:color=0 slower:colour=1
says err "did you mean 'colour=...'"
expect 2 compare slower --baseline colour=2
says err '^slabscope compare: --baseline: '
expect 2 compare slower same --baseline colour=0
expect 2 compare slower -m time.ns_per_o
says err "did you mean 'time.ns_per_op'"
expect 2 compare slower --fail-on slowr:2%
says err "fail-on: .*did you mean 'slower'"
expect 2 compare slower --delta x
says err 'delta: expected a percentage'
expect 2 compare slower --json --markdown
expect 1 compare nowhere
says err 'nowhere: no run is there'
mkdir empty
expect 1 compare slower empty
says err 'no run is there'

# stat: the verdict's column, and one line for one reason
expect 0 stat slower --baseline colour=0
says out '  verdict  '
says out '^ *1 .*  slower  '
says out '^unavailable: perf.cycles, perf.llc_misses: no PMU$'
expect 0 stat aside
says out '4 ok, 8 disturbed$'
grep -q '^main,1,colour=1,time.ns_per_op,.*,4,0,0,0,0,8,0,$' aside/summary.csv || fail "summary.csv: $(grep time.ns aside/summary.csv)"

# what stat shows where there is no time: what was measured, and not what the settings came to
expect 0 run "${small[@]}" --workload churn --collect latency --launches 1 -o latency
expect 0 stat latency
says out '^latency\.alloc_p99 ns '
expect 0 run "${small[@]}" --collect interference --launches 1 --repeats 0 --interference-run-delay 0 -o ledger
expect 0 stat ledger
says out '^interference\.'

# a run of our own
expect 0 run "${small[@]}" --launches 6 --n 1,2 --workload hot-header -o real
expect 0 compare real -m slabinfo.bytes_held -m time.ns_per_op --explain
says out '^2 comparisons: '
exit $failed

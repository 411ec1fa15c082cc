#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slabscope tune --trace: advice for each cache of a recorded trace; what it writes is what replay takes.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

trace=$top/tests/data/small.slabtrace
few=(--vary order=auto,1 --vary limit=auto,240 --vary colour_slack=none,object --target zen4 --allow-debug on -q)

expect 0 tune --trace "$trace" "${few[@]}" --config advice.ini
cp out first
says out '^advice for 7 caches of .*small.slabtrace, by what it would gain; the model of zen4 alone'
says out '2129 allocations, 954 frees, 266 implicit frees'
says out 'more than +10 % memory are left out'
says out '^not tried: 15 with fewer than 100 records'
says out '^cache  *bytes  *records  *peak'

# the same answer from three processes at a time
expect 0 tune --trace "$trace" "${few[@]}" -j 3
cmp out first || fail "another answer with -j 3"
ls -d "${TMPDIR:-/tmp}"/slabscope-tune.* 2>/dev/null | while read -r d; do
	[ -O "$d" ] && [ "$d" -nt "$work/err" ] && echo left
done | grep -q left && fail "a folder is left behind"

# facts of the trace are those of replay --info, cache by cache
expect 0 tune --trace "$trace" "${few[@]}" --json
cp out tune.json
expect 0 replay "$trace" --info --json
python3 - tune.json out <<'END' || fail "facts differ"
import json, sys
tune, info = (json.load(open(f)) for f in sys.argv[1:])
of = {c["name"]: c for c in info["caches"]}
assert tune["decided_by"] == "model" and tune["target"] == "zen4" and tune["workers"] == 2
assert len(tune["caches"]) == 7 and tune["too_few_records"] == 15
gains = []
for c in tune["caches"]:
    i = of[c["cache"]]
    assert (c["allocs"], c["frees"], c["peak"]) == (i["allocs"], i["frees"] + i["implicit"], i["peak"]), c
    assert (c["freed_by_other_cpu"], c["object_size"], c["live_at_end"]) == \
        (i["freed_by_other_cpu"], i["object_size"], i["live_at_end"]), c
    assert c["verdict"] in ("change", "keep-default")
    if c["verdict"] == "change":
        assert c["pick"] and c["whole_ratio"] < 1 and c["bytes_per_object"] <= 1.1 * c["was"] + 1e-6, c
        gains.append(1 - c["whole_ratio"])
    else:
        assert not c["pick"] and c["ratio"] == 1, c
assert gains == sorted(gains, reverse=True) and gains, gains
assert tune["together_ratio"] < 1
END

# all of it at once, as replay does it, is what tune says it is
says advice.ini '^\[global\]'
says advice.ini '^\[cache .*\]'
length=$(python3 -c 'import json; i = json.load(open("out")); print(i["allocs"] + i["frees"] + i["implicit"] + i["live_at_end"])')
expect 0 replay "$trace" --variant "stands: | tuned: cache_toggles=advice.ini" --workers 2 --ops "$length" --warmup-ops "$length" \
	--collect model --model-who off --target zen4 --seed 1 --launches 1 --allow-debug on -q -o both
python3 - tune.json both/samples.csv <<'END' || fail "replay with the advice does not gain what tune says"
import csv, json, sys
tune = json.load(open(sys.argv[1]))
rows = [r for r in csv.reader(open(sys.argv[2])) if len(r) > 4 and "model.memory_time_per_op" in r]
v = {}
for r in rows:
    k = r.index("model.memory_time_per_op")
    name = "tuned" if any("variant=tuned" in x for x in r) else "stands"
    v.setdefault(name, float(r[k + 1]))
assert abs(v["tuned"] / v["stands"] / tune["together_ratio"] - 1) < 0.01, (v, tune["together_ratio"])
END

# one cache; and what is refused
expect 0 tune --trace "$trace" "${few[@]}" --only filp
says out '^advice for 1 cache of'
expect 2 tune --trace "$trace" "${few[@]}" --only nothing
says err "no cache of the trace is called 'nothing'"
expect 1 tune --trace no-such-file "${few[@]}"
says err 'no-such-file: No such file'
echo text >bad.txt
expect 2 tune --trace bad.txt "${few[@]}"
says err 'bad.txt'
expect 2 tune --trace "$trace" --workload churn "${few[@]}"
says err 'of the workload replay, not of churn'
expect 2 tune --trace "$trace" --caches x "${few[@]}"
expect 2 tune --workload replay "${few[@]}"
says err 'which file'
expect 2 tune --trace "$trace" --cache-toggles advice.ini "${few[@]}"
printf '[cache filp]\norder = 99\n' >bad.ini
expect 1 replay "$trace" --cache-toggles bad.ini --launches 1 --allow-debug on -q -o bad

# names that a file may hold are shown and never executed, and come back
cat >odd.txt <<'END'
sh 1 [000] 1.000001: kmem:kmem_cache_alloc: call_site=f ptr=0x10 name=<b>]; "x" bytes_req=512 bytes_alloc=512 gfp_flags=X node=-1
sh 1 [000] 1.000003: kmem:kmem_cache_free: call_site=g ptr=0x10 name=<b>]; "x"
END
expect 0 tune --trace odd.txt "${few[@]}" --only '<b>]; "x"' --json
says out '"cache": "<b>\]; \\"x\\""'

# the traces that are too large to ship
if [ -n "${SLABSCOPE_DATA_DIR:-}" ] && [ -r "$SLABSCOPE_DATA_DIR/kmem-traces/tar-tree.txt.xz" ]; then
	expect 0 tune --trace "$SLABSCOPE_DATA_DIR/kmem-traces/tar-tree.txt.xz" "${few[@]}" --top 3
	says out '^buffer_head .*order=1'
	says out '^not tried: 13 that are not among the --top'
else
	echo "SLABSCOPE_DATA_DIR is not set: the trace tar-tree of its folder kmem-traces is left out"
fi
exit $failed

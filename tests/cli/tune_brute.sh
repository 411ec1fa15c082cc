#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All that tune says of a small grid, worked out once more: each setting as a trial of its own, and the answers from
# those numbers alone. Pick, gain, price, Pareto front, what is not distinguishable, which toggle matters, how far it reaches.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

model=$(dirname "$(readlink -f "$bin")")/slabscope-model
if [ ! -x "$model" ]; then
	echo "slabscope-model is not built"
	exit 77
fi
workload=(--workload churn --n 150 --object-size 512 --ops 2000 --warmup-ops 2000)
grid=(--vary colour_slack=none,object --vary order=auto,1 --vary limit=auto,240 --vary stride_pad=0,64)

cat >brute.py <<'END'
import itertools, json, os, subprocess, sys

model = sys.argv[1]
names = ["colour_slack", "order", "limit", "stride_pad"]
values = [["none", "object"], ["auto", "1"], ["auto", "240"], ["0", "64"]]

def trial(setting, **more):
    spec = dict(workload="churn", n=150, object_size=512, ops=2000, warmup_ops=2000, collect="model", model_who="off",
                target="zen4", allow_debug="on")
    spec.update(zip(names, setting))
    spec.update(more)
    text = "".join("%s=%s\n" % kv for kv in spec.items())
    r, w = os.pipe()
    def give():
        os.dup2(w, 3)
    p = subprocess.Popen([model, "_trial"], stdin=subprocess.PIPE, pass_fds=[3], preexec_fn=give, stderr=subprocess.DEVNULL,
                         env={})
    os.close(w)
    p.stdin.write(text.encode())
    p.stdin.close()
    v = {}
    for line in os.fdopen(r):
        f = line.split()
        if f[0] == "effective" and f[2:3] and f[2].lstrip("-").isdigit():
            v[f[1]] = int(f[2])
        elif f[0] == "value" and f[2] != "-" and f[7] == "-1":
            v[f[1]] = float(f[2])
    assert p.wait() == 0
    slab = v["page_size"] << v["gfporder"]
    if v["off_slab"]:
        slab += min(s for s in [32, 64, 128, 192] + [1 << k for k in range(8, 23)] if s >= v["slab_size"])  # no size-96 with 64-byte lines
    return dict(bytes=slab / v["num"], time=v["model.memory_time_per_op"], misses=v["model.l1d_misses_per_op"],
                held=v["slabs"] * (v["page_size"] << v["gfporder"]), l2=v["model.l2_misses_per_op"])

def score(objective, now, base):
    parts = dict(time=now["time"] / base["time"], misses=now["misses"] / base["misses"], held=now["held"] / base["held"],
                 memory=now["bytes"] / base["bytes"])
    # few misses are no infinite loss where there were none
    parts["model.l2_misses_per_op"] = now["l2"] / base["l2"] if base["l2"] else 1 + now["l2"]
    terms = [t.split("*") if "*" in t else ("1", t) for t in objective.split("+")]
    return sum(float(w) * parts[n] for w, n in terms) / sum(float(w) for w, n in terms)

def near(a, b, what, by=2e-4):
    assert abs(a - b) <= by * max(abs(a), abs(b), 1e-9), (what, a, b)

def setting(json):
    return tuple(json.get(n, v[0]) for n, v in zip(names, values))

all = {s: trial(s) for s in itertools.product(*values)}
stands = setting({})
base = all[stands]

def check(tuned, objective, cap, reach):
    ok = {s: v for s, v in all.items() if v["bytes"] <= base["bytes"] * cap + 1e-9}
    assert tuned["effort"]["points"] == len(ok) and tuned["effort"]["over_memory"] == len(all) - len(ok), tuned["effort"]
    scores = {s: score(objective, v, base) for s, v in ok.items()}
    best = min(scores.values())
    near(tuned["effort"]["least_ratio"], best, "least")
    pick = setting(tuned["pick"])
    near(tuned["memory"]["bytes_per_object"], ok[pick]["bytes"], "price", 1e-9)
    near(tuned["memory"]["was"], base["bytes"], "price as it stands", 1e-9)
    if tuned["verdict"] == "change":
        near(tuned["gain"]["ratio"], scores[pick], "gain")
        good = [s for s in ok if scores[s] <= best * 1.0021]
        assert pick in good, (pick, scores[pick], best)
        assert ok[pick]["bytes"] <= 1.021 * min(ok[s]["bytes"] for s in good), "there is a cheaper one as good"
    else:
        assert tuned["verdict"] == "keep-default" and pick == stands and best > 0.99, (tuned["verdict"], best)

    front, least = [], float("inf")
    for s in sorted(ok, key=lambda s: (ok[s]["bytes"], ok[s]["misses"])):
        if ok[s]["misses"] < least * 0.999:
            least = ok[s]["misses"]
            front.append((ok[s]["bytes"], least))
    said = [(p["bytes_per_object"], p["l1d_misses_per_op"]) for p in tuned["pareto"]]
    assert len(said) == len(front), (said, front)
    for a, b in zip(said, front):
        near(a[0], b[0], "bytes of the front", 1e-9)
        near(a[1], b[1], "misses of the front")
    for p in tuned["pareto"]:
        near(p["l1d_misses_per_op"], ok[setting(p["setting"])]["misses"], "misses of a setting of the front")
    assert sum(p["pick"] for p in tuned["pareto"]) <= 1

    alike = {setting(s) for s in tuned["not_distinguishable"]}
    for s in ok:
        apart = abs(scores[s] / scores[pick] - 1)
        if s != pick and abs(apart - 0.01) > 3e-4:
            assert (s in alike) == (apart <= 0.01), (s, apart)

    print(objective, tuned["verdict"], pick)
    if not reach:
        return
    beside = {(t, v): None for t, vs in zip(names, values) for v in vs}
    for x in tuned["toggles"]:
        s = list(pick)
        s[names.index(x["toggle"])] = x["value"]
        near(x["ratio"], scores[tuple(s)] / scores[pick], x)
        beside[x["toggle"], x["value"]] = x["ratio"]
    for i, t in enumerate(names):
        for v in values[i]:
            s = pick[:i] + (v,) + pick[i + 1:]
            assert v == pick[i] or s not in ok or beside[t, v] is not None, "nothing is said of %s=%s" % (t, v)

    moves = {x["with"]: x for x in tuned["elsewhere"]}
    if pick != stands:
        assert {"n=37", "n=75", "n=300", "n=600", "touch=2", "pages of 16 KiB", "pages of 64 KiB"} <= set(moves), list(moves)
        for w in ("n=75", "n=300", "touch=2"):
            more = dict([w.split("=")], ops=500, warmup_ops=500)
            near(moves[w]["ratio"], score(objective, trial(pick, **more), trial(stands, **more)), w)
            assert moves[w]["source"] == "model"
        assert moves["pages of 16 KiB"]["source"] == "sketch"

for arg in sys.argv[2:]:
    file, objective, cap, reach = arg.split(":")
    check(json.load(open(file)), objective, float(cap), reach == "all")
END

# each kind of objective; where personality(2) is refused, a few in ten thousand lie elsewhere in each run
args=()
row() {
	local objective=$1 cap=$2 reach=$3 file=tuned-${#args[@]}.json
	shift 3
	expect 0 tune "${workload[@]}" "${grid[@]}" --target zen4 --exhaustive --json --allow-debug on --objective "$objective" "$@"
	cp out "$file"
	args+=("$file:$objective:$cap:$reach")
}
row time 1e9 all
row misses 1e9 some --no-sensitivity
row memory 1e9 some --no-sensitivity
row held 1e9 some --no-sensitivity
row 0.8*time+0.2*memory 1e9 some --no-sensitivity
row model.l2_misses_per_op+memory 1e9 some --no-sensitivity
row time 1.05 some --memory +5% --no-sensitivity
setarch -R true 2>/dev/null && fixed=(setarch -R) || fixed=()
"${fixed[@]}" python3 brute.py "$model" "${args[@]}" || fail "not what the trials say"
exit $failed

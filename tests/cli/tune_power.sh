#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Objects of a power of two from 512 bytes fill the pages of classic SLAB, so there is no room for colours, where sets
# collide most. tune finds that, buys colours, and says what they gain and what they cost.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

buy=(--vary colour_slack=none,object,order --vary order=auto,1,2,3 --vary mgmt=auto,on --vary stride_pad=0,64)
hot=(--workload hot-header --n 64 --ops 2000 --allow-debug on --target zen4)
for size in 512 1024 2048 4096; do
	expect 0 geometry --object-size $size --json
	says out '"colour": 0,'
	expect 0 tune "${hot[@]}" --object-size $size "${buy[@]}" --json
	cp out tuned.$size
done
expect 0 tune "${hot[@]}" --object-size 1024 "${buy[@]}" --no-sensitivity
says out '^Change: '
says out 'memory: [0-9.]* bytes per object, +[0-9.]* % (was [0-9.]*)'
python3 - <<'END' || fail "not what powers of two should come to"
import json, re
for size in 512, 1024, 2048, 4096:
    t = json.load(open("tuned.%d" % size))
    assert t["verdict"] == "change" and t["gain"]["source"] == "model", size
    assert t["gain"]["ratio"] < 0.35, (size, t["gain"])
    assert "all in set 0 of 64" in t["reason"], t["reason"]
    assert re.search(r"Its slabs have no colours \(\d+ bytes are left over\); the pick has \d+ of 64 bytes", t["reason"]), t["reason"]
    # at most an object in eight of a slab, and management
    assert t["memory"]["was"] < t["memory"]["bytes_per_object"] + size / 16 and t["memory"]["bytes_per_object"] < 1.2 * t["memory"]["was"]
    assert set(t["pick"]) & {"colour_slack", "mgmt", "stride_pad", "order"}, t["pick"]
    # and without colours nothing is gained
    none = [x["ratio"] for x in t["toggles"] if (x["toggle"], x["value"]) in (("colour_slack", "none"), ("mgmt", "auto"))]
    assert none and max(none) > 3, t["toggles"]
END
exit $failed

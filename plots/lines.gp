# SPDX-License-Identifier: GPL-2.0-or-later
# Lines with intervals: one series per block of DATA, columns x median lo hi. MARK[i] > 0: a dotted line in the
# colour of series i. CAPACITY > 0: a grey line with a label.
do for [i = 0:NSERIES - 1] {
	if (MARK[1 + i] > 0 && MARK[1 + i] > XMIN && MARK[1 + i] < XMAX) {
		set arrow from MARK[1 + i], graph 0 to MARK[1 + i], graph 1 nohead back dt 3 lw 1.4 lc rgb colour(i)
	}
}
if (CAPACITY > 0 && CAPACITY > XMIN && CAPACITY < XMAX) {
	set arrow from CAPACITY, graph 0 to CAPACITY, graph 1 nohead back lw 4 lc rgb '#E4E4E4'
	set label CAPACITY_TEXT at CAPACITY, graph 0.03 right offset -0.8, 0 textcolor rgb '#777777'
}
# without an interval lo and hi are the median: a point without a bar
# series stand a little beside each other, so that intervals at the same x can be told apart
STEP = NSERIES > 1 ? 0.08 / (NSERIES - 1) : 0
dodge(x, i) = XLOG2 ? x * 2 ** (STEP * 2 * (i - (NSERIES - 1) / 2.0)) : x + (XMAX - XMIN) * STEP / 4 * (i - (NSERIES - 1) / 2.0)
plot for [i = 0:NSERIES - 1] DATA index i using (dodge($1, i)):2 with lines lw 2 lc rgb colour(i) dt dash(i) notitle, \
	for [i = 0:NSERIES - 1] DATA index i using (dodge($1, i)):2:3:4 with yerrorbars lw 1.5 pt point(i) ps 0.8 \
		lc rgb colour(i) title NAME[1 + i]

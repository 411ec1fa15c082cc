# SPDX-License-Identifier: GPL-2.0-or-later
# Points with intervals: one series per block of DATA, columns x y lo hi. Over names (NGROUPS > 0) series stand beside
# each other. DIAGONAL: where x and y are equal. FRONT: the last series is a line of steps.
# At the same number, too, they stand a little apart where there is a front: settings often hold the same memory.
STEP = FRONT && NSERIES > 2 ? 0.03 / (NSERIES - 2) : 0
place(i) = STEP * (i - (NSERIES - 2) / 2.0)
apart(x, i) = XLOG2 ? x * (XMAX / XMIN) ** place(i) : x + (XMAX - XMIN) * place(i)
beside(x, i) = NGROUPS > 0 ? x + (i - (NSERIES - 1) / 2.0) * 0.6 / NSERIES : apart(x, i)
LOW = XMIN > YMIN ? XMIN : YMIN
HIGH = XMAX < YMAX ? XMAX : YMAX
if (DIAGONAL && HIGH > LOW) {
	set arrow from first LOW, first LOW to first HIGH, first HIGH nohead back dt 2 lw 1.2 lc rgb '#555555'
}
if (FRONT) {
	plot for [i = 0:NSERIES - 2] DATA index i using (beside($1, i)):2:3:4 with yerrorbars lw 1.2 \
		pt point(i) ps 0.8 lc rgb colour(i) title NAME[1 + i], \
		DATA index NSERIES - 1 using 1:2 with steps lw 1.6 dt 2 lc rgb '#555555' title NAME[NSERIES]
} else {
	plot for [i = 0:NSERIES - 1] DATA index i using (beside($1, i)):2:3:4 with yerrorbars lw 1.2 \
		pt point(i) ps 0.8 lc rgb colour(i) title NAME[1 + i]
}

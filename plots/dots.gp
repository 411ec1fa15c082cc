# SPDX-License-Identifier: GPL-2.0-or-later
# Points with intervals: one series per block of DATA, columns x y lo hi. Over names (NGROUPS > 0) series stand beside
# each other. DIAGONAL: where x and y are equal.
beside(x, i) = NGROUPS > 0 ? x + (i - (NSERIES - 1) / 2.0) * 0.6 / NSERIES : x
LOW = XMIN > YMIN ? XMIN : YMIN
HIGH = XMAX < YMAX ? XMAX : YMAX
if (DIAGONAL && HIGH > LOW) {
	set arrow from first LOW, first LOW to first HIGH, first HIGH nohead back dt 2 lw 1.2 lc rgb '#555555'
}
plot for [i = 0:NSERIES - 1] DATA index i using (beside($1, i)):2:3:4 with yerrorbars lw 1.2 \
	pt point(i) ps 0.6 lc rgb colour(i) title NAME[1 + i]

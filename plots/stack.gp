# SPDX-License-Identifier: GPL-2.0-or-later
# Parts on top of each other: one series per part and block of DATA, columns x (0, 1, ...) height lo hi.
set style fill solid 0.85 border rgb '#FFFFFF'
plot for [i = 0:NSERIES - 1] DATA index i using 1:2:($1 - 0.38):($1 + 0.38):3:4 with boxxyerror lw 0.6 \
	lc rgb colour(i) fillstyle solid (HUE[1 + i] < 8 ? 0.85 : 0.45) title NAME[1 + i]

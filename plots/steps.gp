# SPDX-License-Identifier: GPL-2.0-or-later
# A value for each of many places (sets of a cache): one series per block of DATA, columns x y.
plot for [i = 0:NSERIES - 1] DATA index i using 1:2 with steps lw 1.6 lc rgb colour(i) dt dash(i) title NAME[1 + i]

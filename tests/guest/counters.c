#include "tests/guest/help.h"
void check_counters(void)
{
}

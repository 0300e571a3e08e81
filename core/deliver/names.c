/* SPDX-License-Identifier: MIT */
/* The words and times of judge/finding.h as they leave the house; docs/stream.md promises them. */

#include "base/check.h"
#include "base/clock.h"
#include "judge/finding.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void finding_date(struct finding *finding, int64_t now_ns)
{
    if (finding->detected_ns == NO_TIME)
        finding->detected_ns = now_ns;
    if (finding->starts_ns == NO_TIME)
        finding->starts_ns = finding->detected_ns;
    if (finding->ends_ns == NO_TIME && finding->status == FINDING_RESOLVED)
        finding->ends_ns = finding->starts_ns;
}

const char *finding_basis_name(enum finding_basis basis)
{
    static const char *const names[] = {[BASIS_NONE] = NULL,
                                        [BASIS_CALIBRATED] = "calibrated",
                                        [BASIS_SURPRISE] = "surprise",
                                        [BASIS_RAW] = "raw"};
    CHECK((unsigned)basis < COUNT(names));
    return names[basis];
}

int finding_severity_number(enum finding_route route)
{
    static const int numbers[] = {[ROUTE_PAGE] = 17, [ROUTE_TICKET] = 13, [ROUTE_LOG] = 9};
    CHECK((unsigned)route < COUNT(numbers));
    return numbers[route];
}

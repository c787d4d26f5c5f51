#pragma once

#include <string>
#include <vector>

// Words that a theme's short and long tasks share.

namespace crayon::train::tasks {

// Of manuals.
inline const std::vector<std::string> faults = {
    "no water",    "low pressure", "door open",   "filter blocked", "motor hot",   "fan stopped",
    "sensor lost", "battery low",  "valve stuck", "line broken",    "lamp failed", "tank full"};
inline const std::vector<std::string> remedies = {
    "refill the tank", "clean the filter", "close the door",   "wait ten minutes",
    "press reset",     "change the fuse",  "call the service", "open the valve",
    "check the cable", "charge it",        "turn the switch",  "oil the shaft"};

// Of logs.
inline const std::vector<std::string> units = {"unit 1", "unit 2", "unit 3", "unit 4", "unit 5",
                                               "unit 6", "unit 7", "unit 8", "unit 9"};
inline const std::vector<std::string> routine = {"check passed", "no change",   "all quiet",
                                                 "line idle",    "cycle done",  "link up",
                                                 "data sent",    "test skipped"};

}  // namespace crayon::train::tasks

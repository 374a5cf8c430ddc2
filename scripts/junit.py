# SPDX-License-Identifier: BSD-2-Clause
"""What check needs of a pytest run: junit.py STATUS RESULT.xml PREFIX.

Writes PREFIX.count, PREFIX.skips and PREFIX.times as check-part says.
"""

import sys
import xml.etree.ElementTree


def main(status, result, prefix):
    passed, failed, skips, times = 0, 0, [], []
    root = xml.etree.ElementTree.parse(result).getroot()
    for case in root.iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        times.append((float(case.get("time")), name))
        skip = case.find("skipped")
        if skip is not None:
            skips.append(f"{name}: {skip.get('message')}")
        elif case.find("failure") is None and case.find("error") is None:
            passed += 1
        else:
            failed += 1
    # Broken outside of any test: an import, a process left behind.
    if int(status) != 0 and failed == 0:
        failed = 1
    with open(prefix + ".count", "w") as out:
        print(passed, failed, len(skips), file=out)
    with open(prefix + ".skips", "w") as out:
        out.writelines(line + "\n" for line in skips)
    with open(prefix + ".times", "w") as out:
        out.writelines(f"{seconds:.1f} {name}\n"
                       for seconds, name in times)


if __name__ == "__main__":
    main(*sys.argv[1:])

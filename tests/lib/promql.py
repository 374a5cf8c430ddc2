# SPDX-License-Identifier: BSD-2-Clause
"""As much of PromQL as the dashboard uses: which metrics and labels a query
names."""

import collections
import re

TOKEN = re.compile(r'\s*(?:(?P<string>"[^"]*")|(?P<range>\[[\w$]+\])|'
                   r'(?P<word>[a-zA-Z_]\w*)|(?P<number>[\d.]+)|'
                   r'(?P<sign>=~|!~|!=|[-+*/(){},=<>]))')
AGGREGATIONS = {"sum", "min", "max"}
OF_RANGES = {"rate", "increase"}
FUNCTIONS = AGGREGATIONS | OF_RANGES | {"vector", "histogram_quantile"}
BETWEEN = ("or", "+", "-", "*", "/", ">", "<", ",")

# matchers: [(label, operator, value)]; grouped: labels of all the "by" that
# it stands in.
Selector = collections.namedtuple("Selector", "name matchers grouped ranged")


def tokens(expr):
    at, found = 0, []
    while at < len(expr):
        match = TOKEN.match(expr, at)
        assert match, f"{expr}: not understood at {expr[at:]!r}"
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class Query:
    """Its selectors. A query that is not understood is an AssertionError."""

    def __init__(self, expr):
        self.expr, self.left = expr, tokens(expr)
        self.selectors = []
        self._terms(frozenset(), None)
        assert not self.left, f"{expr}: {self.left} is left over"

    def _take(self, *wanted):
        assert self.left, f"{self.expr}: ends too early"
        kind, text = self.left.pop(0)
        assert not wanted or text in wanted, f"{self.expr}: {text}"
        return kind, text

    def _next_is(self, *texts):
        return bool(self.left) and self.left[0][1] in texts

    def _names(self):
        """(a, b)"""
        self._take("(")
        found = [self._take()[1]]
        while self._next_is(","):
            self._take()
            found.append(self._take()[1])
        self._take(")")
        return frozenset(found)

    def _terms(self, grouped, function):
        self._term(grouped, function)
        while self._next_is(*BETWEEN):
            self._take()
            self._term(grouped, function)

    def _in_parentheses(self, grouped, function):
        self._take("(")
        self._terms(grouped, function)
        self._take(")")

    def _term(self, grouped, function):
        if self._next_is("("):
            self._in_parentheses(grouped, function)
            return
        kind, text = self._take()
        if text in FUNCTIONS:
            if text in AGGREGATIONS and self._next_is("by"):
                self._take()
                grouped |= self._names()
            self._in_parentheses(grouped, text)
        elif kind == "word":
            self._selector(text, grouped, function)
        else:
            assert kind == "number", f"{self.expr}: {text}"

    def _selector(self, name, grouped, function):
        matchers = []
        self._take("{")
        while not self._next_is("}"):
            matchers.append((self._take()[1],
                             self._take("=", "=~", "!=", "!~")[1],
                             self._take()[1].strip('"')))
            if self._next_is(","):
                self._take()
        self._take("}")
        ranged = bool(self.left) and self.left[0][0] == "range"
        if ranged:
            self._take()
        assert ranged == (function in OF_RANGES), self.expr
        self.selectors.append(Selector(name, matchers, grouped, ranged))

"""What the revision words of Alembic do to small projects: the expectations of alembic_words_test.cpp.

    project
    node ID LABELS AFTER                lists with commas, "-" for none; (ID) is a dependency
    up APPLIED WORD RESULT              what is applied before and after; "?" where Alembic refuses or warns
    down APPLIED WORD RESULT
"""
import itertools
import warnings

from alembic.script.revision import Revision, RevisionMap

# (id, down_revision, depends_on, label)
PROJECTS = [
    [("a1", None, None, None), ("b2", "a1", None, None), ("c3", "b2", None, None), ("d4", "c3", None, "app")],
    [
        ("1975", None, None, None),
        ("ae10", "1975", None, None),
        ("b9e0", "1975", None, "billing"),
        ("c2f7", "ae10", None, None),
        ("d4a9", "b9e0", "ae10", None),
        ("e6b1", ("c2f7", "d4a9"), None, None),
        ("f8c3", "e6b1", None, None),
    ],
    [
        ("k1", None, None, "users"),
        ("k2", "k1", None, None),
        ("m1", None, None, "shop"),
        ("m2", "m1", "k2", None),
        ("m3", "m2", None, None),
        ("n3", "m2", None, "gift"),
        ("k3", "k2", None, None),
    ],
    [
        ("r", None, None, None),
        ("s1", "r", None, "left"),
        ("t1", "r", None, "right"),
        ("s2", "s1", None, None),
        ("t2", "t1", None, None),
        ("z", ("s2", "t2"), None, None),
        ("s3", "s2", None, None),
    ],
]


def listing(words):
    return ",".join(sorted(words)) or "-"


class Project:
    def __init__(self, nodes):
        self.nodes = nodes
        self.revisions = RevisionMap(
            lambda: [
                Revision(name, down, dependencies=needs, branch_labels=[label] if label else None)
                for name, down, needs, label in nodes
            ]
        )
        self.before = {}
        for name, down, needs, _ in nodes:
            self.before[name] = self.words(down) + self.words(needs)

    @staticmethod
    def words(value):
        return [value] if isinstance(value, str) else list(value or ())

    def describe(self):
        print("project")
        for name, down, needs, _ in self.nodes:
            labels = listing(self.revisions.get_revision(name).branch_labels)
            print("node", name, labels, ",".join(self.words(down) + [f"({one})" for one in self.words(needs)]) or "-")

    def states(self):
        names = list(self.before)
        for marks in itertools.product([False, True], repeat=len(names)):
            applied = {name for name, mark in zip(names, marks) if mark}
            if all(set(self.before[name]) <= applied for name in applied):
                yield applied

    def heads(self, applied):
        return tuple(sorted(name for name in applied if not any(name in self.before[one] for one in applied)))

    def all_words(self):
        names = list(self.before)
        labels = [label for *_, label in self.nodes if label]
        steps = [sign + str(count) for sign in "+-" for count in (1, 2, 3)]
        plain = ["head", "heads", "base", *names, names[-1][:1], *steps]
        relative = [name + step for name in ["head", *names] for step in steps] + ["base+1", "base+2"]
        starts = ["head", "heads", "base", *names, *steps, "head-1", "head-2", *(name + "+1" for name in names)]
        return plain + relative + [f"{branch}@{word}" for branch in labels + names[:3] for word in starts]

    def outcome(self, direction, applied, word):
        heads = self.heads(applied)
        try:
            if direction == "up":
                steps = self.revisions.iterate_revisions(word, heads, implicit_base=True)
                return listing(applied | {one.revision for one in steps})
            steps = self.revisions.iterate_revisions(heads, word, select_for_downgrade=True)
            return listing(applied - {one.revision for one in steps})
        except Exception:  # Of what it refuses some ends in an assertion.
            return "?"


def main():
    warnings.simplefilter("error")
    for nodes in PROJECTS:
        project = Project(nodes)
        project.describe()
        words = project.all_words()
        for applied in project.states():
            for direction in ("up", "down"):
                for word in words:
                    print(direction, listing(applied), word, project.outcome(direction, applied, word))


main()

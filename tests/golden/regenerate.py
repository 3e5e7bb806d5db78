"""Write today's digests into golden.json: ``python -m tests.golden.regenerate``.

It is legitimate in three cases, each a decision that stands in the changelog:

- the model or its draws change on purpose (then `VERSION` in the `plan` of its model changes too);
- the columns of a dataset or the definition of the digest change on purpose (docs/digest.md);
- a case is added to golden.json (an entry with its `scenario` is enough; no other may move).

It is never a way to make a failing test pass: a digest that moves by itself means that somebody's
dataset can no longer be made again.
"""

from tests.golden import book


def main() -> None:
    """Rewrite the file and name what moved."""
    before = book.read()
    after = book.work_out_all(before)
    moved = [name for name, case in after["cases"].items() if case != before["cases"][name]]
    if after["normals_fingerprint"] != before["normals_fingerprint"]:
        moved.append("normals_fingerprint")
    book.PATH.write_text(book.render(after), "utf-8")
    print("\n".join(moved) or "nothing moved")


if __name__ == "__main__":
    main()

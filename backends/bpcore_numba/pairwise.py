"""NumPy's sum along an axis: eight sums beside each other, and halves of what is longer than 128.

The same order gives the same bits. Its error grows with the logarithm of the length (N. Higham (1993), "The
accuracy of floating point summation").
"""

from __future__ import annotations

from bpcore_numba.writing import MEMORY, REGISTER, SIZE, Code, Value, literal

__all__ = ["BLOCK", "LANES", "PAIRWISE", "eight", "summed"]

BLOCK = 128
"""NumPy halves a longer sum."""
LANES = 8


def summed(code: Code, begin: str, kind: str, length: int, stride: int) -> Value:
    """Add so many floats."""
    if length > BLOCK:
        suffix = "f32" if kind == "float32" else "f64"
        code.needs.add(f"{REGISTER[kind]} @bp_pairwise_{suffix}(ptr, i64, i64)")
        call = f"call {REGISTER[kind]} @bp_pairwise_{suffix}(ptr {begin}, i64 {length}, i64 {stride})"
        return code.let(kind, call)
    places = [code.address(begin, kind, [], i * stride) for i in range(length)]
    if length < LANES:
        y = literal(kind, -0.0)
        for place in places:
            y = _add(code, y, code.load(kind, place))
        return y
    if stride == 1:
        return eight(code, kind, places[::LANES], places[length - length % LANES :])
    return _apart(code, kind, places)


def _add(code: Code, a: Value, b: Value) -> Value:
    return code.let(a.kind, f"fadd {a.typed}, {b.text}")


def _apart(code: Code, kind: str, places: list[str]) -> Value:
    lanes = [code.load(kind, place) for place in places[:LANES]]
    whole = len(places) - len(places) % LANES
    for i in range(LANES, whole, LANES):
        lanes = [_add(code, lane, code.load(kind, places[i + j])) for j, lane in enumerate(lanes)]
    y = _together(code, lanes)
    for place in places[whole:]:
        y = _add(code, y, code.load(kind, place))
    return y


def eight(code: Code, kind: str, groups: list[str], rest: list[str]) -> Value:
    """Add whole groups of eight as vectors, and then what is left."""
    vector = f"<{LANES} x {REGISTER[kind]}>"
    whole = groups[:-1] if rest else groups
    load = f"load {vector}, ptr %s, align {SIZE[kind]}"
    total = code.raw(load % whole[0])
    for place in whole[1:]:
        x = code.raw(load % place)
        total = code.raw(f"fadd {vector} {total}, {x}")
    y = _together(code, [code.let(kind, f"extractelement {vector} {total}, i64 {i}") for i in range(LANES)])
    for place in rest:
        y = _add(code, y, code.load(kind, place))
    return y


def _together(code: Code, r: list[Value]) -> Value:
    left = _add(code, _add(code, r[0], r[1]), _add(code, r[2], r[3]))
    return _add(code, left, _add(code, _add(code, r[4], r[5]), _add(code, r[6], r[7])))


def _definition(kind: str) -> str:
    """Return the text of the function of any length: halves, until 128 are left."""
    suffix, t = ("f32" if kind == "float32" else "f64"), MEMORY[kind]
    lanes = "\n".join(
        f"  %i{j} = mul i64 %s, {j}\n  %p{j} = getelementptr {t}, ptr %p, i64 %i{j}\n"
        f"  %x{j} = load {t}, ptr %p{j}, align {SIZE[kind]}"
        for j in range(LANES)
    )
    phis = "\n".join(f"  %r{j} = phi {t} [%x{j}, %many], [%z{j}, %eights.body]" for j in range(LANES))
    more = "\n".join(
        f"  %j{j} = add i64 %i, {j}\n  %k{j} = mul i64 %j{j}, %s\n"
        f"  %q{j} = getelementptr {t}, ptr %p, i64 %k{j}\n"
        f"  %y{j} = load {t}, ptr %q{j}, align {SIZE[kind]}\n  %z{j} = fadd {t} %r{j}, %y{j}"
        for j in range(LANES)
    )
    return f"""define internal {t} @bp_pairwise_{suffix}(ptr %p, i64 %n, i64 %s) {{
  %long = icmp sgt i64 %n, {BLOCK}
  br i1 %long, label %halves, label %short
halves:
  %h = lshr i64 %n, 1
  %half = and i64 %h, -{LANES}
  %rest = sub i64 %n, %half
  %skip = mul i64 %half, %s
  %middle = getelementptr {t}, ptr %p, i64 %skip
  %a = call {t} @bp_pairwise_{suffix}(ptr %p, i64 %half, i64 %s)
  %b = call {t} @bp_pairwise_{suffix}(ptr %middle, i64 %rest, i64 %s)
  %both = fadd {t} %a, %b
  ret {t} %both
short:
  %some = icmp sge i64 %n, {LANES}
  br i1 %some, label %many, label %tail
many:
{lanes}
  %whole = and i64 %n, -{LANES}
  br label %eights
eights:
  %i = phi i64 [{LANES}, %many], [%i.next, %eights.body]
{phis}
  %go = icmp slt i64 %i, %whole
  br i1 %go, label %eights.body, label %joined
eights.body:
{more}
  %i.next = add i64 %i, {LANES}
  br label %eights
joined:
  %s01 = fadd {t} %r0, %r1
  %s23 = fadd {t} %r2, %r3
  %s45 = fadd {t} %r4, %r5
  %s67 = fadd {t} %r6, %r7
  %s03 = fadd {t} %s01, %s23
  %s47 = fadd {t} %s45, %s67
  %s07 = fadd {t} %s03, %s47
  br label %tail
tail:
  %from = phi i64 [0, %short], [%whole, %joined]
  %sum = phi {t} [-0.0, %short], [%s07, %joined]
  br label %last
last:
  %l = phi i64 [%from, %tail], [%l.next, %last.body]
  %total = phi {t} [%sum, %tail], [%total.next, %last.body]
  %left = icmp slt i64 %l, %n
  br i1 %left, label %last.body, label %done
last.body:
  %m = mul i64 %l, %s
  %o = getelementptr {t}, ptr %p, i64 %m
  %v = load {t}, ptr %o, align {SIZE[kind]}
  %total.next = fadd {t} %total, %v
  %l.next = add i64 %l, 1
  br label %last
done:
  ret {t} %total
}}"""


PAIRWISE: dict[str, tuple[str, set[str]]] = {
    "bp_pairwise_f32": (_definition("float32"), set()),
    "bp_pairwise_f64": (_definition("float64"), set()),
}

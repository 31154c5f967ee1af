"""Functions of our own that kernels call: device code, written above a kernel where it is needed.

Of those that round to 16 bits and back a device has an instruction; what stands beside it is the same for a
host, where texts are tested, and for devices before Ampere. NaN is NaN in both, with other bits.
"""

from __future__ import annotations

import re

__all__ = ["PRELUDE", "with_needs"]

HEAD = "template <class T> static __device__ __forceinline__"

PRELUDE = {
    "bp_pack": "template <class T, int N> struct __align__(sizeof(T) * N) bp_pack { T v[N]; };",
    "bp_maximum": f"{HEAD} T bp_maximum(T a, T b) {{ return a > b || a != a ? a : b; }}",
    "bp_minimum": f"{HEAD} T bp_minimum(T a, T b) {{ return a < b || a != a ? a : b; }}",
    "bp_sign": f"""
{HEAD} T bp_sign(T x) {{
  return x > T(0) ? T(1) : x < T(0) ? T(-1) : x == T(0) ? T(0) : x;
}}""",
    "bp_whole_divide": f"""
{HEAD} T bp_whole_divide(T a, T b) {{
  if (b == T(0)) return T(0);
  if (T(-1) < T(0) && b == T(-1)) return T(0ull - (unsigned long long)a);
  const T q = T(a / b), r = T(a % b);
  return r != T(0) && (r < T(0)) != (b < T(0)) ? T(q - T(1)) : q;
}}""",
    "bp_whole_remainder": f"""
{HEAD} T bp_whole_remainder(T a, T b) {{
  if (b == T(0) || (T(-1) < T(0) && b == T(-1))) return T(0);
  const T r = T(a % b);
  return r != T(0) && (r < T(0)) != (b < T(0)) ? T(r + b) : r;
}}""",
    "bp_float_divide": f"""
{HEAD} T bp_float_divide(T a, T b) {{
  const T over = a / b;
  if (b == T(0)) return over;
  const T left = fmod(a, b);
  T q = (a - left) / b;
  if (left != T(0) && (b < T(0)) != (left < T(0))) q -= T(1);
  if (q == T(0)) return copysign(T(0), over);
  const T low = floor(q);
  return q - low > T(0.5) ? low + T(1) : low;
}}""",
    "bp_float_remainder": f"""
{HEAD} T bp_float_remainder(T a, T b) {{
  const T left = fmod(a, b);
  if (b == T(0)) return left;
  if (left == T(0)) return copysign(T(0), b);
  return (b < T(0)) != (left < T(0)) ? left + b : left;
}}""",
    "bp_logaddexp": f"""
{HEAD} T bp_logaddexp(T a, T b) {{
  if (a == b) return a + T(0.69314718055994530942);
  const T away = a - b;
  if (away > T(0)) return a + log1p(exp(-away));
  if (away <= T(0)) return b + log1p(exp(away));
  return away;
}}""",
    "bp_shift_left": f"""
{HEAD} T bp_shift_left(T x, T by) {{
  const unsigned long long n = (unsigned long long)by;
  return n < sizeof(T) * 8 ? T((unsigned long long)x << n) : T(0);
}}""",
    "bp_shift_right": f"""
{HEAD} T bp_shift_right(T x, T by) {{
  const unsigned long long n = (unsigned long long)by;
  return n < sizeof(T) * 8 ? T(x >> n) : x < T(0) ? T(-1) : T(0);
}}""",
    "bp_from_bfloat16": """
static __device__ __forceinline__ float bp_from_bfloat16(unsigned short x) {
  return __int_as_float((int)((unsigned int)x << 16));
}""",
    "bp_to_bfloat16": """
static __device__ __forceinline__ unsigned short bp_to_bfloat16(float x) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  unsigned short y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
#else
  const unsigned int bits = (unsigned int)__float_as_int(x);
  if (x != x) return (unsigned short)(bits >> 16 | 0x40u);
  return (unsigned short)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
#endif
}""",
    "bp_round_bfloat16": """
static __device__ __forceinline__ float bp_round_bfloat16(float x) {
  return bp_from_bfloat16(bp_to_bfloat16(x));
}""",
    "bp_from_float16": """
static __device__ __forceinline__ float bp_from_float16(unsigned short x) {
#ifdef __CUDA_ARCH__
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
  return y;
#else
  const unsigned int sign = (x & 0x8000u) << 16, rest = x & 0x7fffu;
  if (rest >= 0x7c00u) return __int_as_float((int)(sign | 0x7f800000u | (rest & 0x3ffu) << 13));
  const float size = __int_as_float((int)(rest << 13)) * 0x1p+112f;
  return __int_as_float((int)(sign | (unsigned int)__float_as_int(size)));
#endif
}""",
    "bp_to_float16": """
static __device__ __forceinline__ unsigned short bp_to_float16(float x) {
#ifdef __CUDA_ARCH__
  unsigned short y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
#else
  const unsigned int bits = (unsigned int)__float_as_int(x), sign = bits >> 16 & 0x8000u;
  const unsigned int size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) return (unsigned short)(sign | 0x7e00u | (size >> 13 & 0x3ffu));
  if (size >= 0x477ff000u) return (unsigned short)(sign | 0x7c00u);
  if (size < 0x38800000u) {
    const float whole = __int_as_float((int)size) + 0.5f;
    return (unsigned short)(sign | ((unsigned int)__float_as_int(whole) - 0x3f000000u));
  }
  return (unsigned short)(sign | ((size - 0x38000000u + 0xfffu + (size >> 13 & 1u)) >> 13));
#endif
}""",
    "bp_round_float16": """
static __device__ __forceinline__ float bp_round_float16(float x) {
  return bp_from_float16(bp_to_float16(x));
}""",
    "bp_best": """
template <class T> struct bp_best { T value; long long place; };""",
    "bp_greater": """
template <class T> static __device__ __forceinline__ bp_best<T> bp_greater(bp_best<T> a, bp_best<T> b) {
  if (a.place < 0 || b.place < 0) return a.place < 0 ? b : a;
  const bool an = a.value != a.value, bn = b.value != b.value;
  const bool same = an ? bn : a.value == b.value;
  return same ? (a.place < b.place ? a : b) : an || (!bn && a.value > b.value) ? a : b;
}""",
    "bp_less": """
template <class T> static __device__ __forceinline__ bp_best<T> bp_less(bp_best<T> a, bp_best<T> b) {
  if (a.place < 0 || b.place < 0) return a.place < 0 ? b : a;
  const bool an = a.value != a.value, bn = b.value != b.value;
  const bool same = an ? bn : a.value == b.value;
  return same ? (a.place < b.place ? a : b) : an || (!bn && a.value < b.value) ? a : b;
}""",
    "bp_across": """
template <class T> static __device__ __forceinline__ T bp_across(T x, int lanes) {
  return __shfl_xor_sync(0xffffffffu, x, lanes);
}
template <> __device__ __forceinline__ bool bp_across<bool>(bool x, int lanes) {
  return __shfl_xor_sync(0xffffffffu, (int)x, lanes) != 0;
}
template <> __device__ __forceinline__ signed char bp_across<signed char>(signed char x, int lanes) {
  return (signed char)__shfl_xor_sync(0xffffffffu, (int)x, lanes);
}
template <> __device__ __forceinline__ unsigned char bp_across<unsigned char>(unsigned char x, int lanes) {
  return (unsigned char)__shfl_xor_sync(0xffffffffu, (int)x, lanes);
}
template <> __device__ __forceinline__ short bp_across<short>(short x, int lanes) {
  return (short)__shfl_xor_sync(0xffffffffu, (int)x, lanes);
}
template <> __device__ __forceinline__ unsigned short bp_across<unsigned short>(unsigned short x, int lanes) {
  return (unsigned short)__shfl_xor_sync(0xffffffffu, (int)x, lanes);
}""",
    "bp_best_across": """
template <class T> static __device__ __forceinline__ bp_best<T> bp_across(bp_best<T> x, int lanes) {
  bp_best<T> y = {bp_across<T>(x.value, lanes), bp_across<long long>(x.place, lanes)};
  return y;
}""",
}
"""The functions by name, in an order in which each stands below those that it calls."""


def with_needs(needs: set[str]) -> str:
    """Return the text of some functions and of those that they call."""
    found: set[str] = set()
    waiting = list(needs)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [x for x in re.findall(r"bp_\w+", PRELUDE[name]) if x in PRELUDE and x != name]
    return "\n".join(text.strip() for name, text in PRELUDE.items() if name in found)

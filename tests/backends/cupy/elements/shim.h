// What a kernel's text needs to be host code: indices, barriers, shuffles. Each thread of a block is a
// context of its own and runs until it waits; blocks run one after the other. No GPU has a part in it.
// It includes next to nothing, for it is compiled anew for every test.
#include <ucontext.h>

#define ONE(name) extern "C" double name(double); extern "C" float name##f(float);
#define TWO(name) extern "C" double name(double, double); extern "C" float name##f(float, float);
ONE(sqrt) ONE(exp) ONE(expm1) ONE(log) ONE(log1p) ONE(log2) ONE(log10) ONE(tanh) ONE(sin) ONE(cos) ONE(tan)
ONE(asin) ONE(acos) ONE(atan) ONE(sinh) ONE(cosh) ONE(asinh) ONE(acosh) ONE(atanh) ONE(erf) ONE(erfc)
ONE(fabs) ONE(floor) ONE(ceil) ONE(trunc) ONE(rint)
TWO(pow) TWO(atan2) TWO(hypot) TWO(copysign) TWO(nextafter) TWO(fmod)
static inline float exp(float x) { return expf(x); }
static inline float log1p(float x) { return log1pf(x); }
static inline float floor(float x) { return floorf(x); }
static inline float fmod(float x, float y) { return fmodf(x, y); }
static inline float copysign(float x, float y) { return copysignf(x, y); }
#define memcpy __builtin_memcpy

struct bp_dim { unsigned int x, y, z; };
static bp_dim threadIdx, blockIdx, blockDim, gridDim;

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__ static
#define __align__(n) alignas(n)
#define __launch_bounds__(...)

template <class T> static inline T min(T a, T b) { return b < a ? b : a; }
static inline int __float_as_int(float x) { int y; memcpy(&y, &x, 4); return y; }
static inline float __int_as_float(int x) { float y; memcpy(&y, &x, 4); return y; }
static inline long long __double_as_longlong(double x) { long long y; memcpy(&y, &x, 8); return y; }
static inline double __longlong_as_double(long long x) { double y; memcpy(&y, &x, 8); return y; }

namespace host {
struct Thread { ucontext_t context; char stack[32768]; bool done; int waits; };
static Thread threads[1024];
static ucontext_t scheduler;
static unsigned int now;
static void (*body)(void**);
static void** given;
static unsigned long long words[1024];

static void enter() { body(given); threads[now].done = true; swapcontext(&threads[now].context, &scheduler); }

static void wait(int what) {
  threads[now].waits = what;
  swapcontext(&threads[now].context, &scheduler);
}

// A thread runs until it waits: for its warp, which exchanges numbers, or for the whole block. A warp goes as
// far as it can before the next one starts, forwards and backwards in turns: what needs a barrier, and has
// none, shows.
static bool go_on(unsigned int first, unsigned int round) {
  bool alike = first + 32 <= blockDim.x, went = false;  // all of a warp exchange at the same place, or none goes on
  static bool ready[32];
  for (unsigned int t = first; t < first + 32 && t < blockDim.x; ++t)
    alike = alike && !threads[t].done && threads[t].waits == threads[first].waits;
  for (unsigned int t = first; t < first + 32 && t < blockDim.x; ++t) {
    const int what = threads[t].waits;
    ready[t - first] = !threads[t].done && (what == 1 || (what >= 2 && alike));
  }
  for (unsigned int n = 0; n < 32; ++n) {
    const unsigned int lane = round % 2 ? 31 - n : n, t = first + lane;
    if (t >= blockDim.x || !ready[lane]) continue;
    went = true;
    now = t;
    threadIdx.x = t;
    swapcontext(&scheduler, &threads[t].context);
  }
  return went;
}

static int block() {
  for (unsigned int t = 0; t < blockDim.x; ++t) {
    Thread& one = threads[t];
    one.done = false;
    one.waits = 1;
    getcontext(&one.context);
    one.context.uc_stack.ss_sp = one.stack;
    one.context.uc_stack.ss_size = sizeof one.stack;
    one.context.uc_link = &scheduler;
    makecontext(&one.context, enter, 0);
  }
  const unsigned int warps = (blockDim.x + 31) / 32;
  for (unsigned int round = 0;; ++round) {
    unsigned int done = 0, at_block = 0;
    for (unsigned int n = 0; n < warps; ++n) {
      const unsigned int w = round % 2 ? warps - 1 - n : n;
      while (go_on(w * 32, round)) {}
    }
    for (unsigned int t = 0; t < blockDim.x; ++t) {
      done += threads[t].done;
      at_block += !threads[t].done && threads[t].waits == 0;
    }
    if (done == blockDim.x) return 0;
    if (at_block != blockDim.x) return 1;  // some left, or wait for something else, and the others wait for them
    for (unsigned int t = 0; t < blockDim.x; ++t) threads[t].waits = 1;
  }
}

static int launch(void (*call)(void**), void** arguments, unsigned int grid, unsigned int size, int waits) {
  body = call;
  given = arguments;
  gridDim.x = grid;
  blockDim.x = size;
  if (!waits) {
    for (blockIdx.x = 0; blockIdx.x < grid; ++blockIdx.x)
      for (threadIdx.x = 0; threadIdx.x < size; ++threadIdx.x) call(arguments);
    return 0;
  }
  for (unsigned int b = 0; b < grid; ++b) {
    blockIdx.x = b;
    if (block()) return 1;
  }
  return 0;
}
}  // namespace host

static inline void __syncthreads() { host::wait(0); }
static inline void __syncwarp(unsigned int mask = 0xffffffffu) { host::wait(1); }

template <class T> static T __shfl_xor_sync(unsigned int mask, T x, int lanes, int width = 32) {
  const unsigned int me = host::now;
  unsigned long long word = 0;
  memcpy(&word, &x, sizeof(T));
  host::words[me] = word;
  host::wait(2);
  const unsigned int other = me ^ (unsigned int)lanes;
  word = host::words[other];
  host::wait(3);
  T y;
  memcpy(&y, &word, sizeof(T));
  return y;
}

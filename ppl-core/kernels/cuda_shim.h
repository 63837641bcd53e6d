// Runs CUDA kernels on the CPU, one block after the other, to test their text where there is no GPU (C++17, g++ or clang++ on Linux):
//
//     #include "cuda_shim.h"
//     #include "kernels.cu"
//     shim::launch({blocks}, {threads}, [&] { kernel(n, in, out); });
//
// Every thread of a block is a fibre. Fibres run in turns, each until it waits (__syncthreads, __syncwarp, a shuffle) or ends, so a
// barrier that some threads never reach is found and ends the program. Warps are not in lockstep: a kernel that forgets a barrier
// may fail here. `__shared__` is `static`; what a block leaves there the next one finds, so nothing may rely on zeros.
// Dynamic shared memory (`extern __shared__`) is not emulated.
#pragma once
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <functional>
#include <vector>

#define __device__
#define __host__
#define __global__
#define __constant__ static
#define __shared__ static
#define __forceinline__ inline
#define __noinline__
#define __launch_bounds__(...)

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct uint3 { unsigned x, y, z; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) double2 { double x, y; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline double2 make_double2(double x, double y) { return {x, y}; }
inline int2 make_int2(int x, int y) { return {x, y}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }

inline uint3 threadIdx, blockIdx;
inline dim3 blockDim, gridDim;
constexpr int warpSize = 32;

namespace shim {

constexpr size_t STACK = 64 * 1024;

struct Fibre {
    ucontext_t start;
    jmp_buf at;
    bool started, ended;
    uint3 index;
    // Warp-wide operations that this thread has entered.
    unsigned entered;
    // What it gave to the last two of them: a thread is never more than one ahead of its warp.
    alignas(16) unsigned char given[2][16];
};

inline std::vector<Fibre> fibres;
inline std::vector<unsigned char> stacks;
inline unsigned current, alive, waiting, generation;
inline unsigned long progress;
inline ucontext_t home_start;
inline jmp_buf home;
inline const std::function<void()>* body;

// The first switch to a fibre is swapcontext, which costs a system call; all others are longjmp.
inline void yield() {
    if (!_setjmp(fibres[current].at)) _longjmp(home, 1);
}

inline void enter() {
    (*body)();
    fibres[current].ended = true;
    ++progress;
    --alive;
    if (alive > 0 && waiting == alive) {
        waiting = 0;
        ++generation;
    }
    _longjmp(home, 1);
}

inline void resume(unsigned thread) {
    current = thread;
    threadIdx = fibres[thread].index;
    if (_setjmp(home)) return;
    Fibre& fibre = fibres[thread];
    if (fibre.started) _longjmp(fibre.at, 1);
    fibre.started = true;
    swapcontext(&home_start, &fibre.start);
}

inline void run_block() {
    const unsigned threads = blockDim.x * blockDim.y * blockDim.z;
    fibres.resize(threads);
    stacks.resize(threads * STACK);
    for (unsigned t = 0; t < threads; ++t) {
        Fibre& fibre = fibres[t];
        fibre.started = fibre.ended = false;
        fibre.entered = 0;
        fibre.index = {t % blockDim.x, t / blockDim.x % blockDim.y, t / blockDim.x / blockDim.y};
        getcontext(&fibre.start);
        fibre.start.uc_stack.ss_sp = &stacks[t * STACK];
        fibre.start.uc_stack.ss_size = STACK;
        fibre.start.uc_link = nullptr;
        makecontext(&fibre.start, enter, 0);
    }
    alive = threads;
    waiting = 0;
    while (alive > 0) {
        const unsigned long before = progress;
        for (unsigned t = 0; t < threads; ++t) {
            if (!fibres[t].ended) resume(t);
        }
        if (progress == before) {
            fprintf(stderr, "shim: block (%u, %u, %u) waits for ever\n", blockIdx.x, blockIdx.y, blockIdx.z);
            exit(3);
        }
    }
}

// Runs `kernel` for every thread of every block.
inline void launch(dim3 grid, dim3 block, const std::function<void()>& kernel) {
    body = &kernel;
    gridDim = grid;
    blockDim = block;
    for (unsigned z = 0; z < grid.z; ++z)
        for (unsigned y = 0; y < grid.y; ++y)
            for (unsigned x = 0; x < grid.x; ++x) {
                blockIdx = {x, y, z};
                run_block();
            }
}

// Gives `value` to the warp and returns what `lane` gave; lanes outside the mask or at their end give nothing.
template <class T>
T exchange(unsigned mask, T value, unsigned lane) {
    static_assert(sizeof(T) <= 16, "a shuffle of at most 16 bytes");
    const unsigned thread = current, first = thread / 32 * 32;
    Fibre& own = fibres[thread];
    if (!(mask >> (thread - first) & 1)) {
        fprintf(stderr, "shim: a lane that is not in its own mask\n");
        exit(3);
    }
    const unsigned turn = ++own.entered;
    ++progress;
    memcpy(own.given[turn % 2], &value, sizeof(T));
    const auto ready = [&] {
        for (unsigned l = 0; l < 32 && first + l < fibres.size(); ++l) {
            const Fibre& other = fibres[first + l];
            if ((mask >> l & 1) && !other.ended && other.entered < turn) return false;
        }
        return true;
    };
    while (!ready()) yield();
    T result = value;
    if (lane < 32 && first + lane < fibres.size() && (mask >> lane & 1)) memcpy(&result, fibres[first + lane].given[turn % 2], sizeof(T));
    return result;
}

inline unsigned lane() { return current % 32; }

}  // namespace shim

inline void __syncthreads() {
    using namespace shim;
    ++progress;
    const unsigned own = generation;
    if (++waiting == alive) {
        waiting = 0;
        ++generation;
        return;
    }
    while (generation == own) yield();
}
inline void __syncwarp(unsigned mask = 0xffffffffu) { shim::exchange(mask, 0, shim::lane()); }
inline void __threadfence() {}
inline void __threadfence_block() {}

// As on the device, a lane outside the width of its group gives back the caller's own value.
template <class T>
T __shfl_sync(unsigned mask, T value, int from, int width = 32) {
    return shim::exchange(mask, value, shim::lane() / width * width + (unsigned)from % width);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
    const unsigned lane = shim::lane(), from = lane ^ bits;
    return shim::exchange(mask, value, from / width > lane / width ? lane : from);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32) {
    const unsigned lane = shim::lane();
    return shim::exchange(mask, value, lane % width + by < (unsigned)width ? lane + by : lane);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32) {
    const unsigned lane = shim::lane();
    return shim::exchange(mask, value, lane % width >= by ? lane - by : lane);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
    unsigned votes = 0;
    const unsigned warp = shim::current / 32 * 32;
    // One exchange tells all: the other lanes' gifts of this turn lie beside it.
    shim::exchange(mask, (int)(predicate != 0), shim::lane());
    const unsigned turn = shim::fibres[shim::current].entered;
    for (unsigned l = 0; l < 32 && warp + l < shim::fibres.size(); ++l) {
        int vote = 0;
        memcpy(&vote, shim::fibres[warp + l].given[turn % 2], sizeof vote);
        if ((mask >> l & 1) && shim::fibres[warp + l].entered >= turn && vote) votes |= 1u << l;
    }
    return votes;
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

// One thread runs at a time, so these are plain.
template <class T, class U>
T atomicAdd(T* at, U value) { const T old = *at; *at = old + (T)value; return old; }
template <class T, class U>
T atomicMax(T* at, U value) { const T old = *at; if ((T)value > old) *at = (T)value; return old; }
template <class T, class U>
T atomicMin(T* at, U value) { const T old = *at; if ((T)value < old) *at = (T)value; return old; }
template <class T, class U>
T atomicExch(T* at, U value) { const T old = *at; *at = (T)value; return old; }
template <class T, class U, class V>
T atomicCAS(T* at, U compare, V value) { const T old = *at; if (old == (T)compare) *at = (T)value; return old; }
inline unsigned atomicInc(unsigned* at, unsigned limit) { const unsigned old = *at; *at = old >= limit ? 0 : old + 1; return old; }

template <class T>
T __ldg(const T* at) { return *at; }
template <class T>
T __ldcg(const T* at) { return *at; }

inline int __float_as_int(float x) { int i; memcpy(&i, &x, 4); return i; }
inline float __int_as_float(int i) { float x; memcpy(&x, &i, 4); return x; }
inline unsigned __float_as_uint(float x) { return (unsigned)__float_as_int(x); }
inline float __uint_as_float(unsigned i) { return __int_as_float((int)i); }
inline long long __double_as_longlong(double x) { long long i; memcpy(&i, &x, 8); return i; }
inline double __longlong_as_double(long long i) { double x; memcpy(&x, &i, 8); return x; }
inline long long __float2ll_rn(float x) { return llrintf(x); }
inline long long __double2ll_rn(double x) { return llrint(x); }
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
template <class T>
T min(T a, T b) { return b < a ? b : a; }
template <class T>
T max(T a, T b) { return a < b ? b : a; }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
inline int __ffs(int x) { return __builtin_ffs(x); }

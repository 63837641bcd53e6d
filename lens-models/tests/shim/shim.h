/* Ten lines that make a kernel a C function of one thread; REAL is the type that its floats become. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#define __device__
#define __global__
#define __shared__ static
#define __syncthreads()
#define __shfl_down_sync(mask, value, offset) 0.0
static const struct { int x, y; } threadIdx = {0, 0}, blockIdx = {0, 0}, blockDim = {1, 1}, gridDim = {1, 1};
#ifdef IN_DOUBLE
#define float double
#define fmaf fma
#define expf exp
#define logf log
#define sqrtf sqrt
#endif

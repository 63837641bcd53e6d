// Kernels that begin before the one before them on the stream has ended (sm_90 and later, where they are launched so): `let_next_begin` lets
// the next begin once all blocks have come there, `await_the_one_before` waits for the end of the one before. Behind it everything that was
// launched before is done. What the one before writes is not read by __ldg, which may be moved to before the wait.

__device__ __forceinline__ void let_next_begin() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

__device__ __forceinline__ void await_the_one_before() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}


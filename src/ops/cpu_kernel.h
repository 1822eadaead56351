// SPDX-License-Identifier: Apache-2.0
// How a CPU kernel gets AVX2 and AVX-512 code although the project is compiled for any x86-64.
#pragma once

// XLT_CPU_KERNEL on a non-template function: the compiler makes one clone of it per instruction set (with
// everything that is inlined into it), and the loader picks the best one the machine has, once. Chosen over
// files compiled with -mavx2: no file may leak AVX2 code into inline functions of shared headers, and no
// run-time check has to be written. A clone may round differently from another (fused
// multiply-add): numbers may differ between machines, never within one. O3: at O2 GCC 12 vectorises only
// loops whose trip count is a known multiple of the vector. A select on a comparison of floats still does not
// vectorise (it might raise a floating-point exception): compare the bits as integers instead.
//
// XLT_INLINE on the templates and helpers such a function calls: inlined, they are compiled for its
// instruction set.
//
// Sanitizer builds take the plain code: the sanitizer is not running yet when the loader picks clones.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define XLT_CPU_KERNEL \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#else
#define XLT_CPU_KERNEL
#endif
// XLT_AVX2_KERNEL, XLT_AVX512_KERNEL: where the width of the vectors is part of the algorithm. One version
// each, in sanitizer builds too, and no choice by the loader: their caller asks __builtin_cpu_supports for
// "x86-64-v3" or "x86-64-v4" (and the kernels of bfloat16 pairs for "avx512bf16").
#if defined(__GNUC__) && __GNUC__ >= 12 && !defined(__clang__) && defined(__x86_64__)
#define XLT_HAS_AVX_KERNELS
#define XLT_AVX2_KERNEL __attribute__((target("arch=x86-64-v3"), optimize("O3")))
#define XLT_AVX512_KERNEL __attribute__((target("arch=x86-64-v4"), optimize("O3")))
#else
#define XLT_AVX2_KERNEL
#endif
#define XLT_INLINE inline __attribute__((always_inline))
#define XLT_INLINED __attribute__((always_inline))  // behind a lambda's parameters
// XLT_ANYWHERE on what CPU and CUDA kernels share.
#ifdef __CUDACC__
#define XLT_ANYWHERE __host__ __device__ inline
#else
#define XLT_ANYWHERE XLT_INLINE
#endif

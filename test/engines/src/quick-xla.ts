/**
 * For tests of whole networks, which come in through this package's index and run what they compile a few times: XLA leaves out LLVM's
 * optimisations, half of the compiling. Tests of kernels, beside this file, are compiled as users' functions are. What XLA_FLAGS says stays.
 */
process.env['XLA_FLAGS'] ??= '--xla_backend_optimization_level=0';

// The floating-point modes of a thread: rounding, and whether subnormal numbers count as zero.
#pragma once

#include <cstdint>

namespace gofau {

inline std::uint64_t modes() {
#if defined(__SSE__)
  return __builtin_ia32_stmxcsr();
#elif defined(__aarch64__)
  std::uint64_t found;
  asm volatile("mrs %0, fpcr" : "=r"(found));
  return found;
#else
  return 0;
#endif
}

inline void set_modes([[maybe_unused]] std::uint64_t wanted) {
#if defined(__SSE__)
  __builtin_ia32_ldmxcsr(unsigned(wanted));
#elif defined(__aarch64__)
  asm volatile("msr fpcr, %0" : : "r"(wanted));
#endif
}

// A thread of a team computes as its caller does, or a number would depend on who computes it.
class ModesOf {
 public:
  explicit ModesOf(std::uint64_t caller) : own_(modes()) { set_modes(caller); }
  ~ModesOf() { set_modes(own_); }
  ModesOf(const ModesOf&) = delete;
  ModesOf& operator=(const ModesOf&) = delete;

 private:
  std::uint64_t own_;
};

}  // namespace gofau

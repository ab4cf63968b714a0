// One pass over a list of tensors: every element is read, stepped and written once.
//
// GOFAU_DECAY, GOFAU_DIRECTION, GOFAU_RULE and GOFAU_ELEMENT name one composition; C is the type it computes in.
#include <cstdint>

#include "decay.h"
#include "directions.h"
#include "modes.h"
#include "rules.h"

namespace gofau {

struct BFloat16 {
  std::uint16_t bits;
};

template <class T>
struct Compute {
  using type = T;
};
template <>
struct Compute<BFloat16> {
  using type = float;
};

inline float load(float x) { return x; }
inline double load(double x) { return x; }
inline float load(BFloat16 x) { return bits_of<float>(std::uint32_t(x.bits) << 16); }

inline void store(float& to, float x) { to = x; }
inline void store(double& to, double x) { to = x; }
inline void store(BFloat16& to, float x) {  // to the nearest, ties to even
  const auto bits = bits_of<std::uint32_t>(x);
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  to.bits = std::uint16_t(x == x ? rounded : 0x7fc0u);
}

// The numbers of a step; the layout is that of gofau/fused/library.py.
struct Shared {
  double direction[8];
  double rule[4];
  double decay[1];
};

// Elements [0, count) of one tensor; a constant count leaves no loop for the remainder.
template <class T, class Decay, class Direction, class Rule>
__attribute__((always_inline)) inline void step(T* param, const T* grad, T* first, T* second, T* third,
                                                std::int64_t count, const Decay& decay,
                                                const Direction& direction, const Rule& rule) {
  using C = typename Compute<T>::type;
  constexpr int states = Direction::states;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const C theta = load(param[i]);
    const C g = decay.gradient(theta, load(grad[i]));
    C kept[3] = {};
    if constexpr (states > 0) kept[0] = load(first[i]);
    if constexpr (states > 1) kept[1] = load(second[i]);
    if constexpr (states > 2) kept[2] = load(third[i]);
    const C u = direction(g, kept);
    if constexpr (states > 0) store(first[i], kept[0]);
    if constexpr (states > 1) store(second[i], kept[1]);
    if constexpr (states > 2) store(third[i], kept[2]);
    store(param[i], rule(decay.parameter(theta), u));
  }
}

// The same without states, by a rule that splits: its shorter way where all elements are near. A NaN
// leads to NaN by either.
template <class T, class Decay, class Direction, class Rule>
__attribute__((always_inline)) inline void step_near(T* param, const T* grad, std::int64_t count,
                                                     const Decay& decay, const Direction& direction,
                                                     const Rule& rule) {
  std::int32_t largest = 0;  // bits of floats above 0 are ordered as they are
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const auto u = direction(decay.gradient(load(param[i]), load(grad[i])), nullptr);
    largest = larger(largest, bits_of<std::int32_t>(absolute(u)));
  }
  if (bits_of<float>(largest) < rule.pull.limit)
    step(param, grad, param, param, param, count, decay, direction, Near<Rule>{rule});
  else
    step(param, grad, param, param, param, count, decay, direction, NearOrNot<Rule>{rule});
}

// The way of the two that serves this direction and this rule.
template <class T, class Decay, class Direction, class Rule>
__attribute__((always_inline)) inline void step_best(T* param, const T* grad, T* first, T* second,
                                                     T* third, std::int64_t count, const Decay& decay,
                                                     const Direction& direction, const Rule& rule) {
  if constexpr (Rule::splits && Direction::states == 0)
    step_near(param, grad, count, decay, direction, rule);
  else
    step(param, grad, first, second, third, count, decay, direction, rule);
}

// Asks for the lines of `bytes` bytes from `at`; what lies past a tensor's end is never read.
template <int bytes>
void fetch(const void* at) {
#pragma GCC unroll 16
  for (int line = 0; line < bytes; line += 64) __builtin_prefetch(static_cast<const char*>(at) + line);
}

// Arithmetic and memory overlap only if the lines are asked for early: a tile is computed while
// the lines four tiles on arrive. Left to the processor's own prefetching, both times would add up.
template <class T, class Decay, class Direction, class Rule>
void sweep(T* param, const T* grad, T* const* state, std::int64_t count, const Decay& decay,
           const Direction& direction, const Rule& rule) {
  constexpr int states = Direction::states, bytes = 512, ahead = 4;
  constexpr std::int64_t tile = bytes / sizeof(T);
  T* first = state[0];
  T* second = state[1];
  T* third = state[2];
  std::int64_t i = 0;
  for (; i + tile <= count; i += tile) {
    fetch<bytes>(param + i + ahead * tile);
    fetch<bytes>(grad + i + ahead * tile);
    if constexpr (states > 0) fetch<bytes>(first + i + ahead * tile);
    if constexpr (states > 1) fetch<bytes>(second + i + ahead * tile);
    if constexpr (states > 2) fetch<bytes>(third + i + ahead * tile);
    step_best(param + i, grad + i, first + i, second + i, third + i, tile, decay, direction, rule);
  }
  step_best(param + i, grad + i, first + i, second + i, third + i, count - i, decay, direction, rule);
}

// A tensor's row of pointers: param, grad, states, and the rule's bound where it has one.
template <class T, class Decay, class Direction, class Rule>
void sweep_row(void* const* row, std::int64_t begin, std::int64_t end, const Shared& shared) {
  using C = typename Compute<T>::type;
  T* param = static_cast<T*>(row[0]) + begin;
  const T* grad = static_cast<const T*>(row[1]) + begin;
  T* state[3] = {};
  for (int k = 0; k < Direction::states; ++k) state[k] = static_cast<T*>(row[2 + k]) + begin;
  C bound(0);
  if constexpr (Rule::bounded) bound = load(*static_cast<const T*>(row[2 + Direction::states]));
  sweep(param, grad, state, end - begin, Decay(shared.decay), Direction(shared.direction),
        Rule(shared.rule, bound));
}

// Thread `part` of `parts` takes its share of all elements as if the tensors stood end to end.
template <class T, class Decay, class Direction, class Rule>
void sweep_share(void* const* rows, const std::int64_t* counts, std::int64_t tensors,
                 std::int64_t total, std::int64_t part, std::int64_t parts, const Shared* shared,
                 std::int64_t stride) {
  constexpr int width = 2 + Direction::states + Rule::bounded;
  constexpr std::int64_t line = 64;
  const std::int64_t from = total * part / parts / line * line;
  const std::int64_t to = part + 1 == parts ? total : total * (part + 1) / parts / line * line;
  std::int64_t start = 0;
  for (std::int64_t t = 0; t < tensors && start < to; start += counts[t++]) {
    const std::int64_t begin = larger(from - start, std::int64_t(0));
    const std::int64_t end = smaller(to - start, counts[t]);
    if (begin < end)
      sweep_row<T, Decay, Direction, Rule>(rows + t * width, begin, end, shared[t * stride]);
  }
}

using ElementHere = GOFAU_ELEMENT;
using C = Compute<ElementHere>::type;
using DecayHere = GOFAU_DECAY;
using DirectionHere = GOFAU_DIRECTION;
using RuleHere = GOFAU_RULE<C>;

}  // namespace gofau

// `stride` is 0 where all tensors share one set of numbers, and 1 where each has its own.
extern "C" void gofau_step(void* const* rows, const std::int64_t* counts, std::int64_t tensors,
                           const gofau::Shared* shared, std::int64_t stride, int threads) {
  using namespace gofau;
  constexpr std::int64_t elements_worth_a_thread = 16384;
  std::int64_t total = 0;
  for (std::int64_t t = 0; t < tensors; ++t) total += counts[t];
  const std::int64_t useful = total / elements_worth_a_thread + 1;
  const auto parts = int(smaller(std::int64_t(threads), useful));
  const auto caller = modes();
#pragma omp parallel for num_threads(parts) schedule(static, 1) if (parts > 1)
  for (int part = 0; part < parts; ++part) {
    const ModesOf here(caller);
    sweep_share<ElementHere, DecayHere, DirectionHere, RuleHere>(rows, counts, tensors, total, part,
                                                                 parts, shared, stride);
  }
}

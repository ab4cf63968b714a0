// Elementary functions as branch-free expressions that a compiler turns into vector code.
//
// exp and tanh split z = n + f, with n whole and |f| <= 1/2, and sum a series of 2^f - 1.
#pragma once

#include <cstdint>

namespace gofau {

template <class To, class From>
inline To bits_of(From value) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, value);
}

// What the functions below need to know about a floating-point type.
template <class C>
struct Format;

template <>
struct Format<float> {
  using Integer = std::int32_t;
  static constexpr int mantissa = 23;
  static constexpr int bias = 127;
  static constexpr float shift = 0x1.8p23f + bias;
  static constexpr float ln2_high = 0x1.63p-1f;  // few enough bits that n times it is exact
  static constexpr float ln2_low = -0x1.bd0106p-13f;
  static constexpr double tanh_is_one = 10;    // where 1 - tanh rounds away
  static constexpr float exp_overflows = 110;  // where exp is infinite, or 0 at its negative
};

template <>
struct Format<double> {
  using Integer = std::int64_t;
  static constexpr int mantissa = 52;
  static constexpr int bias = 1023;
  static constexpr double shift = 0x1.8p52 + bias;
  static constexpr double ln2_high = 0x1.62e42feep-1;
  static constexpr double ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double tanh_is_one = 20;
  static constexpr double exp_overflows = 760;
};

constexpr double ln2 = 0.693147180559945309417;

// The compiler's own square roots and signs: the standard headers would double its time.
inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }
inline float absolute(float x) { return __builtin_fabsf(x); }
inline double absolute(double x) { return __builtin_fabs(x); }
inline float with_sign(float x, float of) { return __builtin_copysignf(x, of); }
inline double with_sign(double x, double of) { return __builtin_copysign(x, of); }

template <class C>
inline C smaller(C a, C b) {  // a NaN in `a` stays
  return b < a ? b : a;
}

template <class C>
inline C larger(C a, C b) {  // a NaN in `a` stays
  return b > a ? b : a;
}

template <class C>
inline C limited(C x, C bound) {
  return larger(smaller(x, bound), -bound);
}

template <class C>
inline C sign(C x) {
  return C(x > C(0)) - C(x < C(0));
}

// Adding `shift` rounds to a whole number n and leaves n + bias in the lowest bits, which are those
// that the exponent of 2^n takes.
template <class C>
inline C power_of_two(C shifted) {
  using I = typename Format<C>::Integer;
  return bits_of<C>(I(bits_of<I>(shifted) << Format<C>::mantissa));
}

// 2^f - 1 for |f| <= 1/2: the polynomial of least relative error, a tenth of a unit in the last
// place.
inline float series(float f) {
  float sum = 1.5403512e-4f;
  sum = sum * f + 1.3390736e-3f;
  sum = sum * f + 9.6182376e-3f;
  sum = sum * f + 5.5503573e-2f;
  sum = sum * f + 2.4022650e-1f;
  sum = sum * f + 6.9314718e-1f;
  return f * sum;
}

// ln(2)^k / k!
constexpr double taylor(int k) { return k == 0 ? 1.0 : taylor(k - 1) * ln2 / k; }

// 2^f - 1 for |f| <= 1/2: Taylor's series, until its remainder is a quarter of a unit.
template <int k = 1>
inline double taylor_series(double f) {
  if constexpr (k == 13) return f * taylor(13);
  else return f * (taylor(k) + taylor_series<k + 1>(f));
}

inline double series(double f) { return taylor_series(f); }

// y·log2(e) = n + f, with f accurate however large n is.
template <class C>
struct Octaves {
  C shifted, f;
};

template <class C>
inline Octaves<C> octaves(C y) {
  using F = Format<C>;
  const C shifted = y * C(1 / ln2) + F::shift;
  const C n = shifted - F::shift;
  const C remainder = (y - n * F::ln2_high) - n * F::ln2_low;
  return {shifted, remainder * C(1 / ln2)};
}

// exp(y) - 1 for |y| <= 1.
template <class C>
inline C small_expm1(C y) {
  const auto part = octaves(y);
  const C scale = power_of_two(part.shifted);
  return scale * series(part.f) + (scale - C(1));
}

// exp(y), infinite or 0 where it must be. Half of y is split and squared, since 2^n itself may
// overflow.
template <class C>
inline C exp(C y) {
  const auto part = octaves(C(0.5) * limited(y, Format<C>::exp_overflows));
  const C root = power_of_two(part.shifted);
  const C one_half = root + root * series(part.f);
  return one_half * one_half;
}

// 1/d for 1 <= d <= 2: the cubic of least relative error (1/577), then one step of third order.
// A vector division would take as long as all the rest of tanh.
inline float reciprocal(float d) {
  const float y = ((-0.22183709f * d + 1.33102253f) * d - 2.93934142f) * d + 2.82842288f;
  const float error = 1.0f - d * y;
  return y + y * (error + error * error);
}

inline double reciprocal(double d) { return 1.0 / d; }

// times·|theta|·tanh(rate·u) for rate > 0.
//
// tanh|x| = -e/(e + 2) with e = exp(-2|x|) - 1 = 2^n·(2^f - 1) + (2^n - 1), and 1 where it rounds to
// 1. The number of octaves n + f is rounded once: that error grows with n, and 2^n shrinks faster.
// Written for the fewest operations, since they cost as much time as the memory does.
//
// `near` is a polynomial of a third of the operations, for |u| < limit (|x| < 1/4) in single
// precision: its error is a fortieth of a unit in the last place before rounding.
template <class C>
struct Pull {
  static constexpr bool splits = sizeof(C) == sizeof(float);
  const C rate, octaves, saturated, limit, times, cubic, quintic, septic;
  Pull(double of_u, double of_all)
      : rate(of_u),
        octaves(of_u * (-2 / ln2)),
        saturated(Format<C>::tanh_is_one / of_u),
        limit(0.25 / of_u),
        times(of_all),
        cubic(-0.3333324 * of_all),
        quintic(0.13324237 * of_all),
        septic(-0.05143003 * of_all) {}
  C operator()(C theta, C u) const {
    const C size = absolute(u);
    const C shifted = size * octaves + Format<C>::shift;
    const C scale = power_of_two(shifted);
    const C f = size * octaves - (shifted - Format<C>::shift);
    const C e = scale * series(f) + (scale - C(1));
    const C tanh = size >= saturated ? C(-1) : e * reciprocal(e + C(2));
    return -(with_sign(theta, u) * tanh) * times;
  }
  C near(C theta, C u) const {
    const C x = u * rate;
    const C t = x * x;
    return absolute(theta) * x * (((septic * t + quintic) * t + cubic) * t + times);
  }
};

}  // namespace gofau

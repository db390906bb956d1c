// Transcendental functions from + - * / and sqrt only, so that their bits do not depend on libm.
// Polynomials and reductions: Sun Microsystems' fdlibm (1993); error below 1 ulp on the tested
// range.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace seal2real {

constexpr double kPi = 3.14159265358979323846;
constexpr double kDegree = kPi / 180.0;

inline uint64_t double_bits(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline double double_from_bits(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// sin(x) for |x| <= pi/4.
inline double kernel_sin(double x) {
  const double z = x * x;
  const double tail = 8.33333333332248946124e-03 +
                      z * (-1.98412698298579493134e-04 +
                           z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 +
                                                                  z * 1.58969099521155010221e-10)));
  return x + x * z * (-1.66666666666666324348e-01 + z * tail);
}

// cos(x) for |x| <= pi/4.
inline double kernel_cos(double x) {
  const double z = x * x;
  const double tail =
      z * (4.16666666666666019037e-02 +
           z * (-1.38888888888741095749e-03 +
                z * (2.48015872894767294178e-05 +
                     z * (-2.75573143513906633035e-07 +
                          z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
  const double half = 0.5 * z;
  const double head = 1.0 - half;
  return head + ((1.0 - head) - half + z * tail);
}

struct Quadrant {
  double rest;  // in [-pi/4, pi/4]
  int index;    // 0..3
};

// x minus the nearest multiple of pi/2. Beyond 1e6 the argument is first taken modulo the double
// nearest to 2 pi: repeatable (fmod is exact), no longer accurate.
inline Quadrant reduce_quadrant(double x) {
  if (!(std::fabs(x) < 1e6)) {
    x = std::fmod(x, 2.0 * kPi);
  }
  if (!(std::fabs(x) < 1e6)) {
    return {std::numeric_limits<double>::quiet_NaN(), 0};
  }
  const double turns = std::floor(x * 6.36619772367581382433e-01 + 0.5);
  double rest = x - turns * 1.57079632673412561417e+00;
  rest -= turns * 6.07710050630396597660e-11;
  rest -= turns * 2.02226624879595063154e-21;
  return {rest, static_cast<int>(static_cast<int64_t>(turns) & 3)};
}

inline double det_sin(double x) {
  const Quadrant q = reduce_quadrant(x);
  const double value = (q.index & 1) != 0 ? kernel_cos(q.rest) : kernel_sin(q.rest);
  return (q.index & 2) != 0 ? -value : value;
}

inline double det_cos(double x) {
  const Quadrant q = reduce_quadrant(x);
  const double value = (q.index & 1) != 0 ? kernel_sin(q.rest) : kernel_cos(q.rest);
  return ((q.index + 1) & 2) != 0 ? -value : value;
}

struct SineCosine {
  double sine;
  double cosine;
};

// det_sin and det_cos, without a branch that angles all around would mispredict.
inline SineCosine det_sin_cos(double x) {
  const Quadrant q = reduce_quadrant(x);
  const double sine = kernel_sin(q.rest);
  const double cosine = kernel_cos(q.rest);
  const bool swapped = (q.index & 1) != 0;
  const double a = swapped ? cosine : sine;
  const double b = swapped ? sine : cosine;
  return {(q.index & 2) != 0 ? -a : a, ((q.index + 1) & 2) != 0 ? -b : b};
}

// e^x; 0 below -745, infinity above 709.78.
inline double det_exp(double x) {
  if (std::isnan(x)) {
    return x;
  }
  if (x > 709.78271289338397) {
    return std::numeric_limits<double>::infinity();
  }
  if (x < -745.13321910194122) {
    return 0.0;
  }
  const double k = std::floor(x * 1.44269504088896338700e+00 + 0.5);
  const double high = x - k * 6.93147180369123816490e-01;
  const double low = k * 1.90821492927058770002e-10;
  const double r = high - low;
  const double z = r * r;
  const double c =
      r - z * (1.66666666666666019037e-01 +
               z * (-2.77777777770155933842e-03 +
                    z * (6.61375632143793436117e-05 +
                         z * (-1.65339022054652515390e-06 + z * 4.13813679705723846039e-08))));
  const double value = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
  // Two factors: 2^k alone may overflow or be subnormal where the product is not.
  const auto half = static_cast<int64_t>(k) / 2;
  const int64_t rest = static_cast<int64_t>(k) - half;
  return value * double_from_bits(static_cast<uint64_t>(1023 + half) << 52) *
         double_from_bits(static_cast<uint64_t>(1023 + rest) << 52);
}

// Natural logarithm; -infinity at 0, NaN below.
inline double det_log(double x) {
  if (!(x > 0.0)) {
    return x == 0.0 ? -std::numeric_limits<double>::infinity()
                    : std::numeric_limits<double>::quiet_NaN();
  }
  if (x > std::numeric_limits<double>::max()) {
    return x;
  }
  int64_t k = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    k = -54;
  }
  const uint64_t bits = double_bits(x);
  k += static_cast<int64_t>(bits >> 52) - 1023;
  double m = double_from_bits((bits & 0x000FFFFFFFFFFFFFU) | 0x3FF0000000000000U);
  if (m > 1.41421356237309504880) {
    m *= 0.5;
    ++k;
  }
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double w = z * z;
  const double even = w * (3.999999999940941908e-01 +
                           w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const double odd = z * (6.666666666666735130e-01 +
                          w * (2.857142874366239149e-01 +
                               w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  const double half = 0.5 * f * f;
  const auto scale = static_cast<double>(k);
  return scale * 6.93147180369123816490e-01 -
         ((half - (s * (half + (even + odd)) + scale * 1.90821492927058770002e-10)) - f);
}

// Arc tangent of x >= 0 in [0, pi/2].
inline double det_atan_positive(double x) {
  double high = 0.0;
  double low = 0.0;
  if (x >= 2.4375) {
    x = -1.0 / x;
    high = 1.57079632679489655800e+00;
    low = 6.12323399573676603587e-17;
  } else if (x >= 1.1875) {
    x = (x - 1.5) / (1.0 + 1.5 * x);
    high = 9.82793723247329054082e-01;
    low = 1.39033110312309984516e-17;
  } else if (x >= 0.6875) {
    x = (x - 1.0) / (x + 1.0);
    high = 7.85398163397448278999e-01;
    low = 3.06161699786838301793e-17;
  } else if (x >= 0.4375) {
    x = (2.0 * x - 1.0) / (2.0 + x);
    high = 4.63647609000806093515e-01;
    low = 2.26987774529616870924e-17;
  }
  const double z = x * x;
  const double w = z * z;
  const double even =
      z * (3.33333333333329318027e-01 +
           w * (1.42857142725034663711e-01 +
                w * (9.09088713343650656196e-02 +
                     w * (6.66107313738753120669e-02 +
                          w * (4.97687799461593236017e-02 + w * 1.62858201153657823623e-02)))));
  const double odd =
      w * (-1.99999999998764832476e-01 +
           w * (-1.11111104054623557880e-01 +
                w * (-7.69187620504482999495e-02 +
                     w * (-5.83357013379057348645e-02 + w * -3.65315727442169155270e-02))));
  return high - ((x * (even + odd) - low) - x);
}

// Angle of (x, y) in (-pi, pi]; 0 at the origin.
inline double det_atan2(double y, double x) {
  if (std::isnan(x) || std::isnan(y)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double ax = std::fabs(x);
  const double ay = std::fabs(y);
  double angle = 0.0;
  if (ay > 0.0) {
    const bool both_infinite =
        ax > std::numeric_limits<double>::max() && ay > std::numeric_limits<double>::max();
    angle = both_infinite ? kPi / 4.0 : ax == 0.0 ? kPi / 2.0 : det_atan_positive(ay / ax);
  }
  if (std::signbit(x)) {
    angle = kPi - angle;
  }
  return std::signbit(y) ? -angle : angle;
}

}  // namespace seal2real

/* Vector math: every elementary function of generated code, float32 and float64.
 *
 * gc_<name>_f32 and gc_<name>_f64: within 2 ulp over the whole range, right at inf, nan, -0.0
 * and denormals, the same bits in vector body and scalar tail. tests/csrc/test_math.py holds
 * each of them to that; bits.h says how they are written and which flags they need.
 */
#ifndef GRADC_MATH_H
#define GRADC_MATH_H

#include "asin.h"
#include "asinh.h"
#include "atan.h"
#include "bits.h"
#include "erf.h"
#include "exp.h"
#include "exp2.h"
#include "log.h"
#include "log_base.h"
#include "logistic.h"
#include "pow.h"
#include "root.h"
#include "sinh.h"
#include "tanh.h"
#include "trig.h"

#endif

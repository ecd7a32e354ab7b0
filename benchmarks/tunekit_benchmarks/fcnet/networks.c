/* Trains one regression network with two hidden layers, on one core.
 *
 * Everything stays in the core's own cache: the weights, their two Adam moments and a batch of activations. The
 * gradient of a weight is never stored: a block of it is summed over the batch in registers and used by Adam at once.
 *
 * Layout. Activations are batch x units, row by row. A weight matrix of k inputs and m outputs is cut into panels of
 * min(m, 32) outputs; a panel holds k rows. So the forward pass, Adam and the backward pass all walk in memory order.
 *
 * The bits of the results. Arithmetic is written with vectors, whose lanes the language defines, without -ffast-math
 * and without a function of libm that is not correctly rounded; sums over lanes and random numbers are ordered as for
 * 16 lanes even where the processor has 8. So every x86-64 processor with fused multiply-add gets the same numbers.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

#ifdef __AVX512F__
#define LANES 16
#define ROWS 8 /* rows that a block of a matrix product keeps in registers */
#else
#define LANES 8
#define ROWS 4
#endif
#define GROUP 16              /* lanes that belong together */
#define PARTS (GROUP / LANES) /* vectors in a group */
#define PADDED_ROWS 8         /* data sets are padded to a multiple of it */

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));
typedef uint32_t uvec __attribute__((vector_size(4 * LANES)));

static inline vec splat(float x) { return x - (vec){0}; }
static inline vec select_lanes(ivec mask, vec yes, vec no) { return (vec)((mask & (ivec)yes) | (~mask & (ivec)no)); }

/* ---- random numbers: splitmix64 (weights, order of rows) and 16 lanes of xoshiro128++ (dropout) ---- */

typedef struct {
    uint64_t splitmix;
    uvec xoshiro[PARTS][4];
} generator;

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uvec rotate(uvec x, int k) { return (x << k) | (x >> (32 - k)); }

static inline uvec xoshiro(uvec s[4]) {
    const uvec result = rotate(s[0] + s[3], 7) + s[0];
    const uvec t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11);
    return result;
}

static void seed(generator *g, uint64_t key) {
    g->splitmix = key;
    for (int s = 0; s < 4; s++)
        for (int i = 0; i < GROUP; i++) g->xoshiro[i / LANES][s][i % LANES] = (uint32_t)(splitmix(&g->splitmix) >> 32);
}

static float glorot(generator *g, int fan_in, int fan_out) {
    const float unit = (float)(splitmix(&g->splitmix) >> 40) * 0x1p-24f;
    return (2.0f * unit - 1.0f) * sqrtf(6.0f / (float)(fan_in + fan_out));
}

static void shuffle(generator *g, int32_t *order, int count) {
    for (int i = count - 1; i > 0; i--) {
        const int other = (int)((splitmix(&g->splitmix) >> 32) * (uint64_t)(i + 1) >> 32), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

static inline uint32_t drop_below(float dropout) { return (uint32_t)(dropout * 4294967296.0); }

/* ---- a layer ---- */

typedef struct {
    int inputs, outputs, panel;
    float *weights, *weights_m, *weights_v; /* panels of inputs x panel; then the moments of Adam */
    float *bias, *bias_m, *bias_v;
    int relu;
    float dropout;
} layer;

typedef struct {
    vec rate, epsilon; /* both with the bias correction of this step folded in */
} adam;

static inline void adam_update(const adam *a, vec gradient, vec *w, vec *m, vec *v) {
    vec root;
    *m = *m * 0.9f + gradient * 0.1f;
    *v = *v * 0.999f + (gradient * gradient) * 0.001f;
    for (int i = 0; i < LANES; i++) root[i] = __builtin_sqrtf((*v)[i]);
    *w -= a->rate * *m / (root + a->epsilon);
}

/* tanh(x) = 1 - 2 / (1 + exp(2 x)); the power of two is split into an exponent and a polynomial in [-1/2, 1/2]. */
static inline vec tanh_lanes(vec x) {
    x = select_lanes(x > 9.0f, splat(9.0f), x);
    x = select_lanes(x < -9.0f, splat(-9.0f), x);
    const vec t = x * 2.885390081777927f;
    const vec k = (t + 12582912.0f) - 12582912.0f; /* 1.5 * 2**23: rounds to the nearest integer */
    const vec f = (t - k) * 0.6931471805599453f;
    vec p = f * 0.0013888888888888889f + 0.008333333333333333f;
    p = p * f + 0.041666666666666664f;
    p = p * f + 0.16666666666666666f;
    p = p * f + 0.5f;
    p = p * f + 1.0f;
    p = p * f + 1.0f;
    const vec power = (vec)((__builtin_convertvector(k, ivec) + 127) << 23);
    return 1.0f - 2.0f / (p * power + 1.0f);
}

/* z[b, :] = a[b, :] W + bias, for `rows` rows (a multiple of PADDED_ROWS). */
#define DEFINE_AFFINE(NAME, NV)                                                                            \
    static void NAME(const layer *l, const float *a, int rows, float *z) {                                 \
        const int k = l->inputs, m = l->outputs;                                                           \
        for (int j = 0; j < m; j += NV * LANES) {                                                          \
            const float *panel = l->weights + (size_t)j * k;                                               \
            for (int b = 0; b < rows; b += ROWS) {                                                         \
                vec sum[ROWS][NV];                                                                         \
                for (int r = 0; r < ROWS; r++)                                                             \
                    for (int n = 0; n < NV; n++) sum[r][n] = ((const vec *)(l->bias + j))[n];              \
                for (int i = 0; i < k; i++) {                                                              \
                    const vec *w = (const vec *)(panel + (size_t)i * NV * LANES);                          \
                    for (int r = 0; r < ROWS; r++) {                                                       \
                        const float x = a[(size_t)(b + r) * k + i];                                        \
                        for (int n = 0; n < NV; n++) sum[r][n] += x * w[n];                                \
                    }                                                                                      \
                }                                                                                          \
                for (int r = 0; r < ROWS; r++)                                                             \
                    for (int n = 0; n < NV; n++) ((vec *)(z + (size_t)(b + r) * m + j))[n] = sum[r][n];    \
            }                                                                                              \
        }                                                                                                  \
    }
DEFINE_AFFINE(affine_narrow, PARTS)
DEFINE_AFFINE(affine_wide, 2 * PARTS)

static void affine(const layer *l, const float *a, int rows, float *z) {
    (l->panel == GROUP ? affine_narrow : affine_wide)(l, a, rows, z);
}

/* In place: z becomes the layer's output; gate, where given, its derivative by z (dropout included). */
static void activate(const layer *l, float *z, float *gate, int rows, generator *g) {
    const size_t count = (size_t)rows * l->outputs / LANES;
    const int drops = gate && l->dropout > 0;
    const uint32_t threshold = drop_below(l->dropout);
    const vec scale = splat(1.0f / (1.0f - l->dropout));
    vec *values = (vec *)z, *gates = (vec *)gate;
    for (size_t n = 0; n < count; n++) {
        vec h = values[n], slope;
        if (l->relu) {
            const ivec positive = h > 0.0f;
            h = select_lanes(positive, h, splat(0));
            slope = select_lanes(positive, splat(1), splat(0));
        } else {
            h = tanh_lanes(h);
            slope = 1.0f - h * h;
        }
        if (drops) {
            const vec factor = select_lanes((ivec)(xoshiro(g->xoshiro[n % PARTS]) >= threshold), scale, splat(0));
            h *= factor;
            slope *= factor;
        }
        values[n] = h;
        if (gate) gates[n] = slope;
    }
}

/* One Adam step on a layer, given its inputs `a` and the gradient `d` by its affine outputs (rows x outputs). */
#define DEFINE_STEP(NAME, NV)                                                                              \
    static void NAME(layer *l, const adam *step, const float *a, const float *d, int rows) {               \
        const int k = l->inputs, m = l->outputs;                                                           \
        for (int j = 0; j < m; j += NV * LANES) {                                                          \
            vec total[NV] = {{0}};                                                                         \
            for (int b = 0; b < rows; b++)                                                                 \
                for (int n = 0; n < NV; n++) total[n] += ((const vec *)(d + (size_t)b * m + j))[n];        \
            for (int n = 0; n < NV; n++)                                                                   \
                adam_update(step, total[n], (vec *)(l->bias + j) + n, (vec *)(l->bias_m + j) + n,          \
                            (vec *)(l->bias_v + j) + n);                                                   \
            for (int i = 0; i < k; i += 4) {                                                               \
                vec sum[4][NV] = {{{0}}};                                                                  \
                for (int b = 0; b < rows; b++) {                                                           \
                    const vec *g = (const vec *)(d + (size_t)b * m + j);                                   \
                    for (int r = 0; r < 4; r++) {                                                          \
                        const float x = a[(size_t)b * k + i + r];                                          \
                        for (int n = 0; n < NV; n++) sum[r][n] += x * g[n];                                \
                    }                                                                                      \
                }                                                                                          \
                const size_t at = (size_t)j * k + (size_t)i * NV * LANES;                                  \
                for (int r = 0; r < 4; r++)                                                                \
                    for (int n = 0; n < NV; n++)                                                           \
                        adam_update(step, sum[r][n], (vec *)(l->weights + at) + r * NV + n,                \
                                    (vec *)(l->weights_m + at) + r * NV + n,                               \
                                    (vec *)(l->weights_v + at) + r * NV + n);                              \
            }                                                                                              \
        }                                                                                                  \
    }
DEFINE_STEP(step_narrow, PARTS)
DEFINE_STEP(step_wide, 2 * PARTS)

/* back[i, b] = sum_j W[i, j] d[j, b], with the batch in the lanes: d is outputs x stride, back inputs x stride. */
#define DEFINE_BACK(NAME, NV)                                                                              \
    static void NAME(const layer *l, const float *d, int stride, float *back) {                            \
        const int k = l->inputs, m = l->outputs, width = l->panel;                                         \
        for (int b = 0; b < stride; b += NV * LANES)                                                       \
            for (int i = 0; i < k; i += ROWS) {                                                            \
                vec sum[ROWS][NV] = {{{0}}};                                                               \
                for (int j = 0; j < m; j += width) {                                                       \
                    const float *w = l->weights + (size_t)j * k + (size_t)i * width;                       \
                    for (int c = 0; c < width; c++) {                                                      \
                        const vec *g = (const vec *)(d + (size_t)(j + c) * stride + b);                    \
                        for (int r = 0; r < ROWS; r++)                                                     \
                            for (int n = 0; n < NV; n++) sum[r][n] += w[r * width + c] * g[n];             \
                    }                                                                                      \
                }                                                                                          \
                for (int r = 0; r < ROWS; r++)                                                             \
                    for (int n = 0; n < NV; n++)                                                           \
                        ((vec *)(back + (size_t)(i + r) * stride + b))[n] = sum[r][n];                     \
            }                                                                                              \
    }
DEFINE_BACK(back_narrow, PARTS)
DEFINE_BACK(back_wide, 2 * PARTS)

/* ---- the network ---- */

typedef struct {
    layer one, two;
    float *output, *output_m, *output_v;           /* weights of the linear output unit */
    vec output_bias, output_bias_m, output_bias_v; /* all lanes alike */
} network;

static float predict_row(const network *net, const float *h) {
    vec sum[PARTS] = {{0}};
    const vec *values = (const vec *)h, *weights = (const vec *)net->output;
    for (int n = 0; n < net->two.outputs / LANES; n++) sum[n % PARTS] += values[n] * weights[n];
    float total = 0;
    for (int i = 0; i < GROUP; i++) total += sum[i / LANES][i % LANES];
    return total + net->output_bias[0];
}

static double mean_squared_error(const network *net, const float *x, const float *y, int rows, float *h1, float *h2) {
    double total = 0;
    for (int start = 0; start < rows; start += PADDED_ROWS) {
        affine(&net->one, x + (size_t)start * net->one.inputs, PADDED_ROWS, h1);
        activate(&net->one, h1, NULL, PADDED_ROWS, NULL);
        affine(&net->two, h1, PADDED_ROWS, h2);
        activate(&net->two, h2, NULL, PADDED_ROWS, NULL);
        for (int b = 0; b < PADDED_ROWS && start + b < rows; b++) {
            const double error = predict_row(net, h2 + (size_t)b * net->two.outputs) - y[start + b];
            total += error * error;
        }
    }
    return total / rows;
}

static float *take(char **arena, size_t count) {
    float *block = (float *)*arena;
    *arena += (count + GROUP - 1) / GROUP * GROUP * sizeof(float);
    return block;
}

static void take_layer(layer *l, char **arena) {
    const size_t count = (size_t)l->inputs * l->outputs;
    l->weights = take(arena, count), l->weights_m = take(arena, count), l->weights_v = take(arena, count);
    l->bias = take(arena, l->outputs), l->bias_m = take(arena, l->outputs), l->bias_v = take(arena, l->outputs);
}

static void draw_layer(layer *l, generator *g, int fan_in) {
    for (int i = 0; i < fan_in; i++)
        for (int c = 0; c < l->outputs; c++)
            l->weights[(size_t)(c / l->panel) * l->panel * l->inputs + (size_t)i * l->panel + c % l->panel] =
                glorot(g, fan_in, l->outputs);
}

typedef struct {
    int32_t features, padded_features; /* rows of x have padded_features (a multiple of 4) columns, the last ones 0 */
    int32_t n_train, n_valid, n_test;  /* n_train a multiple of the batch size; x is padded to whole PADDED_ROWS */
    int32_t batch, units[2], relu[2], epochs;
    float dropout[2];
    uint64_t key; /* of the random numbers */
} job;

/* Writes epochs training losses, epochs validation losses and the test error; returns 0, or 1 without memory. */
int train_network(const job *j, const float *const x[3], const float *const y[3], const float *rates, float *losses) {
    const int n1 = j->units[0], n2 = j->units[1], batch = j->batch, d = j->padded_features;
    const int stride = batch < GROUP ? GROUP : batch, widest = n1 > n2 ? n1 : n2;
    network net = {.one = {.inputs = d, .outputs = n1, .relu = j->relu[0], .dropout = j->dropout[0]},
                   .two = {.inputs = n1, .outputs = n2, .relu = j->relu[1], .dropout = j->dropout[1]}};
    net.one.panel = n1 < 32 ? GROUP : 32;
    net.two.panel = n2 < 32 ? GROUP : 32;
    const size_t floats = 3 * ((size_t)(d + 1) * n1 + (size_t)(n1 + 1) * n2 + n2) + 7 * (size_t)stride * widest +
                          (size_t)stride * (d + 2) + (size_t)j->n_train + 64 * GROUP;
    const size_t bytes = (floats * sizeof(float) + 63) / 64 * 64;
    char *memory = aligned_alloc(64, bytes), *arena = memory;
    if (!memory) return 1;
    memset(memory, 0, bytes);
    const unsigned int control = _mm_getcsr();
    _mm_setcsr(control | 0x8040); /* denormal numbers count as zero: tiny moments of Adam would cost 100 cycles each */

    take_layer(&net.one, &arena);
    take_layer(&net.two, &arena);
    net.output = take(&arena, n2), net.output_m = take(&arena, n2), net.output_v = take(&arena, n2);
    float *inputs = take(&arena, (size_t)batch * d), *errors = take(&arena, stride);
    float *h1 = take(&arena, (size_t)stride * n1), *gate1 = take(&arena, (size_t)stride * n1);
    float *h2 = take(&arena, (size_t)stride * n2), *gate2 = take(&arena, (size_t)stride * n2);
    float *turned = take(&arena, (size_t)stride * n2), *back = take(&arena, (size_t)stride * n1);
    int32_t *order = (int32_t *)take(&arena, j->n_train);

    generator random;
    seed(&random, j->key);
    draw_layer(&net.one, &random, j->features);
    draw_layer(&net.two, &random, n1);
    for (int c = 0; c < n2; c++) net.output[c] = glorot(&random, n2, 1);
    for (int i = 0; i < j->n_train; i++) order[i] = i;

    double power1 = 1, power2 = 1; /* the decay rates of the moments to the number of steps */
    for (int epoch = 0; epoch < j->epochs; epoch++) {
        shuffle(&random, order, j->n_train);
        double total = 0;
        for (int start = 0; start < j->n_train; start += batch) {
            for (int b = 0; b < batch; b++)
                memcpy(inputs + (size_t)b * d, x[0] + (size_t)order[start + b] * d, d * sizeof(float));
            affine(&net.one, inputs, batch, h1);
            activate(&net.one, h1, gate1, batch, &random);
            affine(&net.two, h1, batch, h2);
            activate(&net.two, h2, gate2, batch, &random);

            power1 *= 0.9, power2 *= 0.999;
            const double correction = sqrt(1 - power2);
            const adam step = {splat((float)(rates[epoch] * correction / (1 - power1))),
                               splat((float)(1e-8 * correction))};
            float output_bias_gradient = 0;
            for (int b = 0; b < batch; b++) {
                const float error = predict_row(&net, h2 + (size_t)b * n2) - y[0][order[start + b]];
                total += (double)error * error;
                errors[b] = 2.0f * error / (float)batch;
                output_bias_gradient += errors[b];
            }
            /* gate2 becomes the gradient by the affine outputs of layer two, then gate1 that of layer one. */
            for (int c = 0; c < n2; c += LANES) {
                vec *w = (vec *)(net.output + c), gradient = {0};
                for (int b = 0; b < batch; b++) {
                    const size_t at = (size_t)b * n2 + c;
                    gradient += errors[b] * *(vec *)(h2 + at);
                    *(vec *)(gate2 + at) *= errors[b] * *w;
                }
                adam_update(&step, gradient, w, (vec *)(net.output_m + c), (vec *)(net.output_v + c));
            }
            adam_update(&step, splat(output_bias_gradient), &net.output_bias, &net.output_bias_m, &net.output_bias_v);
            for (int c = 0; c < n2; c++)
                for (int b = 0; b < batch; b++) turned[(size_t)c * stride + b] = gate2[(size_t)b * n2 + c];
            (stride == GROUP ? back_narrow : back_wide)(&net.two, turned, stride, back);
            for (int b = 0; b < batch; b++)
                for (int i = 0; i < n1; i++) gate1[(size_t)b * n1 + i] *= back[(size_t)i * stride + b];
            (net.two.panel == GROUP ? step_narrow : step_wide)(&net.two, &step, h1, gate2, batch);
            (net.one.panel == GROUP ? step_narrow : step_wide)(&net.one, &step, inputs, gate1, batch);
        }
        losses[epoch] = (float)(total / j->n_train);
        losses[j->epochs + epoch] = (float)mean_squared_error(&net, x[1], y[1], j->n_valid, h1, h2);
    }
    losses[2 * j->epochs] = (float)mean_squared_error(&net, x[2], y[2], j->n_test, h1, h2);
    _mm_setcsr(control);
    free(memory);
    return 0;
}

/* ---- the random numbers of a network alone, for training on other hardware ---- */

size_t generator_size(void) { return sizeof(generator); }

/* Weights of the two hidden layers and the output, each inputs x outputs; `random` is 64-byte aligned. */
void draw_weights(const job *j, generator *random, float *one, float *two, float *output) {
    const int n1 = j->units[0], n2 = j->units[1];
    seed(random, j->key);
    for (int i = 0; i < j->features * n1; i++) one[i] = glorot(random, j->features, n1);
    for (int i = 0; i < n1 * n2; i++) two[i] = glorot(random, n1, n2);
    for (int i = 0; i < n2; i++) output[i] = glorot(random, n2, 1);
}

/* What follows for one epoch: order (in place), and for each row in that order which units of a layer stay. */
void draw_epoch(const job *j, generator *random, int32_t *order, uint8_t *stay_one, uint8_t *stay_two) {
    uint8_t *const stay[2] = {stay_one, stay_two};
    shuffle(random, order, j->n_train);
    for (int start = 0; start < j->n_train; start += j->batch)
        for (int s = 0; s < 2; s++) {
            if (!(j->dropout[s] > 0)) continue;
            const uint32_t threshold = drop_below(j->dropout[s]);
            uint8_t *to = stay[s] + (size_t)start * j->units[s];
            for (int i = 0; i < j->batch * j->units[s]; i += LANES) {
                const uvec drawn = xoshiro(random->xoshiro[i / LANES % PARTS]);
                for (int c = 0; c < LANES; c++) to[i + c] = drawn[c] >= threshold;
            }
        }
}

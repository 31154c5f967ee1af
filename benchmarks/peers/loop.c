/* A training loop in C, for one network: sizes are constants of the compilation (-D), one thread.
   Features are rows and samples columns, so that every inner loop runs over the samples of a batch. */
#include <math.h>
#include <string.h>

static const int size[] = {SIZES};
#define LAYERS ((int)(sizeof(size) / sizeof(*size)) - 1)
static double h[LAYERS + 1][WIDEST][BATCH], g[2][WIDEST][BATCH];

static double forward(const double *p, const double *target)
{
    for (int l = 0; l < LAYERS; l++) {
        const int in = size[l], out = size[l + 1];
        for (int o = 0; o < out; o++) {
            double z[BATCH];
            for (int s = 0; s < BATCH; s++) z[s] = p[out * in + o];
            for (int i = 0; i < in; i++)
                for (int s = 0; s < BATCH; s++) z[s] += p[o * in + i] * h[l][i][s];
            if (l == LAYERS - 1 && LOGITS)
                memcpy(h[l + 1][o], z, sizeof z);
            else if (SIGMOID)
                for (int s = 0; s < BATCH; s++) h[l + 1][o][s] = 1 / (1 + exp(-z[s]));
            else
                for (int s = 0; s < BATCH; s++) h[l + 1][o][s] = tanh(z[s]);
        }
        p += (in + 1) * out;
    }
    const int out = size[LAYERS];
    double loss = 0;
    for (int o = 0; o < out; o++)
        for (int s = 0; s < BATCH; s++) {
            const double y = h[LAYERS][o][s], t = target[o * BATCH + s];
            if (LOGITS) {
                const double e = exp(-fabs(y)), share = 1 / (1 + e);
                loss += fmax(y, 0) - t * y + log1p(e);
                g[LAYERS % 2][o][s] = ((y >= 0 ? share : e * share) - t) / (out * BATCH);
            } else {
                loss += (y - t) * (y - t);
                g[LAYERS % 2][o][s] = 2 * (y - t) / (out * BATCH);
            }
        }
    return loss / (out * BATCH);
}

static void backward(const double *p, double *grad)
{
    for (int l = LAYERS - 1; l >= 0; l--) {
        const int in = size[l], out = size[l + 1];
        double(*slope)[BATCH] = g[(l + 1) % 2], (*below)[BATCH] = g[l % 2];
        p -= (in + 1) * out;
        grad -= (in + 1) * out;
        for (int o = 0; o < out; o++) {
            const double *y = h[l + 1][o];
            double total = 0;
            for (int s = 0; s < BATCH; s++) {
                if (l < LAYERS - 1 || !LOGITS)
                    slope[o][s] *= SIGMOID ? y[s] * (1 - y[s]) : 1 - y[s] * y[s];
                total += slope[o][s];
            }
            grad[out * in + o] = total;
            for (int i = 0; i < in; i++) {
                double sum = 0;
                for (int s = 0; s < BATCH; s++) sum += slope[o][s] * h[l][i][s];
                grad[o * in + i] = sum;
            }
        }
        if (l)
            for (int i = 0; i < in; i++) {
                double sum[BATCH] = {0};
                for (int o = 0; o < out; o++)
                    for (int s = 0; s < BATCH; s++) sum[s] += p[o * in + i] * slope[o][s];
                memcpy(below[i], sum, sizeof sum);
            }
    }
}

static void update(double *p, const double *grad, double *m, double *v, long count)
{
    if (!ADAM) {
        for (int i = 0; i < COUNT; i++) p[i] -= RATE * grad[i];
        return;
    }
    const double root = sqrt(1 - pow(0.999, count));
    const double pace = RATE * root / (1 - pow(0.9, count)), least = 1e-8 * root;
    for (int i = 0; i < COUNT; i++) {
        m[i] = 0.9 * m[i] + 0.1 * grad[i];
        v[i] = 0.999 * v[i] + 0.001 * grad[i] * grad[i];
        p[i] -= pace * m[i] / (sqrt(v[i]) + least);
    }
}

/* Take `steps` steps from the one with number `first` on; return the loss of the last. */
double train(double *p, double *m, double *v, const double *xs, const double *ys, long batches, long first, long steps)
{
    const int in = size[0], out = size[LAYERS];
    double grad[COUNT], loss = NAN;
    for (long n = first; n < first + steps; n++) {
        memcpy(h[0], xs + (n % batches) * in * BATCH, in * BATCH * sizeof(double));
        loss = forward(p, ys + (n % batches) * out * BATCH);
        backward(p + COUNT, grad + COUNT);
        update(p, grad, m, v, n + 1);
    }
    return loss;
}

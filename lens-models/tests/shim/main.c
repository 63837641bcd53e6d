/* Reads n, the constants, positions and g from standard input; writes the field, dxy and the parameters' gradient. */
static float* numbers(int count) {
    float* all = malloc((count + 1) * sizeof(float));
    for (int i = 0; i < count; ++i) {
        long double value = NAN;
        if (scanf("%Lf", &value) != 1) exit(2);
        all[i] = value;
    }
    return all;
}

static void print(const float* all, int count) {
    for (int i = 0; i < count; ++i) printf("%.17g\n", (double)all[i]);
}

int main(void) {
    int n, count;
    while (scanf("%d %d", &n, &count) == 2) {
        float *c = numbers(count), *xy = numbers(2 * n), *g = numbers(OUTPUTS * n);
        float *out = calloc(OUTPUTS * n, sizeof(float)), *dxy = calloc(2 * n, sizeof(float));
        double partial[PARAMS];
        VALUE(n, c, count, xy, 2 * n, out);
        VJP(n, c, count, xy, 2 * n, g, dxy, partial);
        print(out, OUTPUTS * n);
        print(dxy, 2 * n);
        for (int k = 0; k < PARAMS; ++k) printf("%.17g\n", partial[k]);
    }
    return 0;
}

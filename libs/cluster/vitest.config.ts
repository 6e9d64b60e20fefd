import { defineConfig } from 'vitest/config';

const conditions = ['cairn:source', 'module', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['src/**/*.test.ts'],
    exclude: ['src/**/*.integration.test.ts'],
    // Certificates are made by a program: on a busy machine a run of it takes a while.
    testTimeout: 30_000,
  },
});

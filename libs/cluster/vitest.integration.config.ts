import { defineConfig } from 'vitest/config';

const conditions = ['cairn:source', 'module', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['src/**/*.integration.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // They mostly wait, for elections and leases.
    maxWorkers: 2,
  },
});

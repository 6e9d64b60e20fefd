import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['cairn:source'] },
  ssr: { resolve: { conditions: ['cairn:source'] } },
  test: {
    include: ['src/**/*.integration.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['cairn:source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['cairn:source', 'node', 'import', 'default'] } },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    include: ['src/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
  },
});

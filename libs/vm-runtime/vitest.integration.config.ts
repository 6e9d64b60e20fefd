import { defineConfig } from 'vitest/config';

/** Real QEMU processes under software emulation: one file at a time on two cores. */
export default defineConfig({
  resolve: { conditions: ['cairn:source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['cairn:source', 'node', 'import', 'default'] } },
  test: {
    include: ['src/**/*.integration.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
